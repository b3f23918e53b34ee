"""A recipe's optimiser is checked against its constructor, in one line, and named in the id by what differs."""

from pathlib import Path

import pytest

from findings.config.compose import Composer
from findings.config.frozen import freeze, thaw
from findings.config.identity import Run
from findings.errors import InputError
from findings.planning.sweeps import hydra_value

COMPOSER = Composer()
ADAM = "recipe.optimizer._target_=torch.optim.Adam"


def run(*overrides: str) -> Run:
    return COMPOSER.compose(overrides)


def test_none_is_the_run_that_it_was() -> None:
    assert run("recipe.optimizer=null").id == run().id
    assert run().config.recipe.optimizer is None


def test_it_is_given_whole_or_key_by_key() -> None:
    whole = run("recipe.optimizer={_target_: torch.optim.Adam, betas: [0.9, 0.99]}")
    by_key = run("recipe.optimizer.betas=[0.9,0.99]", ADAM)
    assert whole == by_key
    assert whole.config.recipe.optimizer == {"_target_": "torch.optim.Adam", "betas": [0.9, 0.99]}
    assert run("recipe.optimizer={_target_: torch.optim.Adam}", "recipe.optimizer={betas: [0.9, 0.99]}") == whole
    assert run(f"recipe.optimizer={hydra_value(whole.config.recipe.optimizer)}") == whole, "as an axis of a sweep"


def test_what_is_torchs_default_anyway_renames_nothing() -> None:
    written_out = run(ADAM, "recipe.optimizer.betas=[0.9,0.999]", "recipe.optimizer.eps=1e-8")
    assert written_out == run(ADAM)
    ids = {run().id, run(ADAM).id, run(ADAM, "recipe.optimizer.eps=1").id, run(ADAM.replace("Adam", "AdamW")).id}
    assert len(ids) == 4


def test_it_is_frozen_with_the_run(tmp_path: Path) -> None:
    made = run(ADAM, "recipe.optimizer.betas=[0.8,0.99]", "recipe.optimizer.amsgrad=true")
    (tmp_path / "config.yaml").write_text(freeze(made))
    assert thaw(tmp_path / "config.yaml") == made


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["recipe.optimizer=adam"], "recipe.optimizer: names no class: recipe.optimizer._target_=torch.optim.Adam"),
        (["recipe.optimizer.betas=[0.9,0.99]"], "recipe.optimizer: names no class"),
        (
            ["recipe.optimizer._target_=torch.optim.Adm"],
            "recipe.optimizer._target_: no optimiser 'torch.optim.Adm'; did you mean 'torch.optim.Adam'?",
        ),
        (["recipe.optimizer._target_=torch.nn.Linear"], "recipe.optimizer._target_: no optimiser 'torch.nn.Linear'"),
        (["recipe.optimizer._target_=7"], "recipe.optimizer._target_: no optimiser '7'"),
        (
            [ADAM, "recipe.optimizer.beta=0.9"],
            "recipe.optimizer.beta: no such argument of torch.optim.Adam; did you mean 'betas'?",
        ),
        ([ADAM, "recipe.optimizer.betas=[0.9]"], "recipe.optimizer.betas: '[0.9]' is not a list of 2"),
        ([ADAM, "recipe.optimizer.betas=[0.9,high]"], "recipe.optimizer.betas: 'high' is not a number"),
        ([ADAM, "recipe.optimizer.betas=[0.9,1.5]"], "recipe.optimizer: torch.optim.Adam cannot train with this: "),
        ([ADAM, "recipe.optimizer.amsgrad=2"], "recipe.optimizer.amsgrad: '2' is not true or false"),
        ([ADAM, "recipe.optimizer.lr=0.1"], "recipe.optimizer.lr: is given as recipe.lr"),
        ([ADAM, "recipe.optimizer.weight_decay=0.1"], "recipe.optimizer.weight_decay: is given as recipe.weight_decay"),
        ([ADAM, "recipe.optimizer.fused=true"], "recipe.optimizer.fused: no such argument of torch.optim.Adam"),
        (["recipe.optimizer._target_=torch.optim.Rprop"], "recipe.weight_decay: torch.optim.Rprop has none: needs"),
        (
            ["recipe.optimizer._target_=torch.optim.LBFGS", "recipe.weight_decay=0"],
            "recipe.optimizer: torch.optim.LBFGS cannot train with this: ",
        ),
        (
            ["recipe.optimizer._target_=torch.optim.SparseAdam", "recipe.weight_decay=0"],
            "recipe.optimizer: torch.optim.SparseAdam cannot train with this: ",
        ),
        (["recipe.optimzer.betas=1"], "recipe.optimzer.betas: no such key"),
    ],
)
def test_mistakes_are_one_line(overrides: list[str], line: str) -> None:
    with pytest.raises(InputError) as refusal:
        run(*overrides)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)
