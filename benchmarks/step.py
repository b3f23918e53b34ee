"""python -m benchmarks.step [--record]     a training step of ours, against the bare loop and against the usual way

Three processes take turns of about a second: ours (what `findings train` does), a bare loop over ready-made batches
(the limit), and the way most public trainers go, which is always in fp32. A turn of each, in alternating order, is a
pair; the table holds medians over pairs, and the quartiles of the ratios. With --compiled the network of ours and of
the bare loop goes through torch.compile.
"""

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.contenders import bare, ours, usual
from benchmarks.made_up import add_networks, config, device
from benchmarks.table import Benchmark, Row, parser
from benchmarks.turns import Contender, end
from findings.engines.processes import prepare

WARM_UP = 3  # turns of each
STEP = Benchmark(
    name="step",
    title="Training steps: images/s of ours, of a bare loop and of the usual way; ratios with their quartiles",
    shown={
        "network": "{network}",
        "precision": "{precision}",
        "compiled": "{compiled}",
        "ours": "{ours:,.0f}",
        "bare": "{bare:,.0f}",
        "usual (fp32)": "{usual:,.0f}",
        "ours / bare": "{ours_over_bare:.3f} ({ours_over_bare_q1:.3f}-{ours_over_bare_q3:.3f})",
        "ours / usual": "{ours_over_usual:.2f} ({ours_over_usual_q1:.2f}-{ours_over_usual_q3:.2f})",
        "pairs": "{pairs}",
    },
    columns=(
        *("network", "precision", "compiled", "batch_size", "threads", "pairs", "seconds", "ours", "bare", "usual"),
        *("ours_over_bare", "ours_over_bare_q1", "ours_over_bare_q3"),
        *("ours_over_usual", "ours_over_usual_q1", "ours_over_usual_q3"),
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("step", __doc__)
    add_networks(options)
    options.add_argument("--pairs", type=int, default=20, metavar="N", help="turns of each (default: 20)")
    options.add_argument("--seconds", type=float, default=1.0, metavar="S", help="of a turn, about (default: 1)")
    options.add_argument("--compiled", action="store_true", help="ours and the bare loop")
    given = options.parse_args(arguments)
    rows = (
        _compare(network, precision, given.compiled, given.pairs, given.seconds)
        for network in given.networks
        for precision in given.precisions
    )
    STEP.run(rows, device(), record=given.record)


def _compare(network: str, precision: str, compiled: bool, pairs: int, seconds: float) -> Row:
    prepare("benchmarks.contenders")
    chosen = config(network, precision, compiled=compiled)
    contenders = [Contender(train, chosen) for train in (ours, bare, usual)]
    try:
        for contender in contenders * WARM_UP:
            contender.turn(seconds)
        rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        for pair in range(pairs):
            for contender in contenders if pair % 2 else reversed(contenders):
                rates[contender.name].append(contender.turn(seconds).images_per_second)
    finally:
        end(contenders)
    return {
        "network": network,
        "precision": precision,
        "compiled": "yes" if compiled else "no",
        "batch_size": chosen.recipe.batch_size,
        "threads": chosen.trainer.threads,
        "pairs": pairs,
        "seconds": seconds,
        **{name: statistics.median(values) for name, values in rates.items()},
        **dict(_ratios("ours_over_bare", rates["ours"], rates["bare"])),
        **dict(_ratios("ours_over_usual", rates["ours"], rates["usual"])),
    }


def _ratios(name: str, ours: list[float], theirs: list[float]) -> Iterator[tuple[str, float]]:
    """The median of a ratio within pairs, and its quartiles."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    lower, middle, upper = statistics.quantiles(ratios, method="inclusive") if len(ratios) > 1 else ratios * 3
    yield from ((name, middle), (f"{name}_q1", lower), (f"{name}_q3", upper))


if __name__ == "__main__":
    main()
