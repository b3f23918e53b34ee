"""A page in a real browser, and what can be seen of it."""

from pathlib import Path

from playwright.sync_api import Browser, Page


class Opened:
    """A page, all that it asked for, and all that it said on its console."""

    def __init__(self, browser: Browser, address: str, script: str = "", **context: object) -> None:
        """``script`` comes before all of the page's own."""
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, "locale": "en-US"} | context)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.add_init_script(script)
        self.page.goto(address)
        self.page.wait_for_selector("#run-table table")

    def arms(self) -> list[str]:
        """The labels of the arms that are drawn."""
        found: list[str] = self.page.eval_on_selector_all(
            "#legend tbody tr:not(.off) label", "found => found.map(one => one.textContent.trim())"
        )
        return found

    def table(self, column: str) -> list[str]:
        """A column of the table of runs, from above."""
        found: list[str] = self.page.evaluate(
            """(name) => {
              const heads = [...document.querySelectorAll('#run-table thead th')].map((one) => one.textContent.trim());
              const at = heads.indexOf(name);
              const rows = [...document.querySelectorAll('#run-table tbody tr')];
              return rows.map((row) => row.children[at].textContent.trim());
            }""",
            column,
        )
        return found


def address(study: Path, view: str = "") -> str:
    return (study / "results" / "quick" / "index.html").as_uri() + (f"#{view}" if view else "")
