"""Render the HTML pages of all steps in one look."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from viewfinder_components.reports import formatting

_PACKAGE = "viewfinder_components"


def render(template: str, **context: Any) -> str:
    """Fill a template in.

    Every value is escaped, unless it is a `markupsafe.Markup`: names of files and classes come
    from strangers.

    Args:
        template: `<room>/<file>`, such as `validation/report.html`; it lies in that room's
            `templates` folder. Pages extend `reports/base.html` and use `reports/macros.html`.
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
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(formatting.FILTERS)
    return environment


def template_source(name: str) -> str | None:
    """Return a template's text, None where there is no such template.

    Args:
        name: As `render` takes it.
    """
    room, _, file = name.partition("/")
    source = files(_PACKAGE) / room / "templates" / file
    return source.read_text("utf-8") if source.is_file() else None
