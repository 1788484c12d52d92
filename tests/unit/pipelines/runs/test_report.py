"""What the page of a run tells to type."""

import shlex

from viewfinder_pipelines.runs.report import list_commands


def test_a_uri_is_one_word_for_the_shell() -> None:
    uri = "file:///my models/it's $HOME/fruit/1"
    assert shlex.split(list_commands(uri)[0]) == ["viewfinder", "serve", uri]
