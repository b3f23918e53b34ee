"""How soon a network learns, by its nonlinearity: Krizhevsky et al. 2012, section 3.1 and Fig. 1."""

from findings.judging.claims import Claim
from findings.studies import Finding

NAME = "nonlinearities"
LABELS = {name: f"model=resnet8 model.nonlinearity={name}" for name in ("relu", "tanh", "sigmoid")}
SOURCE = "Krizhevsky et al. 2012, section 3.1 and Fig. 1"

FINDING = Finding(
    name=NAME,
    title="Nonlinearities",
    statement="ReLU reaches a training error in fewer iterations than tanh, and tanh in fewer than a sigmoid.",
    source=SOURCE,
    explanation="One network with three nonlinearities, and the iterations until an epoch errs on 25 % or less.",
    claims=(
        Claim(
            "relu-before-tanh",
            NAME,
            "tanh needs more iterations than relu until the training error is 25 %",
            "greater",
            {"tanh": 1.0, "relu": -1.0},
            "iterations_to_train_error_25",
            SOURCE,
            trainability=True,
        ),
        Claim(
            "relu-before-sigmoid",
            NAME,
            "a sigmoid needs more iterations than relu",
            "greater",
            {"sigmoid": 1.0, "relu": -1.0},
            "iterations_to_train_error_25",
            SOURCE,
            trainability=True,
        ),
    ),
    drawings=(),
    published=(),
    labels=LABELS,
)
