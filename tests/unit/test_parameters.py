"""A parameter is declared once, and what repeats it is held to that."""

from dataclasses import MISSING, FrozenInstanceError, asdict, replace
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field

from viewfinder_components.errors import ParameterError
from viewfinder_components.parameters import (
    INTERNAL,
    Parameter,
    build_config,
    configuration,
    declares,
    describe,
    read_parameters,
)
from viewfinder_components.ranges import Advice, Count, Described, Share, Text

Salt = Annotated[Share, Described("How salty.")]


@configuration
class Bakery:
    """What a baker may set."""

    name: str
    """Whose bread it is."""
    loaves: Count = 2
    """How many loaves.

    All of them at once.
    """
    salt: Salt = 0.5
    flour: Literal["", "rye", "wheat"] = ""
    """What is in them."""
    shape: Annotated[
        str,
        Text("round or long", ("round", "long").__contains__),
        Advice(lambda name, value: f"set {name} to round, {value} is no shape"),
    ] = "round"
    """What they look like."""
    is_sliced: bool = False
    """Whether they are sliced."""
    heat: Annotated[float, Field(gt=0, lt=1), INTERNAL] = 0.2
    """How hot the oven is."""


def test_what_is_declared() -> None:
    assert list(read_parameters(Bakery).values()) == [
        Parameter("name", str, "text", MISSING, "Whose bread it is."),
        Parameter("loaves", int, "a whole number of at least 1", 2, "How many loaves."),
        Parameter("salt", float, "a number from 0 to 1", 0.5, "How salty."),
        Parameter("flour", str, "rye, wheat or empty", "", "What is in them."),
        Parameter("shape", str, "round or long", "round", "What they look like."),
        Parameter("is_sliced", bool, "true or false", False, "Whether they are sliced."),
    ]
    internal = read_parameters(Bakery, internal=True)["heat"]
    assert internal.rule == "a number above 0 and below 1"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": 3}, "expected name to be text, received 3"),
        ({"loaves": 0}, "loaves to be a whole number of at least 1, received 0"),
        (
            {"loaves": 2**31},
            "loaves to be a whole number of at most 2147483647, received 2147483648",
        ),
        ({"loaves": "2"}, "loaves to be a whole number of at least 1, received '2'"),
        ({"flour": "corn"}, "flour to be rye, wheat or empty, received 'corn'"),
        ({"shape": "flat"}, "round or long, received 'flat'; set shape to round, flat is no shape"),
        ({"is_sliced": 1}, "is_sliced to be true or false, received 1"),
        ({"heat": 1.0}, "heat to be a number above 0 and below 1, received 1.0"),
    ],
)
def test_a_wrong_value_is_told_with_its_range(values, sentence) -> None:
    with pytest.raises(ParameterError) as caught:
        Bakery(**{"name": "own", **values})
    assert sentence in str(caught.value)


def test_a_wrong_value_by_position() -> None:
    with pytest.raises(ParameterError, match="expected loaves to be a whole number"):
        Bakery("own", 0)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("own",), {"loafs": 3}),
        (("own",), {"name": "b"}),
        (("own", 1, 0.5, "", "round", True, 0.1, "more"), {}),
    ],
)
def test_a_wrong_call_is_a_mistake_of_the_program(values, named) -> None:
    with pytest.raises(TypeError, match=r"Bakery: "):
        Bakery(*values, **named)


def test_it_is_a_frozen_dataclass() -> None:
    bakery = Bakery("own", loaves=3)
    assert asdict(replace(bakery, salt=1))["salt"] == 1
    assert hash(bakery) == hash(Bakery("own", 3))
    with pytest.raises(ParameterError, match="salt"):
        replace(bakery, salt=2)
    with pytest.raises(FrozenInstanceError):
        bakery.loaves = 4


def test_a_configuration_of_a_runs_arguments() -> None:
    arguments = {"name": "own", "loaves": 1, "salt": 0.1, "flour": "rye", "shape": "long"}
    built = build_config(Bakery, {**arguments, "is_sliced": True, "heat": 0.9, "epochs": 3})
    assert built == Bakery("own", 1, 0.1, "rye", "long", True)


def test_texts_that_describe_no_field() -> None:
    @configuration
    class Oven:
        """A text whose lines are not indented, in a class that is:
        bread.
        """

        LIMIT: ClassVar[int] = 300
        """The limit."""
        heat: int = 200
        """How hot."""
        steam: Annotated[int, Field(description="Explicit.")] = 1
        """How much."""

    assert Oven.LIMIT == 300
    found = {name: parameter.description for name, parameter in read_parameters(Oven).items()}
    assert found == {"heat": "How hot.", "steam": "Explicit."}


