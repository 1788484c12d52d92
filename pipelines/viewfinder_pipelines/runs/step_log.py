"""Extract a step's own lines from its pod's log, to which KFP's launcher and Argo add theirs."""

import re

_EXECUTOR = re.compile(r"^\s*\[KFP Executor [^\]]*\]: ?(?P<message>.*)$")
# The lines of KFP's launcher (glog's prefix) and of Argo's executor.
_FOREIGN = re.compile(
    r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \S+:\d+\] |^time=\S+ level=\w+ .* argo=true$"
)
_OUTPUTS = "ExecutorOutput: "  # the launcher's last message; it has many lines


def logged_message(line: str) -> str | None:
    """Return what a step logged in a line; None if the line lacks KFP's executor's prefix."""
    match = _EXECUTOR.match(line)
    return match["message"] if match else None


def own_lines(text: str) -> list[str]:
    """Return the lines that the step itself wrote, in order, without KFP's prefix."""
    own = []
    for line in (text.rpartition(_OUTPUTS)[0] or text).splitlines():
        if (message := logged_message(line)) is not None:
            own.append(message)
        elif not _FOREIGN.match(line):
            own.append(line)
    return own


def last_words(lines: list[str], step: str) -> str:
    """Return a step's last progress message, to be shown while it runs."""
    prefix = f"{step}: "
    said = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    return said[-1] if said else ""
