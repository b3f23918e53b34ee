"""Batch norm by learning rate, a factorial: Ioffe & Szegedy 2015 (arXiv:1502.03167), section 3.3."""

from findings.judging.claims import Claim
from findings.studies import Finding

NAME = "norm-and-rate"
NORMS = {"with": "true", "without": "false"}
LABELS = {
    f"{norm} norm, lr {rate}": f"model=resnet8 model.batch_norm={value} recipe.lr={rate}"
    for norm, value in NORMS.items()
    for rate in ("0.3", "0.01")
}
LARGE = {"without norm, lr 0.3": 1.0, "with norm, lr 0.3": -1.0}
SMALL = {"without norm, lr 0.01": 1.0, "with norm, lr 0.01": -1.0}
SOURCE = "Ioffe & Szegedy 2015, section 3.3"

FINDING = Finding(
    name=NAME,
    title="Batch norm and the learning rate",
    statement="Batch norm is needed at a large learning rate, and less so at a small one.",
    source=SOURCE,
    explanation="The same network with and without batch norm, each at two rates. What counts is the interaction.",
    claims=(
        Claim(
            "needed-at-a-large-rate",
            NAME,
            "at lr 0.3 the training error is higher without batch norm",
            "greater",
            LARGE,
            "train_error",
            SOURCE,
            trainability=True,
        ),
        Claim(
            "more-than-at-a-small-one",
            NAME,
            "and by more than at lr 0.01",
            "greater",
            LARGE | {term: -weight for term, weight in SMALL.items()},
            "train_error",
            SOURCE,
            trainability=True,
        ),
    ),
    drawings=(),
    published=(),
    labels=LABELS,
)
