"""A run begins with the weights that another ended with: all of them, those that fit, or all but the head for good."""

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from findings.config.compose import Composer
from findings.config.identity import identify
from findings.config.schema import Config
from findings.errors import InputError
from findings.nets.build import build
from findings.planning.request import request
from findings.training.start import take_weights
from launching import write_sweep
from several import ODD, run, statuses, together
from tiny_runs import go, numbers, record_of, tiny

SHORT: dict[str, Any] = {"recipe__iterations": 12, "recipe__milestones": []}
FC = {"model__head": "fc"}


def tensors(config: Config) -> dict[str, torch.Tensor]:
    held = torch.load(record_of(config).checkpoint, weights_only=True)["state_dict"]
    return {name.removeprefix("network."): held[name] for name in held if name.startswith("network.")}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A finished run of 14 layers."""
    config = tiny(tmp_path_factory.mktemp("source"), **SHORT, model__depth=14)
    assert go(config).status == "finished"
    return config


def after(source: Config, **changes: Any) -> Config:
    """A run of the same folder that begins with ``source``'s weights."""
    begins = {"init_from__run": identify(source).id, "model__depth": 14}
    return tiny(Path(source.runs_dir), **{**SHORT, **begins, **changes})


def begun(config: Config) -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    network = build(config)
    take_weights(network, identify(config))
    return network.state_dict()


def new(config: Config) -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return build(config).state_dict()


def test_all_weights_are_the_other_runs(source: Config) -> None:
    ours, theirs = begun(after(source)), tensors(source)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_fits_is_taken_over_and_the_rest_begins_anew(source: Config) -> None:
    """Another head for fine-tuning, and a block less in each stage."""
    for changes in (FC, {"model__depth": 8}, {"model__depth": 20}):
        config = after(source, init_from__match="matching", **changes)
        ours, theirs, drawn = begun(config), tensors(source), new(config)
        fits = [name for name in ours if name in theirs and theirs[name].shape == ours[name].shape]
        assert any("stages.2" in name for name in fits)
        for name in ours:
            assert torch.equal(ours[name], theirs[name] if name in fits else drawn[name]), name


def test_it_trains_on_from_there_resumes_exactly_and_says_so(source: Config) -> None:
    config = after(source, trainer__chunk_seconds=0)
    go(config, until=5)
    assert record_of(config)["init_from"]["run"] == identify(source).id
    moved = Path(source.runs_dir) / identify(source).id
    moved.rename(moved.with_name("away"))  # what has begun needs it no more
    try:
        assert go(config).status == "finished"
    finally:
        moved.with_name("away").rename(moved)
    stopped = numbers(record_of(config))
    said = record_of(config)["init_from"]
    assert (said["iteration"], said["anew"], said["left"]) == (12, [], [])
    shutil.rmtree(record_of(config).directory)
    go(config)
    assert numbers(record_of(config)) == stopped
    assert float(stopped[0]["train_loss"]) < float(record_of(source).rows()[0]["train_loss"]) - 0.3


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
def test_a_linear_probe_trains_the_head_alone(source: Config, fast: bool) -> None:
    config = after(source, init_from__freeze="backbone", trainer__fast=fast, trainer__chunk_seconds=0, seed=int(fast))
    go(config, until=5)
    assert go(config).status == "finished"
    ours, theirs = tensors(config), tensors(source)
    moved = {name for name in ours if not torch.equal(ours[name], theirs[name])}
    assert moved == {"head.classifier.weight", "head.classifier.bias"}, "running statistics stay, too"
    whole = numbers(record_of(config))
    shutil.rmtree(record_of(config).directory)
    go(config)
    assert numbers(record_of(config)) == whole


def test_a_probe_says_which_gradients_there_are_not(source: Config) -> None:
    probes = "[{_target_:findings.training.probes.gradients.GradientNorms,at:[5]}]"
    config = after(source, init_from__freeze="backbone", evaluation__probes=probes)
    assert go(config).status == "finished"
    with record_of(config).probes.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["probe"] == "gradient_norms"]
    assert {row["key"]: row["remark"] for row in rows if not row["value"]}.pop("stem.0") == "is frozen"
    assert {row["key"] for row in rows if row["value"]} == {"head.classifier"}


