"""How verdicts and their numbers are written, on pages and in terminals."""

from findings.judging.judge import Verdict, Word

SYMBOLS: dict[Word, str] = {"reproduced": "✔", "contradicted": "✘", "inconclusive": "≈", "not run": "·"}


def word(verdict: Verdict) -> str:
    return f"{SYMBOLS[verdict.verdict]} {verdict.verdict}"


def effect(verdict: Verdict) -> str:
    """With its unit: percentage points of an error, a plain count, or a ratio of costs."""
    if verdict.effect is None:
        return "-"
    if verdict.kind == "computed":
        return f"{verdict.effect:,.0f}"
    return f"{verdict.effect:.2f}x" if verdict.kind == "measured" else f"{signed(verdict.effect)} pp"


def interval(verdict: Verdict) -> str:
    if verdict.ci95 is None:
        return "-"
    low, high = (f"{end:.2f}" if verdict.kind == "measured" else signed(end) for end in verdict.ci95)
    return f"{low} to {high}"


def seeds(verdict: Verdict) -> str:
    return "-" if verdict.n is None else str(verdict.n)


def signed(value: float) -> str:
    """Two decimals with a sign; nothing is written as -0.00."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text
