"""python -m findings.report.dashboard.picture PAGE PNG [VIEW]     how a page looks, for the front page

Needs a Chromium and, to drive it, playwright, which the tests need, too.
"""

import io
import os
import shutil
import sys
from pathlib import Path

from findings.errors import InputError
from findings.system.files import write_if_changed

BROWSERS = "chromium", "chromium-browser", "google-chrome"
SIZE = {"width": 1120, "height": 900}  # pixels
COLOURS = 128


def take(page: Path, view: str = "") -> bytes:
    """A PNG of what is seen of the page when it is opened. Raises InputError where there is no browser."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise InputError("chromium", "is not installed: a page has no picture without a browser", BROWSERS)
    options = ["--lang=en-US", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=options)
        shown = running.new_page(viewport=SIZE, color_scheme="light", locale="en-US")  # type: ignore[arg-type]
        shown.goto(page.resolve().as_uri() + (f"#{view}" if view else ""))
        shown.wait_for_selector("#run-table table")
        seen = Image.open(io.BytesIO(shown.screenshot()))
        running.close()
    content = io.BytesIO()
    seen.convert("RGB").quantize(COLOURS).save(content, "PNG", optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    source, target, *rest = sys.argv[1:]
    write_if_changed(Path(target), take(Path(source), *rest))
