"""What somebody writes in a folder of their own: a network, a scale, a recipe, a finding and its sweep."""

from pathlib import Path

NETWORK = '''
from torch import Tensor, nn


class MyNet(nn.Module):
    """No size and no group of batch norm: a class takes what it needs."""

    def __init__(self, *, channels: int, classes: int, width: int = 4) -> None:
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.maps(x).flatten(1))

    @staticmethod
    def name(model: dict) -> str:
        return f"mynet-w{model['width']}"
'''
STUDY = """
from findings.judging.claims import Claim
from findings.studies import Finding, Subject

CLAIM = Claim(
    id="mine-counts",
    finding="my-finding",
    sentence="It has 90 parameters.",
    kind="computed",
    contrast={"mine": 1, "mine-wide": -1},
    quoted={"mine": "90", "mine-wide": "170"},
    metric="parameters",
    source="made up",
)
FINDING = Finding(
    name="my-finding",
    title="My own finding",
    statement="Wider is larger.",
    source="made up",
    explanation="Two networks are counted.",
    claims=(CLAIM,),
    drawings=(),
    published=(),
    untrained=(Subject("mine", size=8, channels=1, classes=10), Subject("mine-wide", size=8, channels=1, classes=10)),
)
"""
FILES = {
    "my_networks.py": NETWORK,
    "studies/my_finding.py": STUDY,
    "conf/model/mine.yaml": "_target_: my_networks.MyNet\n",
    "conf/model/mine-wide.yaml": "defaults: [mine, _self_]\nwidth: 8\n",
    "conf/recipe/short.yaml": (
        "defaults: [quick, _self_]\nname: short\niterations: 24\nmilestones: [20]\nwarmup_iterations: 0\n"
    ),
    "conf/scale/mine.yaml": (
        "# @package _global_\n"
        "defaults:\n  - override /data: digits\n  - override /recipe: short\n"
        "scale: mine\nevaluation: {remeasure_training: last}\n"
    ),
    "sweeps/mine/my-finding.yaml": (
        "method: grid\nparameters:\n"
        "  scale: {value: mine}\n  model: {values: [mine, mine-wide]}\n  seed: {values: [0, 1]}\n"
    ),
}


def write(folder: Path, **changed: str) -> Path:
    """All of it into ``folder``; ``changed`` holds other contents, by the names of files without their endings."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.stem, content))
    return folder
