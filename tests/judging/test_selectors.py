"""Terms in Hydra's words, read without Hydra."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from findings.errors import InputError
from findings.judging.selectors import selector, shortest_names, value_of

CONFIG = {
    "model.batch_norm": False,
    "recipe.lr": 0.01,
    "recipe.name": "quick",
    "recipe.milestones": [2, 3],
    "data.validation": 0,
}


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-2",
        "0.01",
        "1e-4",
        "1.0e-4",
        "true",
        "false",
        "null",
        "[1,2]",
        "[]",
        "[0.1,true]",
        "resnet20",
        "'a b'",
        "he2015_cifar",
    ],
)
def test_values_are_hydras(text: str) -> None:
    theirs = OverridesParser.create().parse_override(f"key={text}").value()
    ours = value_of(text)
    assert (ours, type(ours)) == (str(theirs), str) if isinstance(ours, str) else (theirs, type(theirs))


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("resnet20", True),
        ("plain20", False),
        ("model=resnet20 model.batch_norm=false", True),
        ("model=resnet20 model.batch_norm=true", False),
        ("recipe.lr=1e-2", True),
        ("recipe=quick recipe.milestones=[2, 3]", True),
        ("recipe=he2015_cifar", False),
        ("model.no_such_key=null", False),
        ("data.validation=false", False),
    ],
)
def test_all_of_a_terms_values_select(text: str, selects: bool) -> None:
    assert selector(text).selects(CONFIG, {"model": "resnet20"}) == selects


def test_a_term_names_its_keys_and_those_of_its_groups() -> None:
    term = selector("model=resnet20 recipe.lr=0.01")
    assert [term.names(key) for key in ("model.depth", "recipe.lr", "recipe.gamma", "data.name")] == [
        True,
        True,
        False,
        False,
    ]
    assert selector("plain56").names("model.shortcut")


def test_what_is_no_override_is_named() -> None:
    with pytest.raises(InputError, match="'resnet20' is no override of the form key=value"):
        selector("resnet20 recipe.lr=0.1")


def test_arms_of_one_model_are_told_apart_by_what_differs() -> None:
    arms = {
        "a": ("resnet20", {"recipe.lr": 0.1, "model.batch_norm": True, "recipe.gamma": 0.1}),
        "b": ("resnet20", {"recipe.lr": 0.01, "model.batch_norm": True, "recipe.gamma": 0.1}),
        "c": ("plain20", {"recipe.lr": 0.01, "model.batch_norm": False, "recipe.gamma": 0.1}),
    }
    assert shortest_names(arms) == {"a": "resnet20, lr 0.1", "b": "resnet20, lr 0.01", "c": "plain20"}
