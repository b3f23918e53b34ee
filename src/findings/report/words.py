"""How verdicts and their numbers are written, on pages and in terminals."""

from findings.judging.checks import by_itself, parting
from findings.judging.rule import Word
from findings.judging.verdict import Verdict

SYMBOLS: dict[Word, str] = {"reproduced": "✔", "contradicted": "✘", "inconclusive": "≈", "not run": "·"}


def word(verdict: Verdict) -> str:
    """With the kind of inconclusive, where that has a name of its own."""
    return said(verdict.verdict, verdict.because)


def said(verdict: Word, because: str) -> str:
    """The same of a verdict's two words."""
    kind = f" ({because})" if because and verdict == "inconclusive" else ""
    return f"{SYMBOLS[verdict]} {verdict}{kind}"


def effect(verdict: Verdict) -> str:
    """With its unit: percentage points of an error, a plain count, or a ratio."""
    if verdict.effect is None:
        return "-"
    if verdict.kind == "computed":
        return f"{verdict.effect:,.0f}"
    text, unit = _number(verdict, verdict.effect), _unit(verdict)
    return text + (unit if unit == "x" else f" {unit}" if unit else "")


def interval(verdict: Verdict) -> str:
    """The claim's own 95 % interval."""
    return "-" if verdict.ci95 is None else " to ".join(_number(verdict, end) for end in verdict.ci95)


def _unit(verdict: Verdict) -> str:
    """The earlier rule knew ratios of costs and differences of errors."""
    return verdict.unit if verdict.unit is not None else "x" if verdict.kind == "measured" else "pp"


def _number(verdict: Verdict, value: float) -> str:
    unit = _unit(verdict)
    if unit == "x":
        return f"{value:.2f}"
    return signed(value) if unit == "pp" else f"{value:+,.4g}"


def level(verdict: Verdict) -> str:
    """p, and in brackets after the correction for all claims."""
    if verdict.p is None:
        return "-"
    return _p(verdict.p) + (f" ({_p(verdict.p_holm)})" if verdict.p_holm is not None else "")


def _p(value: float) -> str:
    return "<0.0001" if value < 1e-4 else f"{value:.2g}"


def seeds(verdict: Verdict) -> str:
    return "-" if verdict.n is None else str(verdict.n)


def checked(verdict: Verdict) -> str:
    """Whether a claim is judged the same by every other length and rate that was tried, or by which it is not.

    That goes by intervals alone; where the correction changed the claim's own word, what it was before stands first.
    """
    if not verdict.checks:
        return "-"
    others = [f"{said(one['verdict'], one['because'])} by {one['title']}" for one in parting(verdict)]
    told = ", ".join(others) or "the same by " + ", ".join(one["title"] for one in verdict.checks)
    alone = by_itself(verdict)
    return told if alone == verdict.verdict else f"{said(alone, '')} by its interval alone; {told}"


def signed(value: float) -> str:
    """Two decimals with a sign; nothing is written as -0.00."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text
