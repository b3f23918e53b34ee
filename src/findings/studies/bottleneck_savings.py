"""Bottlenecks buy depth cheaply: He et al. 2015 (arXiv:1512.03385), section 4.1; He et al. 2016 (arXiv:1603.05027).

What a bottleneck saves is counted from blocks, modules and networks; what the saved weights buy is trained: a basic
network and a deeper one of bottlenecks, with as many blocks, weights and multiply-adds. The claims about
runs were fixed before any run but of digits, which served to try them.
"""

import statistics
from typing import TYPE_CHECKING

from findings.judging.claims import Claim
from findings.studies import Drawing, Finding, Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from findings.judging.evidence import Evidence

NAME = "bottleneck-savings"
ROLES = {
    "basic": ("preact-resnet110", "preact-resnet20", "preact-resnet14"),
    "bottleneck": ("preact-resnet164-bottleneck", "preact-resnet29-bottleneck", "preact-resnet20-bottleneck"),
}

CLAIMS = (
    Claim(
        id="bottleneck-block-weights",
        finding=NAME,
        sentence="a basic block of 256 channels has 1,179,648 weights, a bottleneck block 69,632: 17 times fewer",
        kind="computed",
        contrast={"block256-basic": 1, "block256-bottleneck": -1},
        quoted={"block256-basic": "1179648", "block256-bottleneck": "69632"},
        metric="parameters",
        source="lectures cs231n and advances; He et al. 2015, Fig. 5",
        published=("cs231n.block.basic", "cs231n.block.bottleneck"),
    ),
    Claim(
        id="bottleneck-block-multiply-adds",
        finding=NAME,
        sentence="on maps of 28x28, they make 924,844,032 and 54,591,488 multiply-adds",
        kind="computed",
        contrast={"block256-basic": 1, "block256-bottleneck": -1},
        quoted={"block256-basic": "924844032", "block256-bottleneck": "54591488"},
        metric="multiply_adds",
        source="lectures cs231n and advances; He et al. 2015, Fig. 5",
    ),
    Claim(
        id="resnet50-costs-as-resnet34",
        finding=NAME,
        sentence="ResNet-50 of bottlenecks makes 3.8 G multiply-adds an image, ResNet-34 3.6 G (printed)",
        kind="computed",
        contrast={"resnet50": 1, "resnet34": -1},
        quoted={"resnet50": "3.8e9", "resnet34": "3.6e9"},
        metric="multiply_adds",
        source="He et al. 2015, Table 1",
        published=("he15.t1.resnet34.flops", "he15.t1.resnet50.flops"),
    ),
    Claim(
        id="stride-in-the-3x3-costs-more",
        finding=NAME,
        sentence="with the stride in the 3x3 convolution, as most libraries have it, ResNet-50 makes 4.09 G",
        kind="computed",
        contrast={"resnet50-stride3x3": 1, "resnet50": -1},
        quoted={"resnet50-stride3x3": "4.09e9", "resnet50": "3.86e9"},
        metric="multiply_adds",
        source="He et al. 2015, Table 1 (the stride in the first 1x1)",
    ),
    Claim(
        id="inception-reductions",
        finding=NAME,
        sentence=("reductions of 64 channels bring an Inception module on 28x28x256 from 854 M multiply-adds to 358 M"),
        kind="computed",
        contrast={"inception-naive": 1, "inception-reduced": -1},
        quoted={"inception-naive": "854e6", "inception-reduced": "358e6"},
        metric="multiply_adds",
        source="lecture advances",
        published=("advances.inception.naive", "advances.inception.reduced"),
    ),
    Claim(
        id="bottleneck-matched-parameters",
        finding=NAME,
        sentence="{bottleneck} has as many parameters as {basic}, within 6 %",
        kind="computed",
        contrast={"bottleneck": 1, "basic": -1},
        metric="parameters",
        margin=0.06,
        source="He et al. 2016, Tables 2 and 4",
        published=("he16.t4.preact164.params",),
    ),
    Claim(
        id="bottleneck-matched-multiply-adds",
        finding=NAME,
        sentence="{bottleneck} makes as many multiply-adds an image as {basic}, within 6 %",
        kind="computed",
        contrast={"bottleneck": 1, "basic": -1},
        metric="multiply_adds",
        margin=0.06,
        source="He et al. 2015, section 4.1",
    ),
    Claim(
        id="bottleneck-depth-lowers-test-error",
        finding=NAME,
        sentence="the deeper {bottleneck} ends with a lower test error than {basic}",
        kind="greater",
        contrast={"basic": 1, "bottleneck": -1},
        metric="test_error",
        source="He et al. 2016, Table 2; lectures cs231n and advances",
        published=("he16.t2.preact110.err", "he16.t2.preact164.err"),
    ),
    Claim(
        id="bottleneck-training-speed",
        finding=NAME,
        sentence="{bottleneck} trains more than 0.8 times as many images a second as {basic}",
        kind="measured",
        contrast={"bottleneck": 1, "basic": -1},
        metric="images_per_second",
        margin=0.8,
        source="ours: whether equal arithmetic takes equal time (He et al. 2015, section 4.1, state the arithmetic)",
    ),
)


