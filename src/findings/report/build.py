"""Verdicts, tables and figures from records alone: ``findings report SCALE``.

Neither Hydra nor torch is needed here, and what is heavy is imported where it is used.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.errors import InputError
from findings.judging.evidence import EARLIER, Evidence, read_json, read_plan
from findings.judging.merge import merge
from findings.system.files import write_if_changed

if TYPE_CHECKING:
    from rich.table import Table

    from findings.judging.checks import Check
    from findings.judging.evidence import Plan
    from findings.judging.verdict import Verdict
    from findings.report.page import Chapter
    from findings.studies import Drawing, Finding


@dataclass(frozen=True)
class Report:
    """What :func:`build` found and wrote."""

    scale: str
    verdicts: "tuple[Verdict, ...]"
    readme: Path
    page: Path
    figures: tuple[Path, ...]

    def table(self, width: int = 100) -> str:
        """The verdicts as text, for a terminal ``width`` characters wide."""
        from findings.report.terminal import as_text

        return as_text(summary_table(self.verdicts), width)


def build(scale: str, results_dir: Path, runs_dir: Path) -> Report:
    """Merge the records of every finding planned at ``scale``, judge them, draw them and write them down.

    Run twice it writes the same bytes. Raises :class:`InputError` if nothing was planned at ``scale``, or if runs that
    a claim would compare are not comparable.
    """
    from findings.report.dashboard.file import html
    from findings.report.figures import drawing
    from findings.report.page import readme as readme_of

    folder = results_dir / scale
    drawn, figures = [], []
    for chapter in chapters(scale, results_dir, runs_dir):
        place = folder / chapter.folder / "figures"
        shown = []
        with drawing.style():
            for item in (*chapter.finding.drawings, _against_length(chapter.finding, chapter.verdicts)):
                if figure := item.draw(chapter.evidence):
                    figures += drawing.save(figure, place, item.name)
                    shown.append(item)
                else:
                    drawing.remove(place, item.name)
        drawn.append(replace(chapter, drawings=tuple(shown)))
    verdicts = tuple(verdict for chapter in drawn for verdict in chapter.verdicts)
    content = [verdict.as_dict() for verdict in verdicts]
    write_if_changed(folder / "verdicts.json", json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    readme = write_if_changed(folder / "README.md", readme_of(scale, drawn))
    page = write_if_changed(folder / "index.html", html(scale, drawn))
    return Report(scale, verdicts, readme, page, tuple(figures))


def chapters(scale: str, results_dir: Path, runs_dir: Path) -> "list[Chapter]":
    """Every finding planned at ``scale``, its records merged and judged, and nothing drawn. Raises as :func:`build`."""
    from findings.judging.checks import attached
    from findings.report.page import Chapter

    folder = results_dir / scale
    plans = [path for path in sorted(folder.glob("*/plan.json")) if not _is_check(path)]
    if not plans:
        planned = sorted({path.parts[-3] for path in results_dir.glob("*/*/plan.json")})
        problem = (
            f"no finding was planned in {results_dir.name}/{scale}: `findings run {scale}/<finding>` plans and runs one"
        )
        raise InputError(scale, problem, planned, scale)
    made = []
    for path in plans:
        plan = read_plan(path)
        finding = _finding(plan, path.parent)
        evidence = merge(plan.labelled(finding.labels), path.parent, runs_dir)
        found = _earlier(folder, finding) if plan.streams == EARLIER else _judged(finding, evidence, path.parent)
        checked = _checks(finding, evidence.plan, path.parent, runs_dir)
        checks, others = [one for one, _ in checked], tuple(other for _, other in checked)
        made.append(Chapter(finding, evidence, tuple(attached(found, checks)), (), tuple(checks), others))
    return made


def _finding(plan: "Plan", folder: Path) -> "Finding":
    """That the plan is of, or what stands for one where no study is about it."""
    from findings import studies
    from findings.judging import locks
    from findings.report.sweeps import without_claims

    finding = studies.findings().get(plan.finding)
    if finding is None and (folder / locks.FILE).exists():
        raise InputError(
            f"{plan.scale}/{folder.name}",
            f"no finding is named '{plan.finding}', whose claims it was locked with: its study is not found here",
            studies.findings(),
            plan.finding,
        )
    return without_claims(plan.scale, folder.name) if finding is None or plan.check else finding


def _judged(finding: "Finding", evidence: Evidence, folder: Path) -> "list[Verdict]":
    """By the rule, each with what has changed since the finding was locked."""
    from findings.judging import locks
    from findings.judging.judge import judge_all

    claims = finding.claims_at(evidence.plan)
    lock, now = locks.read(folder), locks.content_of(claims, evidence.plan)
    verdicts = judge_all(claims, evidence, finding.trained_below)
    if evidence.together:
        evidence.together.write()
    return [replace(verdict, deviations=locks.told(lock, now, verdict.id)) for verdict in verdicts]


def _is_check(path: Path) -> bool:
    """Of a finding that is planned beside it; one without is shown as a sweep of its own."""
    plan = read_plan(path)
    return bool(plan.check) and (path.parent.parent / plan.finding / "plan.json").exists()


def _checks(finding: "Finding", own: "Plan", folder: Path, runs_dir: Path) -> "list[tuple[Check, Evidence]]":
    """What the finding's claims come to by another length or rate, and by what."""
    from findings.judging import locks
    from findings.judging.checks import Check, check

    found: list[tuple[Check, Evidence]] = []
    for path in sorted(folder.parent.glob(f"{folder.name}.*/plan.json")):
        plan = read_plan(path).labelled(finding.labels)
        evidence = merge(plan, path.parent, runs_dir)
        claims = finding.claims_at(plan)
        try:
            one = check(own, evidence, claims, finding.trained_below)
        except InputError as error:  # it costs no finding its verdicts
            one = Check(plan.check, {}, (), str(error))
        lock, now = locks.read(path.parent), locks.content_of(claims, plan)
        deviations = dict.fromkeys(text for claim in claims for text in locks.told(lock, now, claim.id))
        found.append((replace(one, deviations=tuple(deviations)), evidence))
        if evidence.together:
            evidence.together.write()
    return found


def _against_length(finding: "Finding", verdicts: "Sequence[Verdict]") -> "Drawing":
    """Of any finding that has checks of its length."""
    from findings.report.figures.lengths import draw_lengths
    from findings.studies import Drawing

    draw = partial(draw_lengths, verdicts=verdicts, title=f"{finding.title} and the length of the schedule")
    return Drawing("effect-against-length", "the effect of each claim by schedules of several lengths", draw)


def _earlier(folder: Path, finding: "Finding") -> "list[Verdict]":
    """What was said of runs whose seeds shared their random streams: kept as it was, not judged anew."""
    from findings.judging.verdict import Verdict

    path = folder / "verdicts.json"
    said = read_json(path) if path.exists() else []
    return [Verdict(**one) for one in said if one["finding"] == finding.name]


def last_verdicts(results_dir: Path) -> dict[str, list[dict[str, Any]]]:
    """The content of every scale's verdicts.json, by scale."""
    return {path.parent.name: read_json(path) for path in sorted(results_dir.glob("*/verdicts.json"))}


def summary_table(verdicts: "tuple[Verdict, ...] | list[Verdict]", *, wide: bool = False) -> "Table":
    """The verdicts for rich's console: a line each, or whole sentences."""
    from findings.report.terminal import table, wide_table

    return wide_table(verdicts) if wide else table(verdicts)
