"""The table of a pipeline's parameters, from their declarations."""

from collections.abc import Iterable

from viewfinder_components.parameters import Parameter


def to_markdown(parameters: Iterable[Parameter]) -> str:
    """Return parameters as a Markdown table."""
    head = "| name | type and range | default | what it does |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{one.name}` | {one.rule} | {_quote(one)} | {one.description} |\n" for one in parameters
    )


def write_default(parameter: Parameter) -> str:
    """Return a parameter's default in the form of `--set`; `required` if there is none."""
    if parameter.is_required:
        return "required"
    default = parameter.default
    return str(default).lower() if isinstance(default, bool) else str(default)


def _quote(parameter: Parameter) -> str:
    default = write_default(parameter)
    return default if parameter.is_required else f"`{default}`" if default else "empty"