def draw_counts(evidence: "Evidence") -> "Figure | None":
    """What is counted: blocks, Inception modules, ResNets."""
    from findings.report.figures.looks import look
    from findings.report.figures.rows import Entry, Panel, draw_rows

    def entries(metric: str, unit: float, form: str, **named: str) -> list[Entry]:
        found = [(name.replace("_", " "), evidence.count(model, metric), look(model)) for name, model in named.items()]
        return [Entry(name, [value / unit], seen, form.format(value / unit)) for name, value, seen in found if value]

    panels = [
        Panel(
            "A block of 256 channels",
            "weights (millions)",
            entries("parameters", 1e6, "{:.3f} M", basic="block256-basic", bottleneck="block256-bottleneck"),
            bars=True,
        ),
        Panel(
            "An Inception module",
            "multiply-adds (millions)",
            entries("multiply_adds", 1e6, "{:.1f} M", naive="inception-naive", reduced="inception-reduced"),
            bars=True,
        ),
        Panel(
            "A ResNet",
            "multiply-adds (billions)",
            entries("multiply_adds", 1e9, "{:.2f} G", **{"34, basic": "resnet34", "50, bottleneck": "resnet50"}),
            bars=True,
        ),
    ]
    note = "Counted from the networks. Blocks and modules on maps of 28x28x256, ResNets on an image of 224x224."
    return draw_rows(evidence, "What bottlenecks save", note, panels, [])


def draw_error_and_cost(evidence: "Evidence") -> "Figure | None":
    """The trained pair: test error, multiply-adds, time."""
    from findings.judging.metrics import final
    from findings.report.figures.looks import look
    from findings.report.figures.rows import Entry, Panel, draw_rows

    players = FINDING.cast(evidence)
    models = list(players.values())

    def rows(values: dict[str, list[float]]) -> list[Entry]:
        return [Entry(model, values[model], look(model)) for model in models]

    errors = {model: final([run for run in evidence.runs_of(model) if run.rows], "test_error") for model in models}
    counts = {model: [(evidence.count(model, "multiply_adds") or 0) / 1e6] for model in models}
    times = {model: evidence.cost(model, "milliseconds_per_step") for model in models}
    if not any(errors.values()):
        return None
    panels = [
        Panel("Test error", "at the last epoch (%)", rows(errors)),
        Panel("Arithmetic", "multiply-adds an image (millions)", rows(counts), bars=True, form=".3g"),
        Panel(
            "Time",
            "ms per training step",
            rows({model: [statistics.median(each)] if each else [] for model, each in times.items()}),
            bars=True,
            form=".3g",
        ),
    ]
    note = (
        "Large marks and bars: mean and sd over the seeds (small). Time: median, one network at a time on the device."
    )
    return draw_rows(evidence, "A basic network and a deeper one of bottlenecks", note, panels, models)


