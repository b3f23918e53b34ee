"""How a process ended, in words, whatever number its end has."""

import pytest

from findings.system.processes import ending


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "ended with exit code 1"),
        (255, "ended with exit code 255"),
        (-9, "was ended by SIGKILL, as happens when memory runs out"),
        (-15, "was ended by SIGTERM"),
        (-35, "was ended by signal 35"),
        (None, "ended with exit code None"),
    ],
)
def test_every_end_has_words(code: int | None, words: str) -> None:
    assert ending(code) == words