def test_two_declarations_of_one_parameter_must_agree() -> None:
    @configuration
    class Mill:
        salt: Salt = 0.5
        """In other words."""

    assert read_parameters(Mill)["salt"].description == "In other words."
    assert read_parameters(Bakery, Mill)["salt"].description == "How salty."

    @configuration
    class Sea:
        salt: Share = 0.9

    with pytest.raises(TypeError, match=r"Sea\.salt"):
        read_parameters(Bakery, Sea)


def _bake(
    oven: object, name: str, loaves: int, salt: float, flour: str, shape: str, is_sliced: bool
) -> None:
    """Bake.

    Args:
        oven: Where.

    Returns:
        Nothing.
    """


def _bake_more(oven: object, name: str, loaves: int, salt: int, flour: str, sugar: str) -> None:
    """Bake."""


def _bake_in_disorder(
    loaves: int, name: str, salt: float, flour: str, shape: str, is_sliced: bool
) -> None:
    """Bake."""


def test_a_component_gets_defaults_and_descriptions() -> None:
    baked = declares(Bakery)(_bake)
    assert baked.__defaults__ == (2, 0.5, "", "round", False)
    assert "oven: Where.\n    name: Whose bread it is.\n" in (baked.__doc__ or "")
    assert (baked.__doc__ or "").endswith("\n\nReturns:\n    Nothing.")


def test_a_signature_that_differs_is_told_by_name() -> None:
    told = (
        "is_sliced is missing in the signature; salt is int in the signature, float as declared; "
        "shape is missing in the signature; sugar is not declared"
    )
    with pytest.raises(TypeError, match=rf"_bake_more differ from their declarations: {told}"):
        declares(Bakery)(_bake_more)
    with pytest.raises(TypeError, match="_bake_in_disorder: name has no default"):
        declares(Bakery)(_bake_in_disorder)


def _bake_with_an_oven_behind(
    name: str, loaves: int, salt: float, flour: str, shape: str, is_sliced: bool, oven: object
) -> None:
    """Bake."""


def _bake_with_a_default(
    name: str, loaves: int, salt: float, flour: str, shape: str, is_sliced: bool = True
) -> None:
    """Bake."""


def test_defaults_never_go_to_another_parameter() -> None:
    with pytest.raises(TypeError, match="_bake_with_an_oven_behind: oven has no default"):
        declares(Bakery)(_bake_with_an_oven_behind)
    with pytest.raises(TypeError, match="the default of is_sliced belongs only in its declaration"):
        declares(Bakery)(_bake_with_a_default)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (Annotated[str, INTERNAL], "text"),
        (Annotated[bool, INTERNAL], "true or false"),
        (Annotated[int, Field(ge=2)], "a whole number of at least 2"),
        (Annotated[int, Field(le=9)], "a whole number at most 9"),
        (Annotated[float, Field(gt=0)], "a number above 0"),
        (Annotated[float, Field(gt=0, le=5)], "a number above 0 and at most 5"),
        (Annotated[str, Field(max_length=3)], "text"),
        (Literal["a"], "a"),
        (Literal[1, 2], "1 or 2"),
    ],
)
def test_a_rule_for_every_type(kind, rule) -> None:
    made = configuration(type("Own", (), {"__annotations__": {"value": kind}}))
    assert read_parameters(made, internal=True)["value"].rule == rule


def test_what_is_no_parameter() -> None:
    made = configuration(type("Own", (), {"__annotations__": {"value": list[int]}}))
    with pytest.raises(TypeError, match="value: a parameter is text, a number or true or false"):
        read_parameters(made)


def test_a_default_out_of_its_range_is_refused_at_once() -> None:
    made = configuration(
        type("Own", (), {"__annotations__": {"value": Annotated[int, Field(ge=1)]}, "value": 0})
    )
    with pytest.raises(
        ParameterError, match="value to be a whole number of at least 1, received 0"
    ):
        made()


def test_advice_is_given_on_values_of_the_right_type_alone() -> None:
    with pytest.raises(ParameterError, match="round or long, received 3; choose another value"):
        Bakery("own", shape=3)


def test_a_docstring_without_arguments() -> None:
    declared = read_parameters(Bakery).values()
    assert describe("Bake.", declared).startswith("Bake.\n\nArgs:\n    name: Whose bread")
