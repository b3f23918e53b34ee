"""How verdicts and their numbers are written, on pages and in terminals."""

from findings.judge import Verdict, Word

SYMBOLS: dict[Word, str] = {"reproduced": "✔", "contradicted": "✘", "inconclusive": "≈", "not run": "·"}


def word(verdict: Verdict) -> str:
    return f"{SYMBOLS[verdict.verdict]} {verdict.verdict}"


def effect(verdict: Verdict) -> str:
    """With its unit: percentage points of an error, or a plain count."""
    if verdict.effect is None:
        return "-"
    return f"{verdict.effect:,.0f}" if verdict.kind == "computed" else f"{signed(verdict.effect)} pp"


def interval(verdict: Verdict) -> str:
    return "-" if verdict.ci95 is None else f"{signed(verdict.ci95[0])} to {signed(verdict.ci95[1])}"


def seeds(verdict: Verdict) -> str:
    return "-" if verdict.n is None else str(verdict.n)


def signed(value: float) -> str:
    """Two decimals with a sign; nothing is written as -0.00."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text
