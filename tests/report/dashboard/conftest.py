"""A real browser, and a page of a made-up study."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browsing import Opened
from findings.report import build
from made_up_records import arm, curve, row, write_plan, write_record

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    # root, and many containers, cannot have its sandbox, nor a large /dev/shm; the pages are our own
    options = ["--lang=en-US", "--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[object]:
    """``opened(address)`` opens a page; all are closed when the test is over."""
    all_of_them: list[Opened] = []

    def open_(address: str, **context: object) -> Opened:
        all_of_them.append(Opened(browser, address, **context))
        return all_of_them[-1]

    yield open_
    for one in all_of_them:
        one.context.close()


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks of three seeds: one fits its training images, one has a seed that diverged and one on its way."""
    folder = tmp_path_factory.mktemp("study")
    write_plan(folder / "results", [arm(model, [0, 1, 2]) for model in ("plain20", "resnet20")])
    for seed in range(3):
        write_record(folder / "runs", "resnet20", seed, fitting(seed))
    write_record(folder / "runs", "plain20", 0, curve("plain20", 0))
    broken = [*curve("plain20", 1)[:8], row(9, 405, 90.0, 90.0) | {"train_loss": float("nan")}]
    write_record(folder / "runs", "plain20", 1, broken, status="failed", diverged=True)
    write_record(folder / "runs", "plain20", 2, curve("plain20", 2)[:12], status="running")
    build.build("quick", folder / "results", folder / "runs")
    return folder


def fitting(seed: int) -> list[dict[str, object]]:
    """Rows whose training error is 0 in the end."""
    rows = curve("resnet20", seed)
    return [one | {"train_error": 0 if one["epoch"] > 15 else one["train_error"]} for one in rows]
