"""Where the command does not run at all, it says where it does."""

import sys

import pytest

from findings.errors import InputError
from findings.system.surroundings import settle


def test_on_windows_it_names_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(InputError, match=r"Windows: is not supported; in WSL"):
        settle()
