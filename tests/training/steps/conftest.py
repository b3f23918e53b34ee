"""What torch.compile needs on a CPU, and not every machine has."""

import sysconfig
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler  # takes a second
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        pytest.skip("torch.compile needs a C++ compiler (g++, or what CXX names)")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("torch.compile needs Python's headers (Debian and Ubuntu: python3-dev)")
