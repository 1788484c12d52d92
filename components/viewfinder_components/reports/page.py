"""Render the HTML pages of all steps with a common look."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from viewfinder_components.phases import describe_phase
from viewfinder_components.printable import make_printable
from viewfinder_components.reports import formatting
from viewfinder_components.reports.marked_code import mark_code
from viewfinder_components.spelling import write_command

_PACKAGE = "viewfinder_components"


def render(template: str, **context: Any) -> str:
    """Fill a template.

    Every value is made printable and escaped, unless it is a `markupsafe.Markup`: names of files
    and classes are untrusted.

    Args:
        template: `<package>/<file>`, such as `validation/report.html`, in that package's
            `templates` folder; `<root>.<package>/<file>` for a package of another root, such as
            `viewfinder_comparison.cost/cost.html`. Pages extend `reports/base.html` and use
            `reports/macros.html`.
        context: The template's variables. A variable that the template uses and the context
            lacks is an error.

    Returns:
        The page, free of lone surrogates, so that it can be written as UTF-8.
    """
    page = _environment().get_template(template).render(**context)
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(template_source),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_make_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(formatting.FILTERS, mark_code=mark_code)
    environment.globals["write_command"] = write_command
    environment.globals["describe_phase"] = describe_phase
    return environment


def _make_printable(value: Any) -> Any:
    # A `Markup` is a subclass: it was made of values that came through here.
    return make_printable(value, lines=True) if type(value) is str else value


def template_source(name: str) -> str | None:
    """Return a template's text, None if there is no such template.

    Args:
        name: In `render`'s form.
    """
    package, _, file = name.partition("/")
    root, _, room = package.rpartition(".") if file else ("", "", package)
    source = files(root or _PACKAGE) / room / "templates" / file
    return source.read_text("utf-8") if source.is_file() else None
