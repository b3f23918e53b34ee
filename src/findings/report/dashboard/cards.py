"""A card for each claim: the verdict, its interval, and what was published, in HTML that needs no script."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from findings.judging import published
from findings.judging.claims import Claim
from findings.judging.evidence import EARLIER
from findings.judging.verdict import Verdict
from findings.report import words
from findings.report.dashboard.intervals import drawn
from findings.report.page import Chapter, tally

RULES_AGO = (
    "of an earlier version: seeds of two networks shared their random streams; shown as they were, never judged anew"
)


def chapter(one: Chapter) -> str:
    """A finding: what it says, how its claims came out, and a card for each; claims that are only counted lie apart."""
    finding = one.finding
    asked = [verdict for verdict in one.verdicts if verdict.because != "not planned"]
    evidence = [verdict for verdict in asked if verdict.is_evidence]
    counts = [verdict for verdict in asked if not verdict.is_evidence]
    claims = {claim.id: claim for claim in finding.claims_at(one.evidence.plan)}
    parts = [
        f'<section class="finding" id="claims-{_word(finding.name)}">',
        f"<h3>{escape(finding.title)}</h3>",
        f'<p class="statement">{escape(finding.statement)} <cite>{escape(finding.source)}</cite></p>',
    ]
    if one.evidence.plan.streams == EARLIER:
        parts.append(f'<p class="badge warning">{escape(RULES_AGO)}</p>')
    if evidence:
        parts.append(f'<p class="tally">{escape(tally(evidence))}</p>')
    parts += ['<div class="cards">', *(_card(verdict, claims.get(verdict.id), one) for verdict in evidence), "</div>"]
    if counts:
        holding = sum(verdict.verdict == "reproduced" for verdict in counts)
        parts.append(
            f"<details><summary>Counted, and no evidence: {holding} of {len(counts)} printed or presupposed counts hold"
            "</summary><ul>"
        )
        parts += [
            f"<li>{_badge(verdict)} {escape(verdict.sentence)}. {escape(verdict.reason)}. "
            f"{escape(_otherwise(verdict, one))}</li>"
            for verdict in counts
        ]
        parts.append("</ul></details>")
    return "\n".join([*parts, "</section>"])


def _card(verdict: Verdict, claim: Claim | None, one: Chapter) -> str:
    sweep = _word(one.evidence.plan.name.partition("/")[2])
    arms = _arms(claim, one)
    link = f"#sweep={sweep}" + (f"&only={','.join(map(_word, arms))}" if arms else "")
    return "\n".join(
        [
            f'<article class="card {_word(verdict.verdict)}" id="claim-{_word(verdict.id)}">',
            f"<header>{_badge(verdict)}<h4>{escape(verdict.sentence)}</h4></header>",
            drawn(verdict),
            "<dl>",
            *_rows(_facts(verdict)),
            "</dl>",
            *(f'<p class="badge warning">Deviation: {escape(text)}</p>' for text in verdict.deviations),
            f'<p class="why">{escape(verdict.reason)}{escape(_more(verdict))}</p>',
            f'<p class="otherwise">{escape(told)}</p>' if (told := _otherwise(verdict, one)) else "",
            f'<p class="links"><a href="{escape(link)}">curves and runs</a></p>' if arms else "",
            "</article>",
        ]
    )


def _facts(verdict: Verdict) -> Iterable[tuple[str, str]]:
    yield (
        "ours",
        escape(f"{words.effect(verdict)} ({words.interval(verdict)})" if verdict.ci95 else words.effect(verdict)),
    )
    yield "rounds" if verdict.kind == "measured" else "seeds", escape(words.seeds(verdict))
    if verdict.p is not None:
        yield "p (Holm)", escape(words.level(verdict))
    for theirs in verdict.published:
        yield "published", _published(theirs)
    if verdict.checks:
        yield "checks", escape(words.checked(verdict))


def _rows(facts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts]


def _published(theirs: Mapping[str, Any]) -> str:
    known = published.load().get(theirs["id"])
    said = f"{theirs['value']} {theirs['unit']}" if known is None else f"{known.system}: {known}"
    return f"{escape(said)} <small>{escape(str(theirs['source']))}; {escape(str(theirs['protocol']))}</small>"


def _badge(verdict: Verdict) -> str:
    return f'<span class="verdict {_word(verdict.verdict)}">{escape(words.word(verdict))}</span>'


def _more(verdict: Verdict) -> str:
    if verdict.verdict != "inconclusive" or verdict.seeds_needed is None:
        return ""
    return f"; {verdict.seeds_needed} seeds of each arm would decide it at the effect and spread seen"


def _otherwise(verdict: Verdict, one: Chapter) -> str:
    """What a student may make of a claim that was not reproduced."""
    return one.finding.otherwise.get(verdict.id, "") if verdict.verdict in ("contradicted", "inconclusive") else ""


def _arms(claim: Claim | None, one: Chapter) -> list[str]:
    """The labels of the arms that a claim is about, in the plan's order."""
    if claim is None:
        return []
    chosen = {arm.id for term in (*claim.contrast, *claim.order) for arm in one.evidence.arms(term)}
    return [arm.label for arm in one.evidence.plan.arms if arm.id in chosen]


def _word(text: str) -> str:
    """As it may stand in an attribute or an address."""
    return escape(text.replace(" ", "-"), quote=True)
