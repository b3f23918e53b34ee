"""Memory that stays: on a CPU a training step asks for the same tensors again and again.

Left to itself glibc gives large blocks back to the system at once, which then clears every page anew. Kept, and in huge
pages, they cost nothing. It changes no number.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

KEPT = 2**31 - 1  # bytes of free memory that are not given back; mallopt takes no more
AT_ONCE = 2**26  # bytes that the heap grows by
LARGEST = 2**25  # bytes of a block that may lie in the heap; glibc allows no more
_MALLOPT = {-1: KEPT, -2: AT_ONCE, -3: LARGEST}  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD
_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(KEPT),
    "MALLOC_TOP_PAD_": str(AT_ONCE),
    "MALLOC_MMAP_THRESHOLD_": str(LARGEST),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # only read when a process starts
}


def keep_memory() -> None:
    """In this process, from now on; nothing where the C library is another one."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        for option, value in _MALLOPT.items() if hasattr(library, "mallopt") else ():
            library.mallopt(option, value)


@contextlib.contextmanager
def inherited() -> Iterator[None]:
    """Processes that are started within the block keep theirs, in huge pages; what the user has set comes first."""
    added = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
