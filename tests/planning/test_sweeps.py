"""Sweeps are W&B's own: the same keys, the same grid; overrides replace and add axes."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from findings.config.compose import Composer, groups
from findings.config.folders import folders, shared
from findings.errors import InputError
from findings.planning.sweeps import Sweep, expand, find, hydra_value, names, read

FILES = sorted(shared("sweeps").glob("*/*.yaml"))
# https://docs.wandb.ai/guides/sweeps/define-sweep-configuration; no key of our own, or `wandb sweep` refuses the file
WANDB_KEYS = set("program method name description project entity metric parameters command run_cap".split())  # noqa: SIM905


def write(path: Path, **content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    usual = {"method": "grid", "parameters": {"scale": {"value": "quick"}, "seed": {"values": [0, 1]}}}
    path.write_text(yaml.safe_dump({key: value for key, value in (usual | content).items() if value is not None}))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_our_sweeps_are_purely_wandbs(file: Path) -> None:
    content = yaml.safe_load(file.read_text())
    assert set(content) <= WANDB_KEYS
    assert content["method"] == "grid"
    # the agent then runs `findings train scale=... model=... seed=...`
    assert content["command"] == ["${env}", "findings", "train", "${args_no_hyphens}"]
    for node in content["parameters"].values():
        assert set(node) in ({"value"}, {"values"})
    first = file.read_text().splitlines()[0]
    assert first == f"# findings run {file.parent.name}/{file.stem}" or first.startswith(
        f"# findings run {file.parent.name}/{file.stem} "
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_our_sweeps_lie_where_their_scale_and_name_say(file: Path) -> None:
    sweep = read(file)
    assert sweep.name == f"{file.parent.name}/{file.stem}"
    assert sweep.scale in groups()["scale"]
    assert yaml.safe_load(file.read_text())["name"] == sweep.folder


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_expansion_is_the_cross_product_in_the_files_order(file: Path) -> None:
    parameters = yaml.safe_load(file.read_text())["parameters"]
    values = [node.get("values", [node.get("value")]) for node in parameters.values()]
    runs, common = expand(read(file), [])
    assert [list(run.values()) for run in runs] == [[hydra_value(v) for v in row] for row in itertools.product(*values)]
    assert all(list(run) == list(parameters) for run in runs)
    assert common == []


def test_nested_parameters_are_dotted_keys(tmp_path: Path) -> None:
    parameters = {"scale": {"value": "quick"}, "recipe": {"parameters": {"lr": {"values": [0.1, 0.2]}}}}
    sweep = read(write(tmp_path / "a.yaml", parameters=parameters))
    assert sweep.axes == {"scale": ["quick"], "recipe.lr": [0.1, 0.2]}


@pytest.fixture
def sweep() -> Sweep:
    axes = {"scale": ["quick"], "seed": [0, 1, 2], "model": ["plain20", "resnet20"]}
    return Sweep("quick", "depth", Path("depth.yaml"), axes)


def test_an_override_that_names_an_axis_replaces_it(sweep: Sweep) -> None:
    runs, common = expand(sweep, ["seed=7", "model=plain56,resnet56,resnet110"])
    assert [(run["seed"], run["model"]) for run in runs] == [("7", "plain56"), ("7", "resnet56"), ("7", "resnet110")]
    assert common == []


def test_a_comma_list_adds_an_axis_and_anything_else_applies_to_all(sweep: Sweep) -> None:
    runs, common = expand(sweep, ["recipe.lr=0.1,0.05", "recipe.flip=true", "recipe.milestones=[1,2]"])
    assert len(runs) == 12
    assert [run["recipe.lr"] for run in runs[:2]] == ["0.1", "0.05"]
    assert common == ["recipe.flip=true", "recipe.milestones=[1,2]"]


def test_hydras_other_ways_to_list_values(sweep: Sweep) -> None:
    assert [run["seed"] for run in expand(sweep, ["seed=range(3,6)", "model=plain20"])[0]] == ["3", "4", "5"]
    assert len(expand(sweep, ["recipe.milestones=[1],[1,2]"])[0]) == 12
    assert [run["model"] for run in expand(sweep, ["seed=0", "model=choice(plain20,plain56)"])[0]] == [
        "plain20",
        "plain56",
    ]


def test_a_sweeps_scale_stays(sweep: Sweep) -> None:
    assert len(expand(sweep, ["scale=quick"])[0]) == 6
    for other in ("scale=cifar10", "scale=quick,cifar10"):
        with pytest.raises(InputError, match="scale: the sweep quick/depth is of scale quick"):
            expand(sweep, [other])


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        3,
        -0.5,
        1e-05,
        "plain20",
        "a b",
        "it's",
        'say "x"',
        "a,b",
        "null",
        "true",
        "1",
        "",
        "a\\b",
        "x=y",
        [1, 2],
    ],
)
def test_values_survive_hydras_grammar(value: Any) -> None:
    """A sweep's YAML value arrives as itself, quoted where the grammar would read something else."""
    from findings.config.compose import parse

    assert parse([f"key={hydra_value(value)}"])[0].value() == value


