"""How commands speak into a log, which is read later and has no width of its own."""

import io

import pytest
from rich.console import Console

from findings.system import terminal


def test_a_log_is_wide_enough_for_whole_ids(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal.console().print("x" * terminal.LOG_WIDTH)
    assert capsys.readouterr().out == "x" * terminal.LOG_WIDTH + "\n"


def test_a_line_is_said_as_it_is() -> None:
    out = io.StringIO()
    line = "[/x] 12 of 40: " + "long " * 20
    terminal.say(Console(file=out, width=20, force_terminal=True), line)
    assert out.getvalue() == line + "\n"


def test_it_is_quiet_for_a_while_after_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("findings.system.terminal.time.monotonic", lambda: clock[0])
    quiet = terminal.Quiet()
    clock[0] += terminal.QUIET_SECONDS
    assert not quiet.is_over()
    clock[0] += 1
    assert [quiet.is_over(), quiet.is_over()] == [True, True]
    quiet.begin()
    assert not quiet.is_over()
