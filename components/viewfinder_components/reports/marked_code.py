"""Mark code in sentences as HTML."""

from markupsafe import Markup, escape

from viewfinder_components.printable import make_printable


def mark_code(text: str) -> Markup:
    """Return a sentence as HTML, in which what stands between backticks is code."""
    whole = escape(make_printable(text, lines=True))
    parts = whole.split("`")
    if len(parts) % 2 == 0:  # a backtick without a partner is one of the text
        return whole
    marked = (
        Markup("<code>{}</code>").format(one) if n % 2 else one for n, one in enumerate(parts)
    )
    return Markup("").join(marked)
