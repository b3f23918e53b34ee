"""The head of the page: what was run, on what, how long, and how its claims came out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from findings.report import words
from findings.report.figures.drawing import protocol
from findings.report.page import Chapter

ORDER = "finished", "diverged", "running", "interrupted", "failed", "planned"


def glance(scale: str, chapters: Sequence[Chapter]) -> str:
    """A line for each thing that one asks first."""
    runs = [run for chapter in chapters for evidence in (chapter.evidence, *chapter.others) for run in evidence.runs]
    tally = Counter("diverged" if run.diverged else run.status for run in runs)
    verdicts = [v for c in chapters for v in c.verdicts if v.is_evidence and v.because != "not planned"]
    said = Counter(verdict.verdict for verdict in verdicts)
    seconds = sum(run.wall_seconds for run in runs)
    label = next((chapter.evidence.plan.label for chapter in chapters if chapter.evidence.plan.label), "")
    lines = [
        (
            "claims",
            " ".join(
                f'<span class="verdict {w.replace(" ", "-")}">{said[w]} {w}</span>' for w in words.SYMBOLS if said[w]
            ),
        ),
        ("runs", escape(", ".join(f"{tally[name]} {name}" for name in ORDER if tally[name]) or "none yet")),
        ("protocol", escape(_each(protocol(chapter.evidence) for chapter in chapters))),
        ("machines", escape(_each(run.device for run in runs))),
        ("software", escape(_each(f"torch {run.torch}" for run in runs if run.torch))),
        ("training, on the clock", f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.0f} minutes"),
    ]
    rows = "\n".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in lines if text)
    return f'<p class="about">{escape(label)}</p>\n<dl class="glance">\n{rows}\n</dl>'


def _each(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))
