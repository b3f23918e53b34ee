"""Plain networks degrade with depth, residual ones do not: He et al. 2015 (arXiv:1512.03385), section 4.2 and Fig. 6.

plain56 and resnet56 are the same network but for its shortcuts, which hold no weights (option A), so that neither
capacity nor cost can explain a difference. The claims, and the one margin among them, were fixed before any run was
made. Training error means error as trained, on augmented images in training mode: what the paper's curves show.
"""

import re
from typing import TYPE_CHECKING

from findings.judging.claims import Claim
from findings.studies import Drawing, Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from findings.judging.evidence import Evidence

NAME = "depth-degradation"
DEGRADATION = "He et al. 2015, section 4.2 and Fig. 6 left"
RESIDUAL = "He et al. 2015, section 4.2 and Fig. 6 middle"

CLAIMS = (
    Claim(
        id="plain-training-error-rises",
        finding=NAME,
        sentence="plain56 ends with a higher training error than plain20",
        kind="greater",
        contrast={"plain56": 1, "plain20": -1},
        metric="train_error",
        source=f"{DEGRADATION}; lectures cs231n and advances",
        published=("he15.f6.plain_order",),
        trainability=True,
    ),
    Claim(
        id="plain-test-error-rises",
        finding=NAME,
        sentence="plain56 ends with a higher test error than plain20",
        kind="greater",
        contrast={"plain56": 1, "plain20": -1},
        metric="test_error",
        source=f"{DEGRADATION}; lectures cs231n, nnda and advances",
        published=("he15.f6.plain56.err", "he15.f6.plain110"),
    ),
    Claim(
        id="residual-training-error-does-not-rise",
        finding=NAME,
        sentence="resnet56 ends with a training error no worse than resnet20's, within 0.5 percentage points",
        kind="no_worse",
        contrast={"resnet56": 1, "resnet20": -1},
        metric="train_error",
        margin=0.5,
        source=f"{RESIDUAL}; lectures cs231n and advances",
    ),
    Claim(
        id="shortcuts-change-what-depth-does",
        finding=NAME,
        sentence="going from 20 to 56 layers adds more training error without shortcuts than with them",
        kind="greater",
        contrast={"plain56": 1, "plain20": -1, "resnet56": -1, "resnet20": 1},
        metric="train_error",
        source="He et al. 2015, section 4.2 and Fig. 6; lectures cs760, cs231n and advances",
        published=("he15.f6.plain_order",),
        trainability=True,
    ),
    Claim(
        id="residual-beats-plain",
        finding=NAME,
        sentence="at 56 layers, the residual network ends with a lower test error than the plain one",
        kind="greater",
        contrast={"plain56": 1, "resnet56": -1},
        metric="test_error",
        source="He et al. 2015, sections 4.1 and 4.2; lectures cs760 and advances",
        published=("he15.t6.resnet56.err", "he15.f6.plain56.err"),
    ),
    Claim(
        id="plain-training-error-rises-with-every-depth",
        finding=NAME,
        sentence="plain networks' training error rises from 20 to 32 to 44 to 56 layers, within 0.5 points a step",
        kind="ordered",
        contrast={},
        order=("plain20", "plain32", "plain44", "plain56"),
        metric="train_error",
        margin=0.5,
        source=DEGRADATION,
        published=("he15.f6.plain_order",),
        trainability=True,
    ),
    Claim(
        id="residual-test-error-falls-with-every-depth",
        finding=NAME,
        sentence="residual networks' test error falls from 20 to 32 to 44 to 56 layers, within 0.5 points a step",
        kind="ordered",
        contrast={},
        order=("resnet56", "resnet44", "resnet32", "resnet20"),
        metric="test_error",
        margin=0.5,
        source="He et al. 2015, Fig. 6 middle and Table 6",
        published=("he15.f6.resnet_order", "he15.t6.resnet20.err", "he15.t6.resnet56.err"),
    ),
    Claim(
        id="residual-110-beats-56",
        finding=NAME,
        sentence="resnet110 ends with a lower test error than resnet56",
        kind="greater",
        contrast={"resnet56": 1, "resnet110": -1},
        metric="test_error",
        source="He et al. 2015, Table 6",
        published=("he15.t6.resnet56.err", "he15.t6.resnet110.err_mean"),
    ),
    Claim(
        id="shortcuts-are-free",
        finding=NAME,
        sentence="plain56 and resnet56 have the same number of parameters",
        kind="computed",
        contrast={"plain56": 1, "resnet56": -1},
        metric="parameters",
        source="He et al. 2015, sections 3.2 and 4.2; lecture cs760",
        published=("he15.t6.resnet56.params",),
    ),
)


