from pathlib import Path

from tests.testbed.__main__ import main


def test_the_readme_says_what_the_command_line_knows():
    """Every command in the test bed's README exists."""
    readme = (Path(__file__).parents[2] / "testbed" / "README.md").read_text()
    named = {
        line.split("-m tests.testbed ")[1].split()[0].rstrip("`)")
        for line in readme.splitlines()
        if "-m tests.testbed " in line
    }
    assert named
    assert named <= set(main.commands)
