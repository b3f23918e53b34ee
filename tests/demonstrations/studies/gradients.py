"""What reaches each layer before the first step: He et al. 2015 (arXiv:1512.03385), section 4.1, on plain networks."""

from findings.judging.claims import Claim
from findings.judging.metrics import over_layers
from findings.studies import Finding

NAME = "gradients"
SPREAD = over_layers(
    "gradient_norms",
    "gradient_mean_absolute",
    lambda sizes: max(sizes) / min(sizes),
    name="gradient_spread",
    sentence="the largest mean absolute gradient of a layer by the smallest, before the first step",
    iteration=0,
)
SOURCE = "He et al. 2015, section 4.1"

FINDING = Finding(
    name=NAME,
    title="Gradients by layer",
    statement="Shortcuts make gradients more alike from layer to layer.",
    source=SOURCE,
    explanation="Gradients of every layer's weights on the first batch, in a plain and in a residual network.",
    claims=(
        Claim(
            "plain-gradients-differ-more",
            NAME,
            "gradients differ more from layer to layer in plain20 than in resnet20",
            "greater",
            {"plain20": 1.0, "resnet20": -1.0},
            SPREAD,
            SOURCE,
            ratio=True,
            trainability=True,
        ),
    ),
    drawings=(),
    published=(),
)