FINDING = Finding(
    name=NAME,
    title="Bottleneck savings",
    statement="Bottlenecks buy depth cheaply: 1x1 convolutions around the 3x3 make a deeper network at the same cost.",
    source="He et al. 2015 (arXiv:1512.03385), section 4.1; He et al. 2016 (arXiv:1603.05027)",
    explanation=(
        "A 3x3 convolution costs nine multiplications for every pair of an incoming and an outgoing channel. A "
        "bottleneck first brings the channels down with a 1x1 convolution, makes the 3x3 convolution on the few that "
        "are left, and brings them up again with another 1x1. So a block has three layers in place of two for less "
        "than a tenth of the weights at the same width. Spent on channels and depth, the saving should give a better "
        "network at the price of the old one. Counting shows the saving exactly; whether the deeper network is better "
        "has to be trained, and whether it is as fast has to be measured, since multiply-adds are not time."
    ),
    claims=CLAIMS,
    roles=ROLES,
    untrained=(
        Subject("block256-basic", size=28, channels=256),
        Subject("block256-bottleneck", size=28, channels=256),
        Subject("inception-naive", size=28, channels=256),
        Subject("inception-reduced", size=28, channels=256),
        Subject("resnet34", size=224),
        Subject("resnet50", size=224),
        Subject("resnet50-stride3x3", size=224),
    ),
    drawings=(
        Drawing(
            "error-and-cost",
            "test error, multiply-adds and time of a basic network and a deeper one of bottlenecks",
            draw_error_and_cost,
        ),
        Drawing("counted-savings", "weights and multiply-adds of blocks, modules and networks", draw_counts),
    ),
    published=(
        *("cs231n.block.basic", "cs231n.block.bottleneck", "he15.t1.resnet34.flops", "he15.t1.resnet50.flops"),
        *("advances.inception.naive", "advances.inception.reduced", "he16.t2.preact110.err"),
        *("he16.t2.preact164.err", "he16.t4.preact164.params"),
    ),
    otherwise={
        "inception-reductions": (
            "The lecture prints 358 M multiply-adds for the reduced module. Its own terms, 3 x 12.85 + 25.69 + 86.70 + "
            "120.42, add up to 271.35 M, which is what the module makes; 358 M counts the 3x3 term twice."
        ),
        "resnet50-costs-as-resnet34": (
            "He et al. cut to two digits what would round to 3.7 G and 3.9 G for ResNet-34 and ResNet-50 (3.66 and "
            "3.86 G, the stride of a stage in its first 1x1). Libraries that quote 4.09 G for ResNet-50 have it in "
            "the 3x3."
        ),
        "bottleneck-depth-lowers-test-error": (
            "Depth is what bottlenecks buy, and depth has to be worth something. He et al. compare 110 layers with 164 "
            "after 64,000 iterations; a smaller scale compares 20 layers with 29, narrower, on smaller images, after a "
            "part of the iterations. Both networks have nine blocks there, with as many parameters and multiply-adds, "
            "but of a bottleneck's three layers only one looks at neighbouring pixels, and on a quarter of the block's "
            "channels: the deeper network is the one with half as many 3x3 convolutions. So this says that the "
            "exchange does not pay for a small network that is trained briefly; of the published one, a hundred layers "
            "deeper, it says nothing."
        ),
        "bottleneck-training-speed": (
            "As many multiply-adds are not as much time. A bottleneck spreads the same arithmetic over half as many "
            "layers again, each of which reads its maps from memory, writes others back and normalises them; its 1x1 "
            "convolutions do little arithmetic for each number that they read. The claim is what counting alone leads "
            "one to expect, and no published figure: a processor that waits for its memory does not keep to it."
        ),
    },
)