@pytest.mark.parametrize("group", [2, None], ids=["uneven groups", "batch norm of all"])
def test_several_devices_probe_what_one_does(group: int | None, tmp_path: Path) -> None:
    base: dict[str, Any] = {**ODD, **SHORT, "recipe__precision": "fp64", "recipe__batch_norm_group": group}
    first = run(tmp_path / "runs", devices=1, **base)
    assert go(first).status == "finished"
    probe = {**base, "init_from__run": identify(first).id, "init_from__freeze": "backbone"}
    one, two = run(tmp_path / "runs", devices=1, **probe), run(tmp_path / "runs", **probe)
    assert statuses(together(two, tmp_path)) == ["finished"] * 2
    (ours,), weights = numbers(record_of(two)), tensors(two)
    shutil.rmtree(record_of(two).directory)
    assert go(one).status == "finished"
    (theirs,) = numbers(record_of(one))
    assert float(ours["train_loss"]) == pytest.approx(float(theirs["train_loss"]), abs=1e-8)
    for name, tensor in tensors(first).items():
        if not name.startswith("head."):
            assert torch.equal(weights[name], tensor), name


def test_ids_depend_on_the_run_that_one_begins_with() -> None:
    def arm(*texts: str) -> str:
        return Composer().compose(texts).arm

    made = [
        arm(),
        arm("init_from.run=a"),
        arm("init_from.run=b"),
        arm("init_from.run=a", "init_from.freeze=backbone"),
        arm("init_from.run=a", "init_from.match=matching"),
    ]
    assert len(set(made)) == 5
    assert arm("init_from.run=a", "seed=3") == made[1]


def test_of_an_arm_it_is_the_run_of_the_same_seed(source: Config) -> None:
    config = after(source, init_from__run=identify(source).arm)
    assert torch.equal(begun(config)["stem.0.weight"], tensors(source)["stem.0.weight"])
    other = after(source, init_from__run=identify(source).arm, seed=1)
    with pytest.raises(InputError, match=r"^init_from\.run: there is no run .*-s1 in "):
        go(other)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"init_from__run": "nowhere-s0"}, "init_from.run: there is no run nowhere-s0 in "),
        ({"model__width": 8}, "init_from.match: stem.0.weight is of (4, 1, 3, 3) there and of (8, 1, 3, 3) here"),
        ({"model__depth": 8}, "init_from.match: stages.0.1.convolutions.0.weight is of (4, 4, 3, 3) there and missing"),
        ({"model__width": 8, "init_from__match": "matching"}, "init_from.run: none of its weights has the name and"),
        (
            {"model__depth": 20, "init_from__match": "matching", "init_from__freeze": "backbone"},
            "init_from.freeze: stages.0.2.convolutions.0.weight would stay as it was drawn",
        ),
    ],
)
def test_what_cannot_be_begun_with_is_one_line_and_leaves_no_failed_run(
    changes: dict[str, Any], line: str, source: Config
) -> None:
    config = after(source, **changes)
    with pytest.raises(InputError) as refusal:
        go(config)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)
    assert record_of(config).status == "planned"


def test_the_other_run_has_to_be_finished_and_its_weights_there(tmp_path: Path) -> None:
    first = tiny(tmp_path, **SHORT, trainer__chunk_seconds=0)
    go(first, until=3)
    config = after(first, model__depth=8)
    with pytest.raises(InputError, match=r"is interrupted; it has to be finished first$"):
        go(config)
    go(first)
    record_of(first).checkpoint.unlink()
    with pytest.raises(InputError, match=r"^init_from\.run: the weights of .* are not in "):
        go(config)


def test_a_sweep_is_refused_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = write_sweep(tmp_path, "fine-tuning", seeds=1, init_from__run="nowhere")
    asked = request(sweep, [])
    with pytest.raises(InputError, match=r"^init_from\.run: there is no run nowhere-s0 in runs; train it first"):
        asked.refuse_unfinished_starts()


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("init_from.run=x-s${seed}", "init_from.run: is taken as it is"),
        ("init_from.freeze=backbone", "init_from.run: is missing"),
        ("init_from.freeze=head", "init_from.freeze: 'head' does not fit: allowed: backbone"),
        ("init_from.runs=x", "init_from.runs: no such key; did you mean 'init_from.run'?"),
    ],
)
def test_mistakes_are_one_line(override: str, line: str) -> None:
    with pytest.raises(InputError) as refusal:
        Composer().compose([override])
    assert str(refusal.value).startswith(line)
