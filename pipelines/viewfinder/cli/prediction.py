"""The command that classifies photos: a few with a served model, or all of a source."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from viewfinder.cli.group import FilePath, StrictCommand
from viewfinder.cli.options import INCOMPLETE, INTERRUPTED
from viewfinder.cli.output import say, write_json
from viewfinder_components.printable import make_printable
from viewfinder_components.spelling import write_command

if TYPE_CHECKING:
    from viewfinder.prediction import BatchPrediction
    from viewfinder.serving import Prediction, Unanswered

_BATCH_OPTIONS = ("data", "output", "model_version", "overwrite")


@click.command(cls=StrictCommand)
@click.argument("photos", nargs=-1, type=FilePath(), metavar="[PHOTO...]")
@click.option("--endpoint", metavar="URL", help="A predictor, which classifies.")
@click.option("--model", help="The model's name at --endpoint, where the server has several.")
@click.option(
    "--data",
    metavar="SOURCE",
    help="Classify everything in a folder, a bucket or a table with a column uri.",
)
@click.option(
    "--output",
    metavar="FILE",
    help="With --data: the Parquet file to write, a path or a URI in a bucket.",
)
@click.option(
    "--model-version",
    metavar="MODEL[/NUMBER]",
    help="With --data, instead of --endpoint: a published version that classifies in this process, "
    "named as for `serve`. Not --model, which names what a server has.",
)
@click.option(
    "--overwrite", is_flag=True, help="With --data: replace another file that is at --output."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def predict(
    photos: tuple[Path, ...], endpoint: str | None, model: str | None, as_json: bool, **batch: Any
) -> None:
    """Classify photos; exit with 4 if some could not be classified.

    Two forms: PHOTO... --endpoint URL prints an answer for each photo. --data SOURCE --output FILE
    with either --model-version or --endpoint writes a table with a row for each file; started again
    with the same arguments, it continues where it was interrupted. Files that are clearly not
    photos do not count as failures there. docs/batch-prediction.md describes the table.
    """
    given = [name for name in _BATCH_OPTIONS if batch[name]]
    if not given:
        _predict_photos(photos, endpoint, model, as_json)
    elif photos:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(
            f"Either PHOTO... or --data SOURCE: {options} goes with --data. Write --data FOLDER "
            "--output FILE instead of PHOTO..., or ask a served model with --endpoint URL alone "
            f"(`{write_command('serve', 'MODEL')}` starts one)."
        )
    else:
        _predict_batch(as_json, endpoint=endpoint, model=model, **batch)


def _predict_photos(
    photos: tuple[Path, ...], endpoint: str | None, model: str | None, as_json: bool
) -> None:
    from viewfinder import serving

    if not photos:
        raise click.UsageError("Missing argument 'PHOTO...', or --data SOURCE.")
    if endpoint is None:
        raise click.UsageError(
            "Missing option '--endpoint'. Serve a version with "
            f"`{write_command('serve', 'MODEL')}` and name its URL with "
            "--endpoint URL, or classify a folder without a server: --data FOLDER "
            "--output FILE --model-version MODEL."
        )
    unanswered = 0
    for answer in serving.predict(photos, endpoint, model=model):
        unanswered += isinstance(answer, serving.Unanswered)
        _print_answer(answer, as_json)
    if unanswered:
        say(_count_unanswered(unanswered, len(photos)), err=True)
        sys.exit(INCOMPLETE)


def _predict_batch(as_json: bool, data: str | None, output: str | None, **options: Any) -> None:
    from viewfinder.cli.interruption import ended_by_signals
    from viewfinder.prediction import predict_batch

    for name, value in (("data", data), ("output", output)):
        if value is None:
            raise click.UsageError(f"Missing option '--{name}'.")
    try:
        with ended_by_signals():
            done = predict_batch(str(data), str(output), **options)
    except KeyboardInterrupt:
        from viewfinder_components.prediction.parts.listing import PART_FILES

        parts = f"the parts of {PART_FILES:,} files that are finished"
        say(f"Interrupted. The same command continues after {parts}.", err=True)
        sys.exit(INTERRUPTED)
    _print_batch(done, as_json)
    sys.exit(0 if done.is_complete else INCOMPLETE)


def _print_json(result: "BatchPrediction | Prediction | Unanswered") -> None:
    write_json(dataclasses.asdict(result), ascii_only=False)


def _print_batch(done: "BatchPrediction", as_json: bool) -> None:
    if as_json:
        _print_json(done)
        return
    say(f"{done.path}: {done.summary}")
    if not done.is_complete:
        say(
            "Some photos could not be classified; the column reason says why. Once that is mended, "
            f"delete {done.path} and start the command again.",
            err=True,
        )


def _count_unanswered(unanswered: int, photos: int) -> str:
    if photos == 1:
        return "The photo could not be classified."
    if unanswered == photos:
        return f"None of the {photos:,} photos could be classified."
    return f"{unanswered:,} of {photos:,} photos could not be classified."


def _print_answer(answer: "Prediction | Unanswered", as_json: bool) -> None:
    from viewfinder.serving import Unanswered

    if as_json:
        _print_json(answer)
        return
    photo = make_printable(answer.photo)  # a line break in it must not begin another answer
    if isinstance(answer, Unanswered):
        say(f"{photo}: {answer.error}", err=True)
    else:
        top = list(answer.probabilities.items())[:3]
        others = ", ".join(f"{label} {share:.1%}" for label, share in top)
        say(make_printable(f"{photo}: {answer.label} ({others})"))
