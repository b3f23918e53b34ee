"""Random numbers that are pure functions of what they are for: no state, nothing to save, nothing to replay."""

import hashlib

import torch


def seed_for(*parts: int | str) -> int:
    """A 63-bit seed from the run's seed and a purpose, e.g. ``seed_for(seed, "order", epoch)``."""
    text = "/".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator_for(*parts: int | str) -> torch.Generator:
    """Always on the CPU, so that every device sees the same numbers."""
    return torch.Generator().manual_seed(seed_for(*parts))
