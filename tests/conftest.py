"""For all tests, before torch is imported: several of them train at once, and none is faster on two threads."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
