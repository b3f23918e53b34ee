"""Profiles of clusters: every committed one holds, and what no job could run with is one line."""

from pathlib import Path

import pytest

from findings.engines.slurm.profile import check_grace, names, read, seconds
from findings.errors import InputError


def test_every_profile_that_comes_with_findings_holds_and_says_how_it_is_used() -> None:
    assert {"cpu", "gpu", "preemptible"} <= set(names())
    for name in names():
        check_grace(read(name), chunk_seconds=5.0)
        first = Path("conf", "cluster", f"{name}.yaml").read_text().splitlines()[0]
        assert first.startswith("# findings submit ")
        assert f"--cluster {name}" in first


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        *(("90", 5400), ("1:30", 90), ("01:30:00", 5400), ("2-12", 216_000)),
        *(("2-12:30", 217_800), ("0-00:00:10", 10)),
    ],
)
def test_time_limits_are_slurms(time: str, expected: int) -> None:
    assert seconds(time) == expected


@pytest.mark.parametrize("time", ["", "1h", "1:2:3:4", "-5", "2-", "1-2:3:4:5", "1 "])
def test_other_time_limits_are_refused(time: str) -> None:
    with pytest.raises(InputError, match="none of SLURM's forms"):
        seconds(time)


def test_times_and_names_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("time: 12:00:00\naccount: 2023_456\nqos: 0123\ncpus: 8\nmps: false\nmemory: null\n")
    profile = read(str(path), ["cluster.partition=1e3", "cluster.max_parallel=3"])
    assert (profile.time, profile.account, profile.qos, profile.partition) == ("12:00:00", "2023_456", "0123", "1e3")
    assert (profile.cpus, profile.max_parallel, profile.mps, profile.memory) == (8, 3, False, None)
    assert read(str(path), ["cluster.time=1:30:00"]).time == "1:30:00"


def test_a_profile_of_ones_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "conf" / "cluster" / "cpu.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("partition: mine\n")
    monkeypatch.chdir(tmp_path)
    assert read("cpu").partition == "mine"
    assert read("cpu", ["cluster.partition=another", "cluster.cpus=7"]).cpus == 7
    assert read(str(own)).partition == "mine"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("partitoin: x", r"cluster\.yaml: partitoin: no such key of a cluster; did you mean 'partition'\?"),
        ("cpus: many", r"cluster\.yaml: cpus: Value 'many' .* could not be converted to Integer"),
        ("cpus: 0", r"cluster\.yaml: cpus: 0 is not above 0"),
        ("memory: lots", r"cluster\.yaml: memory: 'lots' is no size such as 16G"),
        ("time: soon", r"cluster\.yaml: time: 'soon' is none of SLURM's forms"),
        ('time: "1"\nsignal: 60', r"cluster\.yaml: signal: 60 s before the end is before the start"),
        ("partition: a b", r"cluster\.yaml: partition: 'a b' is no word that SLURM takes"),
        ("options: [exclusive]", r"cluster\.yaml: options: 'exclusive' is no option of sbatch"),
        ("mps: true", r"cluster\.yaml: mps: is for GPUs"),
        ("gres: gpu:1", r"gres: 'gpu:1' counts: one device is gpu, and how many are devices: 1"),
        ("gres: gpu:a100:4", r"gres: 'gpu:a100:4' counts: one device is gpu:a100, and how many are devices: 4"),
        (
            "options: [--gpus=2]",
            r"options: '--gpus=2' asks for GPUs that no run would be told of: set gres and devices",
        ),
        ("options: [--gpus-per-node 4]", r"options: '--gpus-per-node 4' asks for GPUs"),
        ("options: [-G1]", r"options: '-G1' asks for GPUs"),
        ("options: [--gres=gpu:1]", r"options: '--gres=gpu:1' asks for GPUs"),
        ("max_tasks: 0", r"cluster\.yaml: max_tasks: 0 is not above 0"),
        ("task_devices: 4\ndevices: 2", r"cluster\.yaml: task_devices: is for runs of one device"),
        ("[", r"cluster\.yaml: cannot be read as YAML"),
        ("just text", r"cluster\.yaml: holds no keys"),
    ],
)
def test_mistakes_are_one_line_that_names_the_key(text: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=line) as error:
        read(str(path))
    assert "\n" not in str(error.value)


def test_an_unknown_profile_or_key_is_named_with_its_nearest() -> None:
    with pytest.raises(InputError, match=r"--cluster: no profile 'cpus' in conf/cluster/; did you mean 'cpu'\?"):
        read("cpus")
    with pytest.raises(InputError, match=r"cluster\.tiem: no such key of a cluster; did you mean 'time'\?"):
        read("cpu", ["cluster.tiem=5"])
    with pytest.raises(InputError, match=r"cluster\.cpus: .*could not be converted"):
        read("cpu", ["cluster.cpus=x"])


@pytest.mark.parametrize("key", ["signal", "grace"])
def test_a_grace_period_is_longer_than_a_chunk_and_a_checkpoint(key: str) -> None:
    with pytest.raises(InputError, match=rf"cluster\.{key}: 15 s is too short: .*need more than 15 s"):
        check_grace(read("cpu", [f"cluster.{key}=15"]), chunk_seconds=5.0)
    check_grace(read("cpu", [f"cluster.{key}=16"]), chunk_seconds=5.0)
