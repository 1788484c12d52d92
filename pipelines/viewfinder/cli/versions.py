"""The commands that list and remove published versions."""

from typing import Any

import click

from viewfinder.cli.group import StrictCommand, need_model, need_text
from viewfinder.cli.output import say, write_json

_model_root = click.option(
    "--model-root", metavar="URI", help="Where versions are published.  [default: this machine's]"
)


@click.command(cls=StrictCommand)
@click.argument("model_version", metavar="[MODEL[/NUMBER]]", required=False, callback=need_text)
@_model_root
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def versions(model_version: str | None, model_root: str | None, as_json: bool) -> None:
    """List the published versions of a model, or the one with NUMBER; without MODEL, the models."""
    from viewfinder.versions import list_models, list_versions

    if model_version is None:
        for model in list_models(model_root=model_root):
            write_json({"model": model}) if as_json else say(model)
        return
    for version in list_versions(model_version, model_root=model_root):
        if as_json:
            write_json({"number": version.number, "uri": version.uri})
        else:
            say(f"{version.number}\t{version.uri}")


@click.command(cls=StrictCommand)
@click.argument("model", callback=need_model)
@_model_root
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many of the newest stay.",
)
@click.option("--served", multiple=True, metavar="VERSION", help="A number or URI that stays.")
@click.option(
    "--namespace", "namespaces", multiple=True, help="What is served in this namespace stays."
)
@click.option(
    "--nothing-served",
    is_flag=True,
    help="Nothing older than --keep is served; with --namespace: accept that nothing is there.",
)
@click.option("--dry-run", is_flag=True, help="Remove nothing; tell what would be removed.")
def prune(model: str, model_root: str | None, keep: int, dry_run: bool, **wanted: Any) -> None:
    """Remove old versions of a model, never one that is served.

    Say what is served: name the namespaces whose services are asked (--namespace), the versions
    (--served), or --nothing-served. The version that `rollback` would go back to in
    these namespaces stays as well, and so does what other namespaces of the cluster serve, if you
    may see it.
    """
    from viewfinder.versions import prune_versions

    if not any(wanted.values()):
        raise click.UsageError(
            "Say what is served: --namespace NAMESPACE for what the services there have, "
            "--served NUMBER for a version, or --nothing-served if no version is served anywhere."
        )
    done = prune_versions(model, model_root=model_root, keep=keep, dry_run=dry_run, **wanted)
    for version in done.removed:
        say(f"{'would remove' if dry_run else 'removed'} {version.uri}")
    for version, reason in done.unmanaged.items():
        say(f"left {version.uri}: {reason}")
    for version in done.kept[:-keep]:
        if why := done.needed.get(version.number):
            say(f"kept {version.uri}: {why}")
    total = len(done.kept) + len(done.removed)
    only = "kept the only version"  # the newest always stays
    say(only if total == 1 else f"kept {len(done.kept):,} of {total:,} versions")
