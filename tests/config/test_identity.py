"""A run's id is a pure function of its scientific config and its seed."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from findings.config import hyperparameters
from findings.config import schema as schema_of_runs
from findings.config.compose import Composer
from findings.config.frozen import freeze, thaw
from findings.config.identity import identify, refuse_other
from findings.config.schema import Config, Precision
from findings.errors import InputError
from golden_files import golden

COMPOSER = Composer()
NETWORKS = ["plain20", "plain56", "resnet20", "resnet56"]


def made(*overrides: str) -> Config:
    return COMPOSER.compose(overrides).config


def id_of(*overrides: str) -> str:
    return identify(made(*overrides)).id


def test_runs_are_never_renamed_silently() -> None:
    ids = {
        f"{scale} {network}": id_of(f"scale={scale}", f"model={network}")
        for scale in ("quick", "cifar10-jpeg", "cifar10")
        for network in NETWORKS
    }
    assert ids == golden("run_ids.json", ids), "records of these runs exist: a new name orphans them"


def test_an_id_says_what_the_run_is() -> None:
    identity = identify(made("scale=cifar10-jpeg", "model=plain56", "seed=3"))
    name, data, recipe, digest, seed = identity.id.replace("cifar10-jpeg", "jpeg").split("-")
    assert (name, data, recipe, seed) == ("plain56", "jpeg", "he2015_cifar", "s3")
    assert len(digest) == 12
    assert identity.arm == identity.id.removesuffix("-s3")
    assert identity.name == "plain56"


def test_another_process_with_another_hash_seed_gives_the_same_id() -> None:
    code = "from findings.config.compose import Composer;print(Composer().compose(['model=plain56', 'seed=2']).id)"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == id_of("model=plain56", "seed=2")


def test_two_ways_to_say_the_same_are_one_run() -> None:
    assert id_of("model=resnet20", "model.depth=56") == id_of("model=resnet56")
    assert id_of("model=cifar", "model.depth=56", "model.shortcut=none") == id_of("model=plain56")
    assert id_of("recipe.lr=1.0e-1") == id_of("recipe.lr=0.1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["model=resnet20", "model.depth=110"], ["model=resnet110"]),
        (["model=plain110", "model.shortcut=identity"], ["model=resnet110"]),
        (["model=resnet110", "model.depth=20"], ["model=resnet20"]),
        (["model=resnet110", "model.shortcut=none"], ["model=plain110"]),
        (["model=resnet20", "model.depth=110", "model.width=8"], ["model=resnet110", "model.width=8"]),
    ],
)
def test_what_holds_for_a_network_comes_with_the_network_that_results(one: list[str], other: list[str]) -> None:
    """ResNet-110's warm-up does, in the recipe of He et al. 2015."""
    assert id_of("scale=cifar10", *one) == id_of("scale=cifar10", *other)
    warms_up = "110" in identify(made(*other)).name and "plain" not in other[0]
    assert made("scale=cifar10", *one).recipe.warmup_iterations == (400 if warms_up else 0)


def test_the_order_of_overrides_plays_no_part() -> None:
    assert id_of("recipe.lr=0.05", "model.width=4") == id_of("model.width=4", "recipe.lr=0.05")


@pytest.mark.parametrize(
    "override",
    [
        "runs_dir=/elsewhere",
        "results_dir=/elsewhere",
        "data.root=/datasets",
        "data.cache=/cache",
        "data.mirror=http://example.org",
        "data.download=false",
        "data.label=Figures",
        "trainer.threads=3",
        "trainer.devices=2",
        "trainer.nodes=2",
        "trainer.accelerator=cpu",
        "trainer.checkpoint_every=5",
        "trainer.evaluation_batch_size=10",
        "trainer.chunk_seconds=2",
        "tracking=none",
        "tracking.project=other",
        "findings=[depth-degradation]",
    ],
)
def test_where_and_how_fast_is_not_in_the_id(override: str) -> None:
    assert id_of(override) == id_of()


@pytest.mark.parametrize(
    "override",
    [
        "recipe.precision=bf16",
        "recipe.batch_size=16",
        "recipe.batch_norm_group=16",
        "recipe.iterations=10000",
        "recipe.lr=0.03",
        "recipe.nesterov=true",
        "recipe.optimizer._target_=torch.optim.Adam",
        "recipe.schedule=cosine",
        "recipe.warmup=linear",
        "recipe.label_smoothing=0.1",
        "recipe.auxiliary_weight=0.1",
        "recipe.decay_norms_and_biases=false",
        "init_from.run=another-s0",
        "model.nonlinearity=tanh",
        "model.initialisation=xavier",
        "recipe.normalisation=unit_range",
        "data.name=digits2",
        "data.validation=100",
        "evaluation.evaluate_every=7",
        "model.width=12",
        "model.batch_norm=false",
        "seed=1",
    ],
)
def test_what_decides_the_numbers_is_in_the_id(override: str) -> None:
    assert id_of(override) != id_of()


