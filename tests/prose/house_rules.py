"""The words this project does not use, each with the ones it uses instead."""

from typing import NamedTuple

from proselint.registry.checks import Check
from proselint.registry.checks.types import ExistenceSimple


class HouseRule(NamedTuple):
    """A phrase that is refused.

    Attributes:
        name: The check's name in the report.
        phrase: A regular expression for RE2, without regard to case. A space stands for any white
            space, so that a phrase is found across the end of a line.
        remedy: What to write, and why.
    """

    name: str
    phrase: str
    remedy: str

    def check(self) -> Check:
        """Return the rule as a check of proselint's."""
        pattern = rf"\b(?:{self.phrase})\b".replace(" ", r"\s+")
        return Check(
            check_type=ExistenceSimple(pattern=pattern),
            path=f"house.{self.name}",
            message=f"expected {self.remedy}, received '{{}}'",
        )


RULES = (
    HouseRule("book", "(?:the|a|this) book|book's", "the source by its authors and title"),
    HouseRule("caller", "who asks", "'the caller', 'the user' or 'the identity'"),
    HouseRule("errand", "errands?", "'task', 'request' or 'command', which say what is done"),
    HouseRule("foreign", "a foreign", "'another' and whose it is: 'foreign' names no owner"),
    HouseRule("no", "(?:which|that|what|it|or) is no (?:URL|predictor|photo|table)", "'is not a'"),
    HouseRule("right", "ask whether all is right", "'check', and what is checked"),
    HouseRule("sure", "of which the model was surest", "'the most confident mistakes'"),
    HouseRule("told", "is told before", "'is reported before'"),
    HouseRule("value", "to such a value", "'choose another value for'"),
    HouseRule("way", "the whole way", "'end to end', or the steps: a way has no known length"),
    HouseRule("well", "when it is well", "the state to wait for: 'when it answers again'"),
    HouseRule("what", "what it takes for what", "the two things by name"),
    HouseRule("work", "(?:photos|items) (?:may be )?in work", "'in progress'"),
)
