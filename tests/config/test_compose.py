"""Our fast composition equals Hydra's own; every file of conf/ composes; mistakes are one line."""

import random
import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from findings.config.compose import Composer, groups, special_for
from findings.config.folders import shared
from findings.config.identity import Run, identify
from findings.config.schema import Config
from findings.errors import InputError

COMPOSER = Composer()


def by_hydra(overrides: Sequence[str]) -> Config:
    """By Hydra alone, told of the file of conf/special/ that belongs to the network that results."""
    run = _by_hydra(overrides)
    special = special_for(run.config.recipe.name, run.name)
    return (_by_hydra([*overrides, f"special={special}"]) if special else run).config


def _by_hydra(overrides: Sequence[str]) -> Run:
    with initialize_config_dir(str(shared("conf").resolve()), version_base="1.3"):
        return identify(OmegaConf.to_object(compose("config", list(overrides))))  # type: ignore[arg-type]


def ours(overrides: Sequence[str]) -> Config:
    return COMPOSER.compose(overrides).config


GROUPS = {
    "scale": ["quick", "cifar10", "cifar10-jpeg", "cifar10-jpeg-full"],
    "model": ["plain20", "resnet56", "resnet110", "wide16x4", "cifar", "preact-resnet110"],
    "recipe": ["he2015_cifar", "he2016_cifar", "wrn2016", "quick"],
    "data": ["digits", "cifar100", "cifar10-jpeg"],
    "tracking": ["none", "offline"],
}
VALUES = {
    "seed": ["0", "7", "'3'"],
    "runs_dir": ["/scratch/runs", "'my runs'", '"it\'s"', "'a=b,c: {d} [e] #f'", "'~/runs'"],
    "data.root": ["null", "/datasets/a.tar", "'a b'", "1", "''"],
    "data.download": ["false", "true", "no", "0"],
    "data.validation": ["0", "100"],
    "data.name": ["mine", "set_2"],
    "recipe.lr": ["0.05", "1", "1e-2", "'0.2'"],
    "recipe.iterations": ["900000", "1_000_000"],
    "recipe.milestones": ["[]", "[5]", "[10,20]", "[ 10, 20 ]"],
    "recipe.batch_norm_group": ["null", "1"],
    "recipe.departures": ["[]", "['one, two']"],
    "recipe.normalisation": ["unit_range", "channel_mean_std", "Normalisation.per_pixel_mean"],
    "recipe.precision": ["bf16", "fp64"],
    "recipe.schedule": ["cosine", "step"],
    "recipe.optimizer": ["null", "{_target_: torch.optim.AdamW}"],
    "init_from.run": ["null", "another-s0"],
    "recipe.flip": ["true", "false"],
    "recipe.nesterov": ["True", "off"],
    "evaluation.remeasure_training": ["last", "every"],
    "trainer.threads": ["null", "2"],
    "trainer.checkpoint_every": ["0", "2.5"],
    "tracking.entity": ["null", "us", "'our team'"],
    "findings": ["[]", "[a,b]", "['a b']"],
    "model.width": ["8", "32"],
    "model.batch_norm": ["false", "true"],
    "model.shortcut": ["none", "projection"],
    "model.head": ["fc"],
    "results_dir": ["${runs_dir}", "'${runs_dir}/results'"],
}


def sample(size: int) -> list[list[str]]:
    """Overrides in any order, some given twice."""
    rng = random.Random(2015)
    drawn = []
    for _ in range(size):
        chosen = [f"{group}={rng.choice(GROUPS[group])}" for group in rng.sample(sorted(GROUPS), rng.randint(0, 3))]
        for key in rng.sample(sorted(VALUES), rng.randint(0, 5)):
            chosen += [f"{key}={rng.choice(VALUES[key])}" for _ in range(rng.choice([1, 1, 1, 2]))]
        rng.shuffle(chosen)
        drawn.append(chosen)
    return drawn


def outcome(composed: Callable[[list[str]], Config], overrides: list[str]) -> Config | str:
    """The config, or what is said of values that do not go together."""
    try:
        return composed(overrides)
    except InputError as error:
        return str(error)


def test_the_fast_way_equals_hydras_own() -> None:
    compared, refused = 0, 0
    for overrides in sample(16):
        fast, hydras = outcome(ours, overrides), outcome(by_hydra, overrides)
        assert fast == hydras, overrides
        compared, refused = compared + isinstance(fast, Config), refused + isinstance(fast, str)
    assert compared > 10
    assert refused < 6


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.head=fc", "model.hidden=[512,256]", "model.dropout=0.5"],
        ["model.hidden=[]"],
        ["model.dropout=0"],  # a whole number where a number is meant
        ["data=image_folder", "data.name=flowers", "data.size=32", "data.classes=5", "data.root='my flowers.tar'"],
        ["data=image_folder", "data.name=flowers", "data.size=32", "data.classes=5", "data.label=Flowers"],
        ["recipe.lr=0.1", "recipe.lr=0.2"],
        ["model=resnet20", "model=resnet56"],
        ["recipe.batch_size=${seed}", "seed=4"],
        ["model.width=${recipe.batch_size}"],
        ["++seed=3"],
        ["++recipe.lr=0.3", "model=plain20"],
    ],
)
def test_special_cases_equal_hydras_own(overrides: list[str]) -> None:
    assert ours(overrides) == by_hydra(overrides)


def test_composing_again_gives_an_independent_config() -> None:
    first = ours(["model=plain20"])
    first.findings.append("changed")
    first.model["width"] = 999
    first.recipe.lr = 999.0
    first.recipe.milestones.append(999)
    second = ours(["model=plain20"])
    assert second == by_hydra(["model=plain20"])


