"""The rooms of src/findings: each imports only rooms above it in the list, wherever in a file the import stands."""

import ast
import re
from pathlib import Path

import grimp
import pytest

import findings

ROOT = Path(findings.__file__).parent
README = ROOT.parents[1] / "README.md"
LONGEST = 300  # lines of a file


def _rooms() -> list[str]:
    """In the order in which the README lists them, which is the only place that does."""
    listed = re.search(r"\(tests/test_rooms\.py\): ((?:`[\w./]+`\s*)+)\.", README.read_text())
    assert listed is not None
    return [name.removesuffix(".py").replace("/", ".") for name in re.findall(r"`([\w./]+)`", listed[1])]


ROOMS = _rooms()


def room_of(module: str) -> str:
    path = module.removeprefix("findings.")
    return "report.figures" if path.startswith("report.figures") else path.split(".")[0]


def upward(package: str = "findings") -> list[str]:
    """Imports of rooms that stand below the importing one; also lazy ones and those under TYPE_CHECKING."""
    graph = grimp.build_graph(package, include_external_packages=False, cache_dir=None)
    found = []
    for importer in sorted(graph.modules - {package}):
        for imported in sorted(graph.find_modules_directly_imported_by(importer) - {package}):
            here, there = room_of(importer), room_of(imported)
            if here != there and ROOMS.index(here) < ROOMS.index(there):
                found.append(f"{importer} -> {imported}")
    return found


def test_every_room_is_in_the_list_and_every_file_in_a_room() -> None:
    here = {path.name for path in ROOT.iterdir() if path.name != "__pycache__"}
    assert here == {"__init__.py", "errors.py"} | {room for room in ROOMS if room not in ("errors", "report.figures")}


def test_data_goes_one_way() -> None:
    assert upward() == []


def test_no_module_is_imported_by_a_name_that_the_graph_does_not_see() -> None:
    """But the actions of the command line, and what a config names."""
    allowed = {"cli/main.py", "config/arguments.py", "data/__init__.py", "studies/__init__.py"}
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if re.search(r"\bimport_module\(|__import__\(", path.read_text())
    }
    assert found <= allowed


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "errors"])
def test_a_room_opens_with_what_lives_there(room: str) -> None:
    """What lives here, what may be imported from here, what must never be."""
    text = (ROOT / Path(*room.split(".")) / "__init__.py").read_text()
    said = ast.get_docstring(ast.parse(text)) or ""
    assert "Imported from here" in said
    assert "Never here" in said


def test_no_file_is_longer_than_one_can_hold_in_the_head() -> None:
    project = ROOT.parents[1]
    files = [path for folder in ("src", "tests", "benchmarks") for path in (project / folder).rglob("*.py")]
    assert not [str(path) for path in files if len(path.read_text().splitlines()) > LONGEST]
