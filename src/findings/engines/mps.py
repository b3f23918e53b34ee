"""NVIDIA's Multi-Process Service: the kernels of several processes run on one GPU side by side, not in turns."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CONTROL = "nvidia-cuda-mps-control"
VARIABLES = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")
USUAL = Path("/tmp/nvidia-mps/control")  # of a service started without saying where
CONTEXT = """
import ctypes
cuda, device, context = ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), ctypes.c_void_p()
assert cuda.cuInit(0) == 0
assert cuda.cuDeviceGet(ctypes.byref(device), 0) == 0
assert cuda.cuCtxCreate_v2(ctypes.byref(context), 0, device) == 0
"""
SECONDS = 20  # for the service to start, or to end


@contextlib.contextmanager
def shared_gpus(processes: int, gpus: int) -> Iterator[bool]:
    """A service of our own within the block, where several processes share a GPU; yields whether there is one.

    A service that the user or the cluster has set up is used as it is. Where none can be had (no control program, a
    GPU in exclusive use, a driver that refuses), processes share the GPU by turns, as CUDA has them do without it.
    """
    if gpus == 0 or processes <= gpus or not shutil.which(CONTROL):
        yield False
        return
    if "CUDA_MPS_PIPE_DIRECTORY" in os.environ or USUAL.exists():
        yield True
        return
    # a short path: the service's sockets lie in it, and their names may have about 100 characters
    with tempfile.TemporaryDirectory(prefix="mps-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        before = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        os.environ.update(dict.fromkeys(VARIABLES, folder) | before)
        started = False
        try:
            started = _tell("-d")
            if started and not _answers():
                _tell(said="quit\n")
                started = False
            if not started:
                _restore(before)  # or CUDA would look for the service there, and fail
            yield started
        finally:
            if started:
                _tell(said="quit\n")
            _restore(before)


def _tell(*arguments: str, said: str | None = None) -> bool:
    """Whether the control program did as it was told."""
    # the service is to know every GPU: processes name theirs by the numbers that it would otherwise renumber
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    command = [CONTROL, *arguments]
    try:
        subprocess.run(
            command, input=said, text=True, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _answers() -> bool:
    """Whether a process can use a GPU through the service: only its first one makes the service start in earnest."""
    try:
        subprocess.run([sys.executable, "-c", CONTEXT], check=True, timeout=SECONDS, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _restore(before: dict[str, str]) -> None:
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(before)
