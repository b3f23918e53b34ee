"""How much memory this process has used at most."""

import resource
import sys

import torch


def peak_memory(device: torch.device) -> float:
    """MiB: of the device on CUDA, of the whole process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
