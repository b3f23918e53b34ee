"""Which GPU a process gets, by the names that CUDA_VISIBLE_DEVICES has for them."""

import os
from collections.abc import Sequence

VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible() -> list[str] | None:
    """What the variable names; None if it is not set, and all there are can be seen."""
    names = os.environ.get(VARIABLE)
    return None if names is None else [name.strip() for name in names.split(",") if name.strip() not in ("", "-1")]


def gpus() -> list[str]:
    """All that this process may use, without starting CUDA in it."""
    named = visible()
    if named == []:
        return []
    import torch  # takes seconds; but a variable may be left over on a machine without a GPU

    return (named or [str(index) for index in range(torch.cuda.device_count())])[: torch.cuda.device_count()]


def dealt(devices: Sequence[str], index: int) -> str | None:
    """The device of process number ``index``: in turn; None where there are none."""
    return devices[index % len(devices)] if devices else None


def use(device: str | None) -> None:
    """This process sees no other from now on; before anything touches CUDA, which reads the variable once."""
    if device is not None:
        os.environ[VARIABLE] = device
