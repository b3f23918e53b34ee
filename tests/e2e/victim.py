"""A process that trains one frozen config, to be killed."""

from pathlib import Path

from findings.config.frozen import thaw
from findings.training.signals import Stop
from findings.training.train import train


def train_frozen(frozen: Path, runs_dir: Path) -> None:
    run = thaw(frozen).with_config(runs_dir=str(runs_dir))
    outcome = train(run, stop=Stop(), progress=lambda *_: None)
    assert outcome.status in ("finished", "skipped"), outcome