def test_a_text_with_spaces_arrives_in_the_config() -> None:
    runs, _ = expand(Sweep("quick", "x", Path("x"), {"scale": ["quick"], "data.root": ["my files, (old)"]}), [])
    config = Composer().compose([f"{key}={value}" for key, value in runs[0].items()]).config
    assert config.data.root == "my files, (old)"


def test_sweeps_are_found_by_name_by_scale_and_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [sweep.name for sweep in find("quick/depth-degradation")] == ["quick/depth-degradation"]
    assert [sweep.name for sweep in find("quick")] == [name for name in names() if name.startswith("quick/")]
    path = write(tmp_path / "mine.yaml")
    assert find(str(path))[0].name == "quick/mine"
    assert find("mine.yaml")[0].axes["seed"] == [0, 1]


def test_sweeps_of_the_working_directory_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "sweeps" / "quick" / "depth-degradation.yaml")
    write(tmp_path / "sweeps" / "quick" / "own.yaml")
    monkeypatch.chdir(tmp_path)
    assert len(folders("sweeps")) == 2
    assert "quick/own" in names()
    assert list(find("quick/depth-degradation")[0].axes) == ["scale", "seed"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("quick/depth-degradtion", "quick/depth-degradation"), ("quik", "quick"), ("cifar1", "cifar10")],
)
def test_an_unknown_sweep_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InputError) as error:
        find(name)
    assert str(error.value).startswith(f"sweep: no sweep '{name}'; did you mean '{nearest}'?")


def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert "no such file" in refusal(path)
    for text in ("a: [", "\t", "a: b: c"):
        path.write_text(text)
        assert "cannot be read as YAML" in refusal(path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read as YAML" in refusal(path)
    for text in ("", "- a", "words"):
        path.write_text(text)
        assert "is no sweep" in refusal(path)
    assert "scales: no such key" in refusal(write(path, scales=3))
    assert "did you mean 'parameters'?" in refusal(write(path, parameter={}))
    assert "method: 'random' is not grid" in refusal(write(path, method="random"))
    assert "parameters: is missing" in refusal(write(path, parameters=None))
    assert "parameters: is missing" in refusal(write(path, parameters={}))
    scale = {"scale": {"value": "quick"}}
    for node in ({"values": []}, {"values": 3}, {"min": 0, "max": 1}, 3, {"value": 1, "values": [1]}, None):
        problem = refusal(write(path, parameters=scale | {"seed": node}))
        assert "parameters.seed: needs either value or a list of values" in problem
    for parameters in ({"seed": {"value": 0}}, {"scale": {"values": ["quick", "cifar10"]}}):
        assert "parameters.scale" in refusal(write(path, parameters=parameters))


def test_a_name_with_a_dot_is_a_check_only_of_a_sweep_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "quick"
    folder.mkdir(parents=True)
    for name in ("lr0.1", "mine", "mine.half", "depth-degradation.half"):
        (folder / f"{name}.yaml").write_text("method: grid\nparameters: {scale: {value: quick}}\n")
    found = {name: read(folder / f"{name}.yaml") for name in ("lr0.1", "mine.half", "depth-degradation.half")}
    assert {name: (one.finding, one.check) for name, one in found.items()} == {
        "lr0.1": ("lr0.1", ""),
        "mine.half": ("mine", "half"),
        "depth-degradation.half": ("depth-degradation", "half"),  # of the one that we ship
    }
    assert all(one.name == f"quick/{name}" for name, one in found.items())
