"""The page in a real browser, opened from disk."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browsing import Opened, address
from findings.report import build
from findings.report.dashboard.file import VENDORED, vendored
from made_up_records import arm, curve, write_plan, write_record

Open = Callable[..., Opened]
NOTHING = "\N{EN DASH}"


def test_it_asks_for_nothing_and_says_nothing(study: Path, opened: Open) -> None:
    made = opened(address(study))
    assert made.asked == [address(study)]
    assert made.said == []
    assert made.page.title() == "quick: findings"
    assert made.arms() == ["plain20", "resnet20"]


def test_an_arm_vanishes_and_appears_by_itself_or_alone(study: Path, opened: Open) -> None:
    made = opened(address(study))
    made.page.click("input[name=arm-plain20]")
    assert made.arms() == ["resnet20"]
    assert "hidden=plain20" in made.page.url
    made.page.click("input[name=arm-plain20]")
    assert made.arms() == ["plain20", "resnet20"]
    made.page.click("button[title='show plain20 alone']")
    assert made.arms() == ["plain20"]


def drawn(page: Page) -> dict[str, object]:
    """What is drawn, by what is taken away of it: the SVG of the chart in view."""
    with page.expect_download() as download:
        page.click("button:text-is('SVG')")
    return {"svg": Path(download.value.path()).read_text()}


def test_zeros_are_on_a_logarithmic_axis(study: Path, opened: Open) -> None:
    made = opened(address(study, "only=resnet20&split=train&seeds=0&band=0"))
    made.page.select_option("select[name=y]", "log")
    svg = str(drawn(made.page)["svg"])
    assert "0 at the bottom" in svg
    line = svg.split('stroke-width="2"')[0].rpartition('d="M')[2].partition('"')[0]
    heights = [float(point.split()[1]) for point in line.split("L")]
    assert len(heights) == 20  # none is left out
    assert heights[-5:] == [max(heights)] * 5
    assert made.said == []


def test_what_diverged_and_what_is_under_way_is_told_and_not_averaged(study: Path, opened: Open) -> None:
    made = opened(address(study, "only=plain20"))
    row = made.page.inner_text("#legend tbody tr >> nth=0")
    assert "1 finished, 1 diverged, 1 running, of 3" in row
    made.page.click("#numbers summary")
    made.page.wait_for_selector("#numbers tbody tr")
    means = made.page.eval_on_selector_all("#numbers tbody tr", "rows => rows.map(row => row.children[2].textContent)")
    assert len(means) == 20
    assert [mean != NOTHING for mean in means] == [True] * 9 + [False] * 11  # as long as all three have a row


def test_the_table_sorts_and_filters(study: Path, opened: Open) -> None:
    made = opened(address(study))
    made.page.click("#run-table th button:text-is('test error')")
    errors = [float(text) for text in made.table("test error")]
    assert errors == sorted(errors)
    assert len(errors) == 6
    made.page.click("#run-table th button:text-is('test error')")
    assert [float(text) for text in made.table("test error")] == sorted(errors, reverse=True)
    made.page.fill("input[name=filter]", "status:running")
    assert made.table("arm") == ["plain20"]
    made.page.fill("input[name=filter]", "RESNET 2")
    assert set(made.table("arm")) == {"resnet20"}


def test_two_runs_are_compared_by_what_differs(study: Path, opened: Open) -> None:
    made = opened(address(study))
    made.page.check("input[aria-label^='compare plain20'] >> nth=0")
    made.page.check("input[aria-label^='compare resnet20'] >> nth=0")
    names = made.page.eval_on_selector_all("#compared tbody th", "found => found.map(one => one.textContent)")
    assert names == ["model.shortcut", "test error (%)", "train error (%)"]
    made.page.click("#compared button:text-is('show only these curves')")
    assert "overlay=1" in made.page.url
    assert made.page.locator("#legend tbody td", has_text="one seed").count() == 2


def test_an_address_restores_its_view_once_there_is_another_run(tmp_path: Path, study: Path, opened: Open) -> None:
    shutil.copytree(study, tmp_path / "study")
    here = tmp_path / "study"
    view = "metric=accuracy&x=epoch&hidden=plain20&seeds=0&zoom=2,9,60,95&sort=-seed&filter=finished&trade=seconds"
    before = opened(address(here, view))
    shown = drawn(before.page)
    write_plan(here / "results", [arm(model, [0, 1, 2, 3]) for model in ("plain20", "resnet20", "resnet56")])
    write_record(here / "runs", "resnet56", 0, curve("resnet56", 0))
    build.build("quick", here / "results", here / "runs")
    after = opened(before.page.url)
    assert after.arms() == ["resnet20", "resnet56"]
    after.page.click("input[name=arm-resnet56]")
    assert drawn(after.page)["svg"].split("<g clip")[1] == shown["svg"].split("<g clip")[1]
    assert after.page.input_value("input[name=filter]") == "finished"
    assert after.page.input_value("select[name=trade]") == "seconds"


def test_what_an_address_names_and_is_gone_is_said(study: Path, opened: Open) -> None:
    gone = opened(address(study, "hidden=resnet1202&picked=a-run-s0"))
    assert gone.page.inner_text("#notice") == "No longer in these records: resnet1202, a-run-s0."
    assert opened(address(study, "sweep=other")).page.inner_text("#notice").endswith("the sweep other.")


def test_the_csv_is_the_records_to_the_last_digit(study: Path, opened: Open) -> None:
    made = opened(address(study, "only=resnet20"))
    with made.page.expect_download() as download:
        made.page.click("button:text-is('CSV')")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    with (study / "results" / "quick" / "depth-degradation" / "curves.csv").open(newline="") as file:
        recorded = [one for one in csv.DictReader(file) if one["model"] == "resnet20"]
    assert len(rows) == 40
    for row in rows:
        for seed in range(3):
            (theirs,) = (
                one[row["metric"]]
                for one in recorded
                if (one["iteration"], one["seed"]) == (row["iteration"], str(seed))
            )
            assert float(row[f"seed {seed}"]) == float(theirs)
    with made.page.expect_download() as download:
        made.page.click("button:text-is('PNG')")
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_numbers_of_the_cards_are_those_of_the_verdicts(study: Path, opened: Open) -> None:
    made = opened(address(study))
    verdicts = json.loads((study / "results" / "quick" / "verdicts.json").read_text())
    asked = [one for one in verdicts if one["kind"] != "computed" and one["because"] != "not planned"]
    assert made.page.locator(".card").count() == len(asked)
    for verdict in asked:
        card = made.page.locator(f"#claim-{verdict['id']}")
        assert verdict["sentence"] in card.inner_text()
        assert verdict["verdict"] in card.locator(".verdict").inner_text()
        if verdict["effect"] is not None:
            assert f"{verdict['effect']:+.2f}" in card.inner_text()


def test_text_from_records_is_text(tmp_path: Path, opened: Open) -> None:
    hostile = "</script><script>document.title='taken'</script><b>&lt;</b>"
    made = [arm("plain20", [0], **{"model.note": hostile}), arm("resnet20", [0], **{"model.note": "-->"})]
    write_plan(tmp_path / "results", [one | {"data_label": hostile} for one in made])
    for model in ("plain20", "resnet20"):
        write_record(tmp_path / "runs", model, 0, curve(model, 0), precision=hostile)
    build.build("quick", tmp_path / "results", tmp_path / "runs")
    page = opened((tmp_path / "results" / "quick" / "index.html").as_uri()).page
    assert page.title() == "quick: findings"
    assert page.locator("main b").count() == 0
    assert page.locator("#run-table td", has_text="<b>&lt;</b>").count() == 3  # a precision each, and a note


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everybody(study: Path, opened: Open, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    made = opened(address(study), color_scheme=scheme)
    for summary in made.page.locator("details summary").all():
        summary.click()
    found = Axe().run(made.page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []


def test_it_is_as_narrow_as_a_telephone(study: Path, opened: Open) -> None:
    made = opened(address(study), viewport={"width": 360, "height": 640})
    assert made.page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_keyboard_zooms_and_shows_all(study: Path, opened: Open) -> None:
    made = opened(address(study))
    made.page.focus(".u-over")
    made.page.keyboard.press("+")
    assert "zoom=" in made.page.url
    made.page.keyboard.press("0")
    assert "zoom=" not in made.page.url


def test_a_browser_of_no_language_draws_too(study: Path, opened: Open) -> None:
    language = "Object.defineProperty(navigator, 'language', {value: 'en-US@posix', configurable: true})"
    assert opened(address(study), script=language).said == []


def test_what_is_taken_over_from_others_is_as_it_was() -> None:
    assert all(vendored(name) for name in VENDORED)
