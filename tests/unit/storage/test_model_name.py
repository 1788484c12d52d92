import pytest

from viewfinder_components.errors import UsageError
from viewfinder_components.storage.model_name import MAX_LENGTH, suggest_name, validate_model_name


@pytest.mark.parametrize("name", ["a", "fruit", "fruit-2", "a" * MAX_LENGTH, "a--b", "x1"])
def test_names_that_kserve_takes_pass(name: str) -> None:
    assert validate_model_name(name) == name


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("", "classifier"),
        ("Fruit", "fruit"),
        ("fruit_salad", "fruit-salad"),
        ("-fruit", "fruit"),
        ("fruit-", "fruit"),
        ("2fruit", "fruit"),
        ("../etc", "etc"),
        ("a/b", "a-b"),
        ("fruit\n", "fruit"),
        ("früchte", "fr-chte"),
        ("果物", "classifier"),
        ("...", "classifier"),
        ("٣", "classifier"),
        ("a" * (MAX_LENGTH + 1), "a" * MAX_LENGTH),
        ("a" * (MAX_LENGTH - 1) + "-b", "a" * (MAX_LENGTH - 1)),
    ],
)
def test_others_are_refused_with_a_similar_one_that_passes(name: str, similar: str) -> None:
    with pytest.raises(UsageError, match=r"a model's name of .*starting with a letter") as caught:
        validate_model_name(name)
    assert caught.value.remedy == f"name the model {similar!r}, for example"
    assert suggest_name("model_name", name) == f"set model_name to {similar!r}, for example"
    assert validate_model_name(similar) == similar
