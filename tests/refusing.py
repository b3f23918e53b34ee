"""Data that are refused."""

from dataclasses import replace

import pytest

from findings.config.schema import DataConfig
from findings.data import load
from findings.errors import InputError


def refusal(config: DataConfig, **changes: object) -> str:
    """The line that the data of ``config`` are refused with."""
    with pytest.raises(InputError) as raised:
        load(replace(config, **changes))  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
    return str(raised.value)