def test_seed_0_is_a_seed() -> None:
    ids = [id_of(f"seed={seed}") for seed in range(3)]
    assert ids[0] == id_of()
    assert len(set(ids)) == 3
    assert ids[0].endswith("-s0")
    assert len({identify(made(f"seed={seed}")).arm for seed in range(3)}) == 1


def test_a_new_knob_with_a_default_renames_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config, before = made(), id_of()

    @dataclass
    class Recipe(schema_of_runs.RecipeConfig):
        stochastic_depth: float = 0.0
        drops: list[int] = field(default_factory=list)

    monkeypatch.setattr(schema_of_runs, "RecipeConfig", Recipe)
    fields = vars(config.recipe)
    config.recipe = Recipe(**fields)
    assert identify(config).id == before
    config.recipe = Recipe(**fields, stochastic_depth=0.1)  # and set, it tells
    assert identify(config).id != before


def test_a_new_hyperparameter_with_a_default_renames_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config, before = made(), id_of()
    known = hyperparameters._hyperparameters(config.model["_target_"])
    monkeypatch.setattr(hyperparameters, "_hyperparameters", lambda target: known | {"squeeze": (int, 4)})
    assert identify(config).id == before
    config.model = config.model | {"squeeze": 8}
    assert identify(config).id != before


def test_a_config_directory_of_another_run_is_refused_by_the_keys_that_differ() -> None:
    there, here = made("recipe.lr=0.05", "seed=1"), made("recipe.lr=0.1", "seed=2", "trainer.threads=5")
    with pytest.raises(InputError) as refusal:
        refuse_other(identify(there), identify(here))
    line = str(refusal.value)
    assert line == (
        f"{identify(here).directory}/config.yaml: holds another run's config; "
        "it differs in recipe.lr (0.05 there, 0.1 here), seed (1 there, 2 here)"
    )
    refuse_other(identify(made("trainer.threads=1")), identify(made("runs_dir=elsewhere")))  # the same run


# --- frozen configs


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["scale=cifar10", "model=resnet110", "seed=4", "recipe.precision=bf16"],
        ["model.head=fc", "model.hidden=[64,32]", "model.dropout=0.5", "findings=[a,b]"],
        ["data.root='a folder: with {signs} #1'", "data.label='Ziffern äöü'", "runs_dir='~/x y'", "data.mirror=null"],
    ],
)
def test_freezing_and_thawing_changes_nothing(overrides: list[str], tmp_path: Path) -> None:
    config = made(*overrides)
    path = tmp_path / "config.yaml"
    path.write_text(freeze(identify(config)))
    assert thaw(path) == identify(config)
    assert freeze(thaw(path)) == freeze(identify(config))


def test_a_frozen_config_writes_out_the_networks_defaults(tmp_path: Path) -> None:
    config = replace(made(), model={"_target_": "findings.nets.cifar.CifarNet", "depth": 32})
    (tmp_path / "config.yaml").write_text(freeze(identify(config)))
    thawed = thaw(tmp_path / "config.yaml").config
    assert thawed.model["width"] == 16
    assert thawed.recipe.precision is Precision.fp32


def _with(text: str, before: str, after: str) -> str:
    assert before in text
    return text.replace(before, after)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: "a: [", "is no frozen config"),
        (lambda text: "", "is no frozen config"),
        (lambda text: "- a\n- b\n", "is no frozen config"),
        (lambda text: "just words", "is no frozen config"),
        (lambda text: _with(text, "lr: 0.1", "lr: abc"), "lr"),
        (lambda text: _with(text, "gamma:", "gama:"), "gama"),
        (lambda text: _with(text, "seed: 0", "seed: -1"), "seed: -1 is below 0"),
        (lambda text: _with(text, "seed: 0", "seed: null"), "is no frozen config"),
        (lambda text: _with(text, "depth: 20", "depth: twenty"), "model.depth: 'twenty' is not a whole number"),
        (lambda text: _with(text, "depth: 20", "dpth: 20"), "model.dpth: no such hyperparameter"),
        (lambda text: _with(text, "scale: quick\n", ""), "scale"),
        (lambda text: _with(text, "scale: quick", "scale: ${nothing}"), "nothing"),
        (lambda text: text[: len(text) // 2] + "\n\t:", "is no frozen config"),
    ],
)
def test_a_damaged_frozen_config_is_refused_in_one_line(damage: Any, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(damage(freeze(identify(made()))))
    with pytest.raises(InputError) as refusal:
        thaw(path)
    line = str(refusal.value)
    assert line.startswith(f"{path}: ")
    assert problem in line
    assert "\n" not in line


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "binary"):
        with pytest.raises(InputError, match=str(path)):
            thaw(path)


def test_what_is_scientific_can_be_written_as_json() -> None:
    scientific = identify(made("model.head=fc", "model.hidden=[8]")).scientific
    assert json.loads(json.dumps(scientific)) == scientific
    assert scientific["recipe.normalisation"] == "per_pixel_mean"
    assert "seed" not in scientific
