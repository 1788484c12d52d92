"""How a command ends that meets an error: one sentence, and the traceback in a file."""

import io
import sys
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from viewfinder.cli.group import HelpfulGroup
from viewfinder.cli.options import INTERRUPTED, exit_code_after
from viewfinder.cli.output import say
from viewfinder.cli.spelling import spelling_below
from viewfinder_components.errors import ViewfinderError
from viewfinder_components.printable import make_printable
from viewfinder_components.spelling import spelled
from viewfinder_pipelines.settings.environment import Settings


class Sentences(HelpfulGroup):
    """A group of commands whose errors are printed as sentences."""

    def main(self, *args: Any, **named: Any) -> Any:
        """Run the program; output that cannot be written, such as that of --help, is an error."""
        if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
            sys.stdout.reconfigure(errors="backslashreplace")  # letters that the terminal lacks
        try:
            return super().main(*args, **named)
        except OSError as error:
            _tell(error, "viewfinder")
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit with 2 after wrong usage, 1 after errors, 130 after Ctrl-C."""
        try:
            with spelled(spelling_below(ctx)):
                return super().invoke(ctx)
        except ViewfinderError as error:
            say(f"Error: {error}", err=True)
            sys.exit(exit_code_after(error))
        except KeyboardInterrupt:
            say("Interrupted.", err=True)
            sys.exit(INTERRUPTED)
        except click.ClickException as error:  # it quotes arguments, such as names of files
            vars(error).update(message=make_printable(error.message, lines=True))
            raise
        except (click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise  # click's own: wrong usage, --help; and `| head`, which wants no more
        except Exception as error:
            _tell(error, f"viewfinder {ctx.invoked_subcommand or ''}".rstrip())
            sys.exit(1)


def _tell(error: Exception, command: str) -> None:
    from viewfinder_components.failures import describe_exception

    failure = describe_exception(error)
    say(f"{command} failed: {failure.message}", err=True)
    text = "".join(traceback.format_exception(error))
    path = _write_log(command, text)
    say(f"Details: {path}" if path else text, err=True)


def _write_log(command: str, text: str) -> Path | None:
    """Write a traceback where there is room for it; None where there is none."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{command.replace(' ', '-')}.log"
    for folder in (*_log_folders(), *_temporary_folders()):
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", "replace")
        except OSError:
            with suppress(OSError):
                path.unlink()  # half of it
            continue
        return path
    return None


def _log_folders() -> list[Path]:
    try:
        return [Settings().logs]
    except FileNotFoundError:  # the working directory was deleted
        return []


def _temporary_folders() -> list[Path]:
    try:
        return [Path(tempfile.gettempdir())]
    except FileNotFoundError:  # none can be written
        return []
