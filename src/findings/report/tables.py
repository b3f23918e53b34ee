"""The tables of a finding's page, in Markdown: its networks, their probes and costs, and what was published."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from findings.judging import published
from findings.judging.checks import by_itself
from findings.judging.evidence import COUNTED, Arm, Cost, Evidence, Run
from findings.judging.metrics import final
from findings.judging.verdict import Verdict
from findings.report import words
from findings.studies import Finding

QUANTITIES = {
    "test_error": "test error",
    "parameters": "parameters",
    "multiply_adds": "multiply-adds",
    "head_parameters": "parameters of the head",
}


def networks(evidence: Evidence) -> str:
    """Mean ± standard deviation over the seeds of every network."""
    heads = len({arm.counts.head_parameters for arm in evidence.plan.arms}) > 1
    validated = ("validation_error",) if any(run.last("validation_error") is not None for run in evidence.runs) else ()
    rows = []
    for arm in evidence.plan.arms:
        runs = [run for run in evidence.runs_of(arm.label) if run.rows]
        best = [
            min(value for row in run.rows if (value := row["test_error"]) is not None) for run in runs if _tested(run)
        ]
        head = (_count(arm.counts.head_parameters),) if heads else ()
        cells = (_count(arm.counts.parameters), *head, _millions(arm.counts.multiply_adds), str(len(runs)))
        errors = ("train_error", "remeasured_train_error", *validated, "test_error", "generalisation_gap")
        rows.append((arm.label, *cells, *(spread(final(runs, column)) for column in errors), spread(best)))
    headings = (
        *("network", "parameters", *(["of the head"] if heads else []), "multiply-adds", "seeds"),
        *("training error (%), as trained", "training error (%), re-measured"),
        *(["validation error (%)"] if validated else []),
        "test error (%)",
        *("generalisation gap (pp)", "best epoch's test error (%), chosen on the test set"),
    )
    return table(headings, rows)


def by_checks(verdicts: Sequence[Verdict]) -> str:
    """Each claim beside what it comes to by other lengths and rates; empty where none was tried."""
    checked = [verdict for verdict in verdicts if verdict.checks]
    titles = {one["check"]: one["title"] for verdict in checked for one in verdict.checks}
    headings = [
        title if list(titles.values()).count(title) == 1 else f"{title} ({name})" for name, title in titles.items()
    ]
    rows = []
    for verdict in checked:
        by_name = {one["check"]: one for one in verdict.checks}
        others = (_checked(verdict, by_name[name]) if name in by_name else "-" for name in titles)
        own = {name: getattr(verdict, name) for name in ("because", "effect", "ci95", "n")} | {
            "verdict": by_itself(verdict)
        }
        rows.append((verdict.sentence, _checked(verdict, own), *others))
    text = "Each word is that of the interval beside it alone, before the correction for the number of claims."
    return "\n\n".join([text, table(("claim", "the finding's own", *headings), rows)]) if rows else ""


def _checked(verdict: Verdict, found: Mapping[str, Any]) -> str:
    """Word, effect, interval and seeds, of which verdicts that were not run have none."""
    one = replace(verdict, **{name: found[name] for name in ("verdict", "because", "effect", "ci95", "n")})
    return "<br>".join(
        [words.word(one), *([f"{words.effect(one)} ({words.interval(one)}), n {one.n}"] if one.ci95 else [])]
    )


def probes(evidence: Evidence) -> str:
    """Test error and agreement of every network, for each shift and size; empty where neither was probed."""
    models = [arm.label for arm in evidence.plan.arms]
    rows = []
    for kind, name in (("shift", "moved by {} px"), ("size", "resized to {0} x {0}")):
        runs = [run for model in models for run in evidence.runs_of(model)]
        for pixels in sorted({int(key) for run in runs for key in run.probed(kind, "test_error")}):
            cells = (_probed(evidence.runs_of(model), kind, str(pixels)) for model in models)
            rows.append((name.format(pixels), *cells))
    if not rows:
        return ""
    text = (
        "Test error (%), and in brackets the percentage of test images that are predicted as they are unchanged; "
        "mean ± standard deviation over the seeds. Images are moved up, down, left and right; zeros come in."
    )
    return f"{text}\n\n{table(('test images', *models), rows)}"


def costs(evidence: Evidence) -> str:
    """Medians over the rounds, with their range; empty where nothing was measured."""
    rows, conditions = [], dict[str, None]()  # in the order in which they come
    for arm in evidence.plan.arms:
        found = [cost for cost in evidence.costs if cost.arm == arm.id]
        if not found:
            continue
        conditions |= {_conditions(cost): None for cost in found}
        cells = (
            _range([cost.milliseconds_per_step for cost in found]),
            _range([cost.images_per_second for cost in found]),
            f"{statistics.median(cost.peak_memory_mib for cost in found):,.0f}",
            str(len(found)),
        )
        rows.append((arm.label, *cells))
    if not rows:
        return ""
    how = "; or ".join(conditions)
    text = f"Measured apart from training, one network at a time, taking turns ({how}). Median, and from least to most."
    headings = ("network", "ms per training step", "training images/s", "peak memory (MiB)", "rounds")
    return f"{text}\n\n{table(headings, rows)}"


def _conditions(cost: Cost) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in cost.conditions.items())


def untrained(evidence: Evidence) -> str:
    """What the plan does not train and only counts."""
    rows = [
        (one.model, f"{one.size} x {one.size}", *(_count(getattr(one, metric)) for metric in COUNTED[:3]))
        for one in evidence.plan.untrained
    ]
    headings = ("network", "input", "parameters", "multiply-adds", "parameters of the head")
    return table(headings, rows) if rows else ""


def beside_published(finding: Finding, evidence: Evidence) -> str:
    """A row per published value, each number with its protocol."""
    rows, others = [], []
    for key in finding.published:
        theirs = published.load()[key]
        model = theirs.model or ""
        arms = evidence.arms(model)
        if theirs.quantity in COUNTED and evidence.count(model, theirs.quantity) is not None:
            ours = _count(evidence.count(model, theirs.quantity))
        elif theirs.quantity not in COUNTED and arms:
            ours = _ours(evidence, arms[0], theirs.quantity)
        else:
            others.append(f"{theirs.system} ({theirs}; {theirs.source})")
            continue
        cell = f"{theirs}<br><sub>{theirs.dataset}; {theirs.protocol}; {theirs.source}</sub>"
        rows.append((theirs.system, QUANTITIES[theirs.quantity], ours, cell))
    text = "Each cell says how its number was made. Where the protocols differ, compare directions and not digits."
    left_out = f"\n\nPublished, but not in this plan: {'; '.join(others)}." if others else ""
    return f"{text}\n\n{table(('network', '', 'ours', 'published'), rows)}{left_out}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.2f}"
    return f"{mean} ± {statistics.stdev(values):.2f}" if len(values) > 1 else mean


def _ours(evidence: Evidence, arm: Arm, quantity: str) -> str:
    runs = [run for run in evidence.runs_of(arm.label) if run.rows]
    if not runs:
        return "not run"
    length = f"{arm.config['recipe.iterations']:,} iterations, " if "recipe.iterations" in arm.config else ""
    seeds = f"mean ± sd of {len(runs)} seeds" if len(runs) > 1 else "one seed"
    how = f"{arm.data_label}; {length}{runs[0].precision}; {seeds}, last epoch"
    return f"{spread(final(runs, quantity))} %<br><sub>{how}</sub>"


def _probed(runs: Sequence[Run], probe: str, pixels: str) -> str:
    errors, agreements = (
        [found[pixels] for run in runs if pixels in (found := run.probed(probe, number))]
        for number in ("test_error", "agreement")
    )
    measured = [error for error in errors if error is not None]
    if not measured:
        return "refused" if errors else "-"
    return f"{spread(measured)} ({statistics.fmean(value for value in agreements if value is not None):.1f})"


def _tested(run: Run) -> bool:
    return any(row["test_error"] is not None for row in run.rows)


def _range(values: Sequence[float]) -> str:
    return f"{three_digits(statistics.median(values))} ({three_digits(min(values))} to {three_digits(max(values))})"


def three_digits(value: float) -> str:
    """Three digits, or all of them before the point: 8.93, 47.2, 1,270."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _count(value: int | None) -> str:
    return f"{value:,}" if value is not None else "-"


def _millions(value: int | None) -> str:
    return f"{value / 1e6:,.1f} M" if value is not None else "-"
