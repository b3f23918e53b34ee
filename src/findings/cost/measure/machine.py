"""What this process takes of the machine, and what others take of it meanwhile."""

import contextlib
import ctypes
import os
import re
import resource
import sys
import time
from pathlib import Path

import torch

STATUS, STAT, CPU = Path("/proc/self/status"), Path("/proc/stat"), Path("/proc/cpuinfo")
BUSY = (0, 1, 2, 5, 6, 7)  # /proc/stat's user, nice, system, irq, softirq, steal


def native_bf16() -> bool:
    """Whether what trains here multiplies bf16 numbers in hardware; a CPU emulates them many times slower."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    flags = CPU.read_text().split() if CPU.exists() else []
    return "amx_bf16" in flags or "avx512_bf16" in flags


class PeakMemory:
    """The most memory in use since this was made, above what was in use then.

    On CUDA the tensors on the device. On a CPU the process's resident memory without files: pages of libraries come in
    as their code is first used, and belong to no network. (Not Linux: with them, as nothing tells them apart.)
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self.before = torch.cuda.memory_allocated(device) / 2**20
        else:
            library = ctypes.CDLL(None)
            if hasattr(library, "malloc_trim"):  # freed memory is kept, and a network would have it for nothing
                library.malloc_trim(0)
            with contextlib.suppress(OSError):  # where it is refused, a higher peak before now is in it, too
                Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is resident
            self.before = _resident("VmRSS")

    def mib(self) -> float:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20 - self.before
        return _resident("VmHWM") - self.before


def _resident(size: str) -> float:
    """VmRSS or VmHWM, the present or the highest resident memory of this process, in MiB, less its files' pages."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    kib = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)}
    return (kib[size] - kib["RssFile"]) / 2**10


class Others:
    """How busy other processes, and other guests of a virtual machine's host, keep the cores this one may use."""

    def __init__(self) -> None:
        self.busy, self.own, self.began = _busy(), time.process_time(), time.perf_counter()

    def seconds(self) -> float:
        """Core-seconds since this was made; 0 where the system does not tell."""
        busy = _busy()
        if busy is None or self.busy is None:
            return 0.0
        return max(0.0, busy - self.busy - (time.process_time() - self.own))


def _busy() -> float | None:
    """Seconds that this process's cores have worked since the machine was started."""
    try:
        lines = STAT.read_text().splitlines()
        ours = {f"cpu{core}" for core in os.sched_getaffinity(0)}
        fields = [line.split() for line in lines if line.split(maxsplit=1)[0] in ours]
        return sum(int(times[1 + index]) for times in fields for index in BUSY) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, IndexError, ValueError):  # no Linux, or one that hides it
        return None
