"""A real SLURM, started by the first test that needs it: one for each worker of xdist, as that takes a second."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, missing, started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that nothing waits for it in the end."""
    items.sort(key=lambda item: item.path.stem != "test_interruptions")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if absent := missing():
        pytest.skip(f"SLURM is not installed: no {', '.join(absent)}")
    # not pytest's own folder: a socket's path has at most 107 characters
    with (
        tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as directory,
        started(Path(directory)) as cluster,
    ):
        yield cluster


@pytest.fixture(autouse=True)
def jobs_end_with_their_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that failed leaves no job to the next."""
    yield
    if "cluster" in request.fixturenames:
        request.getfixturevalue("cluster").clear()