def test_what_holds_for_one_combination_applies_however_it_is_chosen() -> None:
    ways = [
        ["scale=cifar10", "model=resnet110"],
        ["model=resnet110", "scale=cifar10"],
        ["recipe=he2015_cifar", "model=resnet110"],
        ["model=resnet110", "recipe=he2015_cifar", "seed=1"],
        ["scale=cifar10", "recipe=he2015_cifar", "model=resnet110"],
    ]
    for overrides in ways:
        recipe = ours(overrides).recipe
        assert (recipe.warmup_iterations, recipe.warmup_lr, recipe.lr) == (400, 0.01, 0.1)
    for overrides in (["scale=cifar10", "model=resnet56"], ["scale=cifar10", "model=plain110"]):
        assert ours(overrides).recipe.warmup_iterations == 0
    own = ours(["scale=cifar10", "model=resnet110", "recipe.warmup_iterations=7"])
    assert own.recipe.warmup_iterations == 7, "the command line has the last word"


def test_special_files_are_for_networks_that_result() -> None:
    files = list((shared("conf") / "special").glob("*.yaml"))
    assert files
    for file in files:
        recipe, network = file.stem.split("-", 1)
        assert recipe in groups()["recipe"]
        assert COMPOSER.compose([f"model={network}", "scale=cifar10"]).name == network


# what a file leaves open
NEEDING = {
    "image_folder": ("data.name=mine", "data.size=32", "data.classes=5"),
    "timm": ("model.name=resnet18",),
    "torchvision": ("model.name=resnet18",),
}
EVERY = [(group, choice) for group, choices in groups().items() for choice in choices]


@pytest.mark.parametrize(("group", "choice"), EVERY)
def test_every_file_composes(group: str, choice: str) -> None:
    config = ours([f"{group}={choice}", *NEEDING.get(choice, ())])
    if group in ("recipe", "data") and choice not in NEEDING:
        assert getattr(config, group).name == choice
    if group == "scale":
        assert config.scale == choice, "records are filed under the scale's name"


@pytest.mark.parametrize(
    "file", sorted(shared("conf").rglob("*.yaml")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_every_file_opens_with_the_command_that_uses_it(file: Path) -> None:
    opening = takewhile(lambda line: line.startswith("#"), file.read_text().splitlines())
    assert any(re.search(r"findings (train|run|submit) ", line) for line in opening)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("recipe.l=1", "recipe.l: no such key; did you mean 'recipe.lr'?"),
        ("recip.lr=1", "recip.lr: no such key"),
        ("model.dept=20", "model.dept: no such key; did you mean 'model.depth'?"),
        ("sed=1", "sed: no such key; did you mean 'seed'?"),
        ("+new=1", "new: no such key"),
        ("+recipe.new=1", "recipe.new: no such key"),
        ("model=resnt56", "model: no such choice 'resnt56'; did you mean 'resnet56'?"),
        ("data=cifar", "data: no such choice 'cifar'; did you mean 'cifar10'?"),
        (
            "scale=imagenet",
            "scale: no such choice 'imagenet'; allowed: cifar10, cifar10-16px, cifar10-jpeg, cifar10-jpeg-full, quick",
        ),
        ("recipe.lr=abc", "recipe.lr: 'abc' does not fit: it must be a number"),
        ("recipe.lr=null", "recipe.lr: 'None' does not fit: it must be a number"),
        ("recipe.lr=[1]", "recipe.lr: '[1]' does not fit"),
        ("recipe.iterations=1.5", "recipe.iterations: '1.5' does not fit: it must be a whole number"),
        ("recipe.flip=2x", "recipe.flip: '2x' does not fit: it must be true or false"),
        ("recipe.milestones=3", "recipe.milestones: '3' does not fit: it must be a list such as [1,2]"),
        ("recipe.milestones=[a]", "recipe.milestones: '['a']' does not fit: it must be a whole number"),
        ("recipe.padding=mirror", "recipe.padding: 'mirror' does not fit: allowed: zero, reflection"),
        ("recipe.precision=fp16", "recipe.precision: 'fp16' does not fit: allowed: fp32, bf16, fp64"),
        ("recipe={lr: 1}", "recipe: no such choice"),
        ("evaluation={evaluate_every: 1}", "evaluation: is a group of keys; set them one by one"),
        ("seed=null", "seed: 'None' does not fit: it must be a whole number"),
        ("seed=-1", "seed: -1 is below 0"),
        ("+seed=1", "seed: there is such a key already; leave out the '+'"),
        ("~recipe.lr", "recipe.lr: keys cannot be removed"),
        ("~model", "model: keys cannot be removed"),
        ("seed", "'seed': is no override of the form key=value"),
        ("=1", "'=1': is no override of the form key=value"),
        (
            "runs_dir=~/runs",
            "'runs_dir=~/runs': is no override of the form key=value "
            "(quote its value, for the shell too: \"runs_dir='~/runs'\")",
        ),
        ("seed=[", "'seed=[': is no override of the form key=value"),
        ("model=glob(res*)", "model: 'model=glob(res*)' lists no values; write a,b,c or range(0,3)"),
        ("recipe.lr=interval(0,1)", "recipe.lr: 'recipe.lr=interval(0,1)' lists no values"),
        ("data=image_folder", "data.name: is missing"),
        ("data.root=${nothing}", "data.root: Interpolation key 'nothing' not found"),
        ("model.depth=twenty", "model.depth: 'twenty' is not a whole number"),
        ("model._target_=findings.nets.Nothing", "model._target_: no network 'findings.nets.Nothing'"),
    ],
)
def test_mistakes_are_one_line_with_what_is_right(override: str, line: str) -> None:
    with pytest.raises(InputError) as refusal:
        ours([override])
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)
