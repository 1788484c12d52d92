"""The commands that list and remove published versions."""

import json
from dataclasses import replace

import click

_model_root = click.option(
    "--model-root", metavar="URI", help="Where versions are published.  [default: this machine's]"
)


@click.command()
@click.argument("model")
@_model_root
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def versions(model: str, model_root: str | None, as_json: bool) -> None:
    """List the published versions of a model."""
    from viewfinder_components.storage.models import find_versions
    from viewfinder_components.storage.store import open_store

    root = model_root or _default_root()
    for version in find_versions(open_store(root), model, root):
        if as_json:
            click.echo(json.dumps({"number": version.number, "uri": version.uri}))
        else:
            click.echo(f"{version.number}\t{version.uri}")


@click.command()
@click.argument("model")
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
@click.option("--nothing-served", is_flag=True, help="Nothing older than --keep is served.")
@click.option("--dry-run", is_flag=True, help="Remove nothing; tell what would be removed.")
def prune(
    model: str,
    model_root: str | None,
    keep: int,
    served: tuple[str, ...],
    namespaces: tuple[str, ...],
    nothing_served: bool,
    dry_run: bool,
) -> None:
    """Remove old versions of a model, never one that is served.

    Say what is served: with --namespace the cluster is asked, with --served you tell. What
    `viewfinder rollback` would go back to in these namespaces stays as well.
    """
    from viewfinder_components.storage.models import find_versions
    from viewfinder_components.storage.retention import RetentionRule, prune_versions
    from viewfinder_components.storage.store import open_store
    from viewfinder_pipelines.deployments.served import find_earlier, find_served

    if not (served or namespaces or nothing_served):
        raise click.UsageError("Say what is served: --namespace, --served or --nothing-served.")
    told = RetentionRule(keep, frozenset(served))
    root = model_root or _default_root()
    find_versions(open_store(root), model, root)
    found = {uri for namespace in namespaces for uri in find_served(namespace, model)}
    earlier = {uri: name for space in namespaces for uri, name in find_earlier(space, model)}
    rule = replace(told, served=frozenset({*told.served, *found, *earlier}))
    done = prune_versions(root, model, rule, dry_run=dry_run)
    for version in done.removed:
        click.echo(f"{'would remove' if dry_run else 'removed'} {version.uri}")
    for version, reason in done.foreign.items():
        click.echo(f"left {version.uri}: {reason}")
    targets = {uri.rsplit("/", 1)[-1]: service for uri, service in earlier.items()}
    for version in done.kept[:-keep]:
        if service := targets.get(str(version.number)):
            click.echo(f"kept {version.uri}: `viewfinder rollback` of {service} goes back to it")
    click.echo(f"kept {len(done.kept)} of {len(done.kept) + len(done.removed)} versions")


def _default_root() -> str:
    from viewfinder_pipelines.settings.environment import Settings

    return str(Settings().models)
