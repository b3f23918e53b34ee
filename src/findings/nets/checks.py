"""What every network asks of its hyperparameters, beyond their types."""

from collections.abc import Sequence

from findings.errors import InputError


def positive(**values: int | Sequence[int]) -> None:
    """Raises InputError naming the first hyperparameter that is, or holds, a number below 1."""
    for key, value in values.items():
        for number in [value] if isinstance(value, int) else value:
            if number < 1:
                raise InputError(f"model.{key}", f"{number} is below 1")


def fraction(**values: float) -> None:
    """Raises InputError naming the first hyperparameter that is not in [0, 1)."""
    for key, value in values.items():
        if not 0 <= value < 1:
            raise InputError(f"model.{key}", f"{value} is not in [0, 1)")


def memory_is_full(error: Exception) -> bool:
    """Whether a constructor failed for want of memory, which is no fault of its arguments: torch says so in words."""
    return isinstance(error, MemoryError) or "allocate" in str(error)
