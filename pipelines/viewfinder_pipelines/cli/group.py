"""Groups of commands whose help is not cut off."""

import click

_LONGEST = 1000  # characters; click cuts at the terminal's width, in the middle of a sentence


class HelpfulGroup(click.Group):
    """A group that lists its commands with the whole first sentence of each."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        names = self.list_commands(ctx)
        commands = {name: self.commands[name] for name in names}
        rows = [(name, one.get_short_help_str(_LONGEST)) for name, one in commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