def networks(evidence: "Evidence") -> dict[str, dict[int, str]]:
    """The plan's networks: family -> depth -> model, ``{"plain": {20: "plain20"}, "resnet": {...}}``."""
    found: dict[str, dict[int, str]] = {"plain": {}, "resnet": {}}
    for arm in evidence.plan.arms:
        if match := re.fullmatch(r"(plain|resnet)(\d+)", arm.model):
            found[match[1]][int(match[2])] = arm.model
    return {family: dict(sorted(depths.items())) for family, depths in found.items()}


def draw_curves(evidence: "Evidence") -> "Figure | None":
    """Error against iterations, plain | residual, after the paper's Fig. 6."""
    from findings.report.figures.curves import Curves, Panel

    families = networks(evidence)
    panels = [Panel(title, families[family]) for family, title in TITLES.items() if families[family]]
    return Curves(evidence, "Depth and error during training", panels).draw()


def draw_depths(evidence: "Evidence") -> "Figure | None":
    """The last epoch's error against depth, training | test."""
    from findings.report.figures.depths import draw_against_depth

    lines = {title.removesuffix(" networks").lower(): networks(evidence)[family] for family, title in TITLES.items()}
    return draw_against_depth(evidence, "Depth and error at the end of training", lines)


TITLES = {"plain": "Plain networks", "resnet": "Residual networks"}

FINDING = Finding(
    name=NAME,
    title="Depth degradation",
    statement="Plain networks get worse with depth, even on the images they train on; residual networks do not.",
    source="He et al. 2015 (arXiv:1512.03385), section 4.2",
    explanation=(
        "More layers can express everything that fewer can: the added ones need only pass their input on. So a deeper "
        "network should fit its training images at least as well. He et al. saw the opposite in plain stacks of 3x3 "
        "convolutions, and called it degradation. It is not overfitting, which would lower the training error; it is a "
        "failure of the optimisation. A residual network adds each block's input to its output, so that passing it on "
        "is the easy case, and depth should do no harm. Both kinds have the same layers and the same weights here; the "
        "shortcuts are the only difference."
    ),
    claims=CLAIMS,
    drawings=(
        Drawing("error-against-depth", "training and test error at the end against depth", draw_depths),
        Drawing("error-curves", "training and test error against iterations, plain and residual networks", draw_curves),
    ),
    otherwise={
        "residual-training-error-does-not-rise": (
            "In the paper's Fig. 6 deeper residual networks end below shallower ones after 64,000 iterations. They "
            "begin above them: a deeper network learns more slowly at first, and its curve has to cross the other. A "
            "short schedule lowers the learning rate before that, and what it shows is a race that was stopped early. "
            "Compare the effect at several lengths of the schedule: if it shrinks as the schedule grows, it is "
            "slowness that shrinks. Degradation, as in plain networks, would stay."
        ),
        "plain-training-error-rises-with-every-depth": (
            "That the deepest network is worst is one comparison; that each step makes it worse is three at once, each "
            "with less distance between its networks and the same spread between their seeds. All have to hold."
        ),
        "residual-test-error-falls-with-every-depth": (
            "The published steps are small: from 20 layers to 32, 44 and 56 the test error falls by 1.2, then 0.3, "
            "then 0.2 points (Table 6), after a whole schedule. Seeds of one network differ by as much, so "
            "that such steps are within chance unless there are many seeds; and after a short schedule the deeper "
            "networks are those that have more left to learn."
        ),
    },
    published=(
        *("he15.f6.plain20.err", "he15.f6.plain32.err", "he15.f6.plain44.err", "he15.f6.plain56.err"),
        *("he15.f6.plain110", "he15.t6.resnet20.err", "he15.t6.resnet32.err", "he15.t6.resnet44.err"),
        *("he15.t6.resnet56.err", "he15.t6.resnet110.err_mean", "he15.t6.resnet110.err"),
        *("he15.t6.resnet20.params", "he15.t6.resnet32.params", "he15.t6.resnet44.params"),
        *("he15.t6.resnet56.params", "he15.t6.resnet110.params"),
    ),
)
