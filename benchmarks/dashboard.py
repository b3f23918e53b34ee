"""python -m benchmarks.dashboard [--record]     the page of 10, 100 and 1,000 runs: made, opened, an arm toggled

On made-up records of 200 epochs, in a headless Chromium. Beside each stands an empty page, opened in the same browser
just before: what the machine itself takes. Times are medians; an arm is toggled as a click does it, with its drawing.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.report import EPOCHS, NETWORKS, SCALE, write_records
from benchmarks.table import Benchmark, Row, parser, up_to
from findings.records import provenance

TIMES = 5
FIRST_CHART = "#charts canvas"
TOGGLE = """() => {
  const began = performance.now();
  document.querySelector('#legend input').click();
  return performance.now() - began;
}"""
DASHBOARD = Benchmark(
    name="dashboard",
    title="The page",
    shown={
        "runs": "{runs:,}",
        "rows": "{rows:,}",
        "made s": "{made_seconds:.2f}",
        "MB": "{megabytes:.2f}",
        "first chart s": "{chart_seconds:.2f}",
        "empty page s": "{empty_seconds:.2f}",
        "of an empty page": "{chart_over_empty:.1f}",
        "toggle ms": "{toggle_milliseconds:.0f}",
    },
    columns=(
        *("runs", "rows", "made_seconds", "megabytes", "chart_seconds", "empty_seconds", "chart_over_empty"),
        "toggle_milliseconds",
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser("dashboard", __doc__)
    options.add_argument("--most", type=int, default=1_000, metavar="N", help="runs (default: 1,000)")
    given = options.parse_args(arguments)
    DASHBOARD.run(_rows(given.most), provenance.processor(), record=given.record)


def _rows(most: int) -> Iterator[Row]:
    for runs in up_to(most, factor=10, start=10):
        seeds = max(1, runs // len(NETWORKS))
        with tempfile.TemporaryDirectory() as folder:
            write_records(Path(folder), seeds)
            page, seconds = _made(Path(folder))
            yield {
                "runs": seeds * len(NETWORKS),
                "rows": seeds * len(NETWORKS) * EPOCHS,
                "made_seconds": seconds,
                "megabytes": page.stat().st_size / 1e6,
                **_looked_at(page),
            }


def _made(folder: Path) -> tuple[Path, float]:
    """From the records, without figures."""
    from findings.report.build import chapters
    from findings.report.dashboard.file import html

    began = time.perf_counter()
    made = chapters(SCALE, folder / "results", folder / "runs")
    page = folder / "index.html"
    page.write_text(html(SCALE, made), encoding="utf-8")
    return page, time.perf_counter() - began


def _looked_at(page: Path) -> Row:
    from playwright.sync_api import sync_playwright

    from findings.report.dashboard.picture import BROWSERS

    options = ["--lang=en-US", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    path = next(filter(None, map(shutil.which, BROWSERS)))
    empty = page.with_name("empty.html")
    empty.write_text("<!DOCTYPE html><title>empty</title><div id=charts><canvas></canvas></div>")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        opened = browser.new_page(locale="en-US")
        seconds: dict[Path, list[float]] = {empty: [], page: []}
        for _ in range(TIMES):
            for each, times in seconds.items():
                opened.goto("about:blank")
                began = time.perf_counter()
                opened.goto(each.as_uri(), wait_until="commit")
                opened.wait_for_selector(FIRST_CHART, state="attached")
                times.append(time.perf_counter() - began)
        toggles = [opened.evaluate(TOGGLE) for _ in range(2 * TIMES)]
        browser.close()
    chart, nothing = statistics.median(seconds[page]), statistics.median(seconds[empty])
    return {
        "chart_seconds": chart,
        "empty_seconds": nothing,
        "chart_over_empty": chart / nothing,
        "toggle_milliseconds": statistics.median(toggles),
    }


if __name__ == "__main__":
    main()
