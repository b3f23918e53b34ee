"""Width can beat depth: Zagoruyko & Komodakis 2016 (arXiv:1605.07146), sections 2 and 3.

A wide shallow and a thin deep residual network of as many parameters, and both once more without their shortcuts
(the projections stay out with them). The claims and their margins were fixed before any run but of digits,
which served to try them.
"""

import statistics
from typing import TYPE_CHECKING

from findings.judging.claims import Claim
from findings.studies import Drawing, Finding, Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from findings.judging.evidence import Evidence

NAME = "wide-vs-deep"
ROLES = {
    "wide": ("wide16x4", "wide16x2", "wide10x2"),
    "deep": ("wide178x1", "wide46x1", "wide22x1"),
    "wide_plain": ("wide16x4-plain", "wide16x2-plain", "wide10x2-plain"),
    "deep_plain": ("wide178x1-plain", "wide46x1-plain", "wide22x1-plain"),
}

CLAIMS = (
    Claim(
        id="wide-published-parameters",
        finding=NAME,
        sentence="WRN-40-4 has 8.9 M parameters and WRN-28-10 36.5 M",
        kind="computed",
        contrast={"wide28x10": 1, "wide40x4": -1},
        quoted={"wide28x10": "36.5e6", "wide40x4": "8.9e6"},
        metric="parameters",
        source="Zagoruyko & Komodakis 2016, Table 4",
        published=("wrn.t4.wrn40x4.params", "wrn.t4.wrn28x10.params"),
    ),
    Claim(
        id="wide-50-has-more-parameters-than-152",
        finding=NAME,
        sentence="WRN-50-2 has 68.9 M parameters, more than ResNet-152's 60.2 M",
        kind="computed",
        contrast={"wide-resnet50x2": 1, "resnet152": -1},
        quoted={"wide-resnet50x2": "68.9e6", "resnet152": "60.2e6"},
        metric="parameters",
        source="Zagoruyko & Komodakis 2016, Table 8; lecture advances",
        published=("wrn.t8.wrn50x2.params", "wrn.t8.resnet152.params", "wrn.t8.wrn50x2.top1", "wrn.t8.resnet152.top1"),
    ),
    Claim(
        id="wide-matched-parameters",
        finding=NAME,
        sentence="{wide} has as many parameters as {deep}, within 12 %",
        kind="computed",
        contrast={"wide": 1, "deep": -1},
        metric="parameters",
        margin=0.12,
        source="Zagoruyko & Komodakis 2016, section 3",
    ),
    Claim(
        id="wide-no-worse-than-deep",
        finding=NAME,
        sentence="the wide {wide} ends with a test error no worse than the deep {deep}'s, within 0.5 percentage points",
        kind="no_worse",
        contrast={"wide": 1, "deep": -1},
        metric="test_error",
        margin=0.5,
        source="Zagoruyko & Komodakis 2016, Tables 4 to 6; lecture advances",
        published=("wrn.t6.wrn16x4.err", "wrn.t6.wrn52x1.err", "wrn.t5.wrn40x4.err", "he16.t4.preact1001.err"),
    ),
    Claim(
        id="wide-trains-faster",
        finding=NAME,
        sentence="{wide} trains more images a second than {deep}",
        kind="measured",
        contrast={"wide": 1, "deep": -1},
        metric="images_per_second",
        margin=1.0,
        source="Zagoruyko & Komodakis 2016, Fig. 4; lecture advances",
        published=("wrn.f4.wrn40x4.time", "wrn.f4.preact1001.time"),
    ),
    Claim(
        id="wide-needs-shortcuts",
        finding=NAME,
        sentence="without its shortcuts the wide network ends with a higher test error ({wide_plain} against {wide})",
        kind="greater",
        contrast={"wide_plain": 1, "wide": -1},
        metric="test_error",
        source="lecture advances: residual connections are what matters",
        trainability=True,
    ),
    Claim(
        id="deep-needs-shortcuts",
        finding=NAME,
        sentence="without its shortcuts the deep network ends with a higher test error ({deep_plain} against {deep})",
        kind="greater",
        contrast={"deep_plain": 1, "deep": -1},
        metric="test_error",
        source="lecture advances: residual connections are what matters",
        trainability=True,
    ),
    Claim(
        id="depth-needs-shortcuts-more-than-width",
        finding=NAME,
        sentence="removing the shortcuts raises the test error of the deep network by more than that of the wide one",
        kind="greater",
        contrast={"deep_plain": 1, "deep": -1, "wide_plain": -1, "wide": 1},
        metric="test_error",
        source="ours: what the lecture advances says of shortcuts and depth, as an interaction",
        trainability=True,
    ),
)


