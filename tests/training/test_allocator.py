"""Worker processes keep the memory that a step gives back, and nothing else of their environment changes."""

import os
import subprocess
import sys

import pytest

from findings.training import allocator

FAULTS = """
import resource, torch
torch.set_num_threads(1)
def faults(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        kept = [torch.zeros(2_000_000).add_(1) for _ in range(8)]  # of 8 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(30)  # the heap grows until every block has found its place, the last ones late
print(min(faults(10) for _ in range(4)))
"""


def page_faults(before: str = "") -> int:
    done = subprocess.run([sys.executable, "-c", before + FAULTS], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_steps_take_no_new_pages() -> None:
    """Left to itself it takes tens of thousands."""
    with allocator.inherited():
        started = page_faults()
    later = page_faults("from findings.training.allocator import keep_memory; keep_memory()")
    assert started < 1000
    assert later < 1000


def test_what_the_user_has_set_stays_and_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    before = dict(os.environ)
    with allocator.inherited():
        assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.check=0"
        assert os.environ["MALLOC_TOP_PAD_"]
    assert dict(os.environ) == before
