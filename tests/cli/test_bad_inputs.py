"""What users get wrong is answered in one line, with exit code 2, without a traceback, and leaves nothing behind."""

import sys
from pathlib import Path

import pytest

from findings.cli.main import main

LONG = "x" * 10_000
OWN = "own.yaml"

ARGUMENTS = """
tain
--verbose
train seed
train seed=
train seed=-1
train seed=1.5
train seed=one
train seed=[0,1]
train seed=null
train seed=99999999999999999999999x
train sed=1
train seeds=0,1
train =3
train ~seed
train --seed=1
train --no-such-flag
train seed=0,1
train -m seed=range(3,0)
train -m seed=range(0)
train model=plain57
train model=
train model=[plain20]
train model={depth:20}
train model.depth=21
train model.depth=-20
train model.depth=true
train model.width=0
train model.width=1e3
train model.block=bottlenek
train model.no_such=1
train model._target_=os.system
train model._target_=findings.nets.cifar.NoSuch
train model._target_=nowhere.Net
train model._target_=
train recipe=he2014
train recipe.lr=fast
train recipe.lr=-0.1
train recipe.lr=nan
train recipe.lr=[0.1]
train recipe.lr={a:1}
train recipe.lr=${nothing}
train recipe.lr=${recipe.nothing}
train recipe.lr=${oc.env:NO_SUCH_VARIABLE_HERE}
train recipe.iterations=0
train recipe.iterations=-5
train recipe.iterations=1e3
train recipe.iterations=2.5
train recipe.milestones=3
train recipe.milestones=[9,3]
train recipe.milestones=[0]
train recipe.milestones=[100000000]
train recipe.milestones=[a]
train recipe.warmup_iterations=100000000
train recipe.batch_size=0
train recipe.batch_size=1436 data.resize=2 recipe.drop_last=false model=resnet8 recipe.batch_norm_group=null
train recipe.batch_norm_group=7
train recipe.momentum=1
train recipe.label_smoothing=2
train recipe.precision=fp17
train recipe.schedule=linear
train recipe.optimizer._target_=torch.optim.NoSuch
train recipe.crop_padding=-1
train recipe={}
train data=imagenet22k
train data._target_=os.system
train data._target_=shutil.rmtree
train data._target_=findings.data.digits
train data.validation=-1
train data.validation=1437
train data.validation=99999
train data.resize=3
train data=image_folder
train data=image_folder data.root=/no/such/folder data.name=a data.channels=3 data.size=8 data.classes=2
train data=cifar10 data.root=. data.download=false
train evaluation.evaluate_every=0
train evaluation.evaluate_every=often
train evaluation.probes=[{_target_:findings.training.probes.NoSuch}]
train evaluation.probes=3
train trainer.devices=0
train trainer.devices=3
train trainer.accelerator=tpu
train trainer.accelerator=mps
train trainer.accelerator=cuda
train trainer.compiled=true trainer.fast=false
train trainer.chunk_seconds=60
train trainer.threads=0
train tracking=tensorboard
train tracking.mode=sometimes
train runs_dir=
train init_from.run=no-such-run
train init_from.freeze=true
train scale=huge
train +seed=1
train recipe.lr=0.1 recipe.lr
train --frozen
train --frozen nowhere.yaml
train --frozen . seed=1
run
run no/sweep
run quick/depth
run quick/depth-degradation --jobs 0
run quick/depth-degradation --jobs many
run quick/depth-degradation --time-limit soon
run quick/depth-degradation --time-limit -3
run quick/depth-degradation scale=cifar10
run quick/depth-degradation model=
run nowhere.yaml
plan quick/depth-degradation --device
plan quick/depth-degradation --device abacus
plan quick/depth-degradation --gpus 0
measure quick/depth-degradation --rounds 0
measure quick/depth-degradation --seconds -1
measure quick/depth-degradation --seconds nan
report no-scale
report quick runs_dir
report quick no_such=1
show no-such-run
export
export packed
import nowhere
logs no-such-run
submit quick/depth-degradation cluster=no-such-cluster
submit quick/depth-degradation cluster.memory=plenty
cancel
data fetch no-such-data
lock
study no/study
""".strip().splitlines()