KINDS = {
    "wide": "wide, with shortcuts",
    "deep": "deep, with shortcuts",
    "wide_plain": "wide, without",
    "deep_plain": "deep, without",
}


def draw_rows_of_networks(evidence: "Evidence") -> "Figure | None":
    """Test error and training speed of the four networks."""
    from findings.judging.metrics import final
    from findings.report.figures.looks import look
    from findings.report.figures.rows import Entry, Panel, draw_rows

    players = FINDING.cast(evidence)
    models = list(players.values())
    names = {model: f"{model}\n{KINDS[role]}" for role, model in players.items()}
    ended = {model: [run for run in evidence.runs_of(model) if run.rows] for model in models}
    if not any(ended.values()):
        return None
    speeds = {model: evidence.cost(model, "images_per_second") for model in models}
    panels = [
        Panel(
            "Test error",
            "at the last epoch (%)",
            [Entry(names[model], final(ended[model], "test_error"), look(model)) for model in models],
        ),
        Panel(
            "Training speed",
            "images a second",
            [Entry(names[m], [statistics.median(speeds[m])] if speeds[m] else [], look(m)) for m in models],
            bars=True,
            form=",.0f",
        ),
    ]
    note = (
        "Large marks and bars: mean and sd over the seeds (small). Speed: median, one network at a time on the device."
    )
    return draw_rows(evidence, "Wide and shallow, thin and deep, with and without shortcuts", note, panels, models)


def draw_curves(evidence: "Evidence") -> "Figure | None":
    """Error against iterations, with shortcuts | without."""
    from findings.report.figures.curves import Curves, Panel

    players = FINDING.cast(evidence)
    kinds = {"With shortcuts": ("wide", "deep"), "Without shortcuts": ("wide_plain", "deep_plain")}
    panels = [
        Panel(title, {role.removesuffix("_plain"): players[role] for role in roles if role in players})
        for title, roles in kinds.items()
    ]
    return Curves(
        evidence, "Width, depth and error during training", [panel for panel in panels if panel.models]
    ).draw()


FINDING = Finding(
    name=NAME,
    title="Wide against deep",
    statement="Width can beat depth: a wide shallow residual network is as good as a thin deep one, and trains faster.",
    source="Zagoruyko & Komodakis 2016 (arXiv:1605.07146)",
    explanation=(
        "Residual networks made hundreds of layers trainable, and depth was taken for the reason of their success. "
        "Zagoruyko & Komodakis spent the same weights on more channels in fewer layers: the test error did not suffer, "
        "and training was several times faster, because a device does a few large convolutions faster than many small "
        "ones. Both networks are also trained without their shortcuts, to tell what depth does from what the shortcuts "
        "do."
    ),
    claims=CLAIMS,
    roles=ROLES,
    untrained=(
        Subject("wide40x4", size=32, classes=10),
        Subject("wide28x10", size=32, classes=10),
        Subject("preact-resnet1001-bottleneck", size=32, classes=10),
        Subject("wide-resnet50x2", size=224),
        Subject("resnet152", size=224),
    ),
    drawings=(
        Drawing("error-and-speed", "test error and training speed of four networks", draw_rows_of_networks),
        Drawing("error-curves", "training and test error against iterations, with and without shortcuts", draw_curves),
    ),
    published=(
        *("wrn.t6.wrn16x4.err", "wrn.t6.wrn52x1.err", "wrn.t5.wrn40x4.err", "wrn.t5.wrn28x10.err"),
        *("he16.t4.preact1001.err", "wrn.t4.wrn40x4.params", "wrn.t4.wrn28x10.params", "he16.t4.preact1001.params"),
        *("wrn.t8.wrn50x2.params", "wrn.t8.resnet152.params", "wrn.t8.wrn50x2.top1", "wrn.t8.resnet152.top1"),
        *("wrn.f4.wrn40x4.time", "wrn.f4.preact1001.time"),
    ),
    notes=(
        "The pre-activation ResNet-1001 counts 10.33 M parameters with a projection at each stage; its paper prints "
        "10.2 M.",
        "A lecture says that a 50-layer wide network beats the 152-layer original: by 0.26 points of top-1 error, with "
        "14 % more parameters (Zagoruyko & Komodakis 2016, Table 8).",
        "WRN-40-4 is called 8 times faster than ResNet-1001; the bars of the paper's Fig. 4 read 512 and 68 ms, 7.5 "
        "times.",
    ),
)
