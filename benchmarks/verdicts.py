"""python -m benchmarks.verdicts [--record]     how often the rule of verdicts is right, and wrong, on simulated seeds

Seeds are drawn from normal distributions whose difference is known. ``covered``: the 95 % interval holds the truth.
``false``: a claim that is just not true is reproduced (``greater`` and ``no_worse`` where the truth lies on the bound,
``equal`` and ``ordered`` where it lies on the margin, in one of four steps). ``any of five``: one study in so many
reproduces at least one of five claims that are not true, by each claim's own interval, and after Holm's correction.
``power``: an effect of three standard deviations is found.
"""

import itertools
import random
import statistics
from collections.abc import Iterator, Sequence

from benchmarks.table import Benchmark, Row, parser
from findings.judging.intervals import Estimate, holm, welch
from findings.judging.rule import ALPHA, decide
from findings.records import provenance

SEEDS, SPREADS = (3, 5, 10), ((1.0, 1.0), (1.0, 4.0), (0.25, 1.0))
CONTRAST = {"a": 1.0, "b": -1.0}
MARGIN, FAMILY, EFFECT = 0.5, 5, 3.0
RATES = ("covered", "false_greater", "false_no_worse", "false_equal", "false_ordered", "any_alone", "any_holm", "power")
VERDICTS = Benchmark(
    name="verdicts",
    title="The rule of verdicts on simulated seeds, %",
    shown={
        "seeds": "{seeds}",
        "sd": "{first_sd:g} and {second_sd:g}",
        **{name.replace("_", " "): f"{{{name}:.2f}}" for name in RATES},
        "studies": "{studies:,}",
    },
    columns=("seeds", "first_sd", "second_sd", *RATES, "studies"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("verdicts", __doc__)
    options.add_argument("--studies", type=int, default=10_000, metavar="N", help="simulated of each (default: 10,000)")
    given = options.parse_args(arguments)
    VERDICTS.run(_rows(given.studies), provenance.processor(), record=given.record)


def _rows(studies: int) -> Iterator[Row]:
    for seeds, spreads in itertools.product(SEEDS, SPREADS):
        draw = random.Random(f"{seeds} {spreads}")
        found = [_study(draw, seeds, spreads) for _ in range(studies)]
        rates = {name: 100 * statistics.fmean(study[name] for study in found) for name in RATES}
        yield {"seeds": seeds, "first_sd": spreads[0], "second_sd": spreads[1], **rates, "studies": studies}


def _study(draw: random.Random, seeds: int, spreads: tuple[float, float]) -> dict[str, bool]:
    def difference(truth: float) -> Estimate:
        middles = dict(zip(CONTRAST, (truth, 0.0), strict=True))
        samples = {
            arm: [draw.gauss(middles[arm], spread) for _ in range(seeds)]
            for arm, spread in zip(CONTRAST, spreads, strict=True)
        }
        return welch(CONTRAST, samples)

    nothing = [difference(0.0) for _ in range(FAMILY)]
    p = {str(at): estimate.above(0.0) for at, estimate in enumerate(nothing)}
    interval, sd = nothing[0].interval(), statistics.fmean(spreads)
    steps = [*(difference(step) for step in (EFFECT * sd, -MARGIN, EFFECT * sd)), difference(2 * EFFECT * sd - MARGIN)]
    return {
        "covered": interval.low < 0 < interval.high,
        "false_greater": _reproduced("greater", nothing[:1], None),
        "false_no_worse": _reproduced("no_worse", [difference(MARGIN)], MARGIN),
        "false_equal": _reproduced("equal", [difference(MARGIN * sd * 4)], MARGIN * sd * 4),
        "false_ordered": _reproduced("ordered", steps, MARGIN),
        "any_alone": any(value < ALPHA for value in p.values()),
        "any_holm": any(value < ALPHA for value in holm(p).values()),
        "power": _reproduced("greater", [difference(EFFECT * sd)], None),
    }


def _reproduced(kind: str, estimates: Sequence[Estimate], margin: float | None) -> bool:
    return decide(kind, estimates, margin, str).word == "reproduced"


if __name__ == "__main__":
    main()