SWEEPS = {
    "empty": "",
    "a list": "- method: grid\n",
    "a word": "grid\n",
    "not YAML": "method: grid\nparameters: [\n",
    "tabs": "method: grid\nparameters:\n\tscale: {value: quick}\n",
    "no text": b"\xff\xfe\x00m\x00e",
    "a key twice": "method: grid\nmethod: grid\nparameters: {scale: {value: quick}, seed: {value: 0}}\n",
    "a parameter twice": "method: grid\nparameters:\n  scale: {value: quick}\n  seed: {value: 0}\n  seed: {value: 1}\n",
    "no method": "parameters: {scale: {value: quick}}\n",
    "random": "method: random\nparameters: {scale: {value: quick}, recipe.lr: {min: 0.1, max: 1}}\n",
    "bayes": "method: bayes\nmetric: {name: test_error}\nparameters: {scale: {value: quick}, seed: {value: 0}}\n",
    "no parameters": "method: grid\n",
    "empty parameters": "method: grid\nparameters: {}\n",
    "parameters in a list": "method: grid\nparameters: [scale, seed]\n",
    "no scale": "method: grid\nparameters: {seed: {values: [0, 1]}}\n",
    "two scales": "method: grid\nparameters: {scale: {values: [quick, cifar10]}}\n",
    "no values": "method: grid\nparameters: {scale: {value: quick}, seed: {values: []}}\n",
    "values that are none": "method: grid\nparameters: {scale: {value: quick}, seed: {values: 3}}\n",
    "a bare value": "method: grid\nparameters: {scale: {value: quick}, seed: 3}\n",
    "value and values": "method: grid\nparameters: {scale: {value: quick}, seed: {value: 1, values: [1]}}\n",
    "a distribution": "method: grid\nparameters: {scale: {value: quick}, recipe.lr: {distribution: uniform, max: 1}}\n",
    "an unknown key": "method: grid\nparamters: {}\nparameters: {scale: {value: quick}, seed: {value: 0}}\n",
    "an unknown parameter": "method: grid\nparameters: {scale: {value: quick}, recipe.lrate: {value: 0.1}}\n",
    "1e-3": "method: grid\nparameters: {scale: {value: quick}, recipe.iterations: {value: 1e-3}}\n",
    "yes": "method: grid\nparameters: {scale: {value: quick}, recipe.iterations: {value: yes}}\n",
    "a date": "method: grid\nparameters: {scale: {value: quick}, seed: {value: 2024-01-01}}\n",
    "a negative seed": "method: grid\nparameters: {scale: {value: quick}, seed: {values: [-1]}}\n",
    "a reference": "method: grid\nparameters: {scale: {value: quick}, recipe.lr: {value: '${nothing}'}}\n",
    "an override": "method: grid\nparameters: {scale: {value: quick}}\ncommand: [findings, train, recipe.lr=0.5]\n",
    "a cap": "method: grid\nrun_cap: 3\nparameters: {scale: {value: quick}, seed: {values: [0, 1]}}\n",
    "a project": "method: grid\nproject: mine\nparameters: {scale: {value: quick}, seed: {value: 0}}\n",
    "an early end": "method: grid\nearly_terminate: {type: hyperband}\nparameters: {scale: {value: quick}}\n",
    "10,000 characters": f"method: grid\nparameters: {{scale: {{value: quick}}, model: {{value: {LONG}}}}}\n",
    "nested, without values": "method: grid\nparameters: {scale: {value: quick}, recipe: {parameters: {lr: 3}}}\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / "cache"))
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")  # `train` sets it
    monkeypatch.delenv("FINDINGS_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", ["findings"])  # and this
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    try:
        code: object = main(arguments)
    except SystemExit as error:
        code = error.code
    out, err = capsys.readouterr()
    assert code == 2, (code, out, err)
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in out + err
    return err


def test_the_table_is_long() -> None:
    assert len({*ARGUMENTS}) + len(SWEEPS) >= 150


@pytest.mark.parametrize("line", ARGUMENTS)
def test_a_wrong_command_line(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, *line.split(" "))
    assert {path.name for path in folder.rglob("*") if path.is_file()} <= {".lock", "multirun.yaml"}


@pytest.mark.parametrize("kind", SWEEPS)
def test_a_wrong_sweep_file(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = SWEEPS[kind]
    (folder / OWN).write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused(capsys, "plan", OWN)
    assert len(line) < 2 * len(LONG)
    assert [path.name for path in folder.iterdir()] == [OWN]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffmethod: grid\r\nparameters:\r\n  scale: {value: quick}\r\n  model: {values: [resnet8]}\r\n",
        "method: grid\nparameters:\n  scale: {value: quick}\n  model: {distribution: categorical, values: [resnet8]}\n",
        "method: grid\nparameters: {scale: {distribution: constant, value: quick}, model: {value: resnet8}}\n",
        "method: grid\nparameters: {scale: {value: quick}, model: {value: resnet8}, recipe.lr: {value: 1e-3}}\n",
        "method: grid\nparameters: {scale: {value: quick}, model: {value: resnet8}, seed: {value: 4294967296}}\n",
        "method: grid\nparameters: {scale: {value: quick}, model: {value: resnet8}, seed: {values: [1, 1]}}\n",
        "method: grid\nparameters: {scale: {value: quick}, model: {value: resnet8},"
        " recipe: {parameters: {lr: {value: 1}}}}\n",
    ],
    ids=["BOM and CRLF", "categorical", "constant", "1e-3", "a seed past 2^32", "a value twice", "nested"],
)
def test_what_is_odd_and_right(content: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / OWN).write_bytes(content.encode())
    assert main(["plan", OWN]) == 0, capsys.readouterr().err
    assert "\n1 runs" in capsys.readouterr().out
