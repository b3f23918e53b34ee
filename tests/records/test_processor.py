"""Machines of one name are told apart by the instructions that decide how fast they train."""

from pathlib import Path

import pytest

from findings.records import provenance

CPUINFO = "processor\t: 0\nmodel name\t: A Processor\nflags\t\t: fpu {flags}\nbugs\t\t: avx2\n"


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("avx2 avx512f amx_tile", "A Processor (AMX)"),
        ("avx2 avx512f", "A Processor (AVX-512)"),
        ("sse2 avx2", "A Processor (AVX2)"),
        ("sse2", "A Processor"),
    ],
)
def test_a_processor_has_its_widest_instructions_in_its_name(
    flags: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(CPUINFO.format(flags=flags))
    monkeypatch.setattr(provenance, "CPU", tmp_path / "cpuinfo")
    assert provenance.processor.__wrapped__() == name
