"""Tasks take over signals, and give them back here."""

import signal

import pytest

from findings.engines.slurm import task


@pytest.fixture(autouse=True)
def signals_as_they_were() -> object:
    before = {number: signal.getsignal(number) for number in task.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
