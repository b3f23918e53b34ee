"""One HTML file that needs nothing else: markup, style, modules and data. It opens from disk and asks for nothing."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

from findings.judging.evidence import Evidence
from findings.report.dashboard.cards import chapter
from findings.report.dashboard.content import content
from findings.report.dashboard.glance import glance
from findings.report.page import Chapter

# uPlot 1.6.32, MIT: 51 KB of chart that draws a thousand lines in milliseconds
VENDORED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
FIRST = "main.js"  # which imports the others


def html(scale: str, chapters: Sequence[Chapter], live: Mapping[str, Any] | None = None) -> str:
    """The page of a scale. ``live``: what it asks for new rows, where it is served."""
    data = content(scale, sweeps_of(chapters)) | ({"live": dict(live)} if live else {})
    return _filled(
        {
            "title": escape(f"{scale}: findings"),
            "scale": escape(scale),
            "glance": glance(scale, chapters),
            "claims": "\n".join(chapter(one) for one in chapters if one.verdicts),
            "style": _read("uPlot.min.css") + _read("page.css"),
            "uplot": f"/* uPlot 1.6.32\n{_read('uPlot.LICENSE')}*/\n{_read('uPlot.iife.min.js')}",
            "modules": _modules(),
            "data": _inert(data),
        }
    )


def sweeps_of(chapters: Sequence[Chapter]) -> list[tuple[str, str, Evidence]]:
    """Name, title and evidence of each: findings', and those that check them."""
    return [(e.plan.name.partition("/")[2], _title(c, e), e) for c in chapters for e in (c.evidence, *c.others)]


def vendored(name: str) -> bool:
    """Whether a file of others is the one that was taken over."""
    return hashlib.sha256(_bytes(name)).hexdigest() == VENDORED[name]


def _title(one: Chapter, evidence: Evidence) -> str:
    check = evidence.plan.check
    return f"{one.finding.title}, check {check}" if check and evidence is not one.evidence else one.finding.title


def _filled(parts: Mapping[str, str]) -> str:
    """The template with each {{name}} replaced, once: what a part holds is never looked into."""
    pieces = _read("page.html").split("{{")
    return pieces[0] + "".join(parts[name] + rest for name, _, rest in (piece.partition("}}") for piece in pieces[1:]))


def _modules() -> str:
    """An import map that gives each module by its name, so that the sources stay modules in one file."""
    folder = resources.files(__package__) / "static"
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".js") and path.name not in VENDORED)
    imports = {name.removesuffix(".js"): _address(_bytes(name)) for name in names}
    return _inert({"imports": imports})


def _address(module: bytes) -> str:
    return "data:text/javascript;charset=utf-8;base64," + base64.b64encode(module).decode()


def _inert(value: Any) -> str:
    """JSON that ends no script element, whatever names hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _read(name: str) -> str:
    return _bytes(name).decode()


def _bytes(name: str) -> bytes:
    return (resources.files(__package__) / "static" / name).read_bytes()
