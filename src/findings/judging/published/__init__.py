"""What was published: one YAML file per paper, every value with its source and the protocol behind it."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

from findings.errors import InputError
from findings.judging.evidence import COUNTED


@dataclass(frozen=True)
class Published:
    """One value from a paper. ``value`` is a number, an ordering in words, or None where it is only plotted."""

    id: str
    system: str  # as the paper writes it
    model: str | None  # as our model files name it; None: of several networks
    quantity: str  # a column of metrics.csv, "parameters", or an ordering
    value: float | str | None
    unit: str
    dataset: str
    protocol: str
    source: str
    relation: str = ""  # ">" where the paper gives a bound only
    sd: float | None = None
    note: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return self.note
        if isinstance(self.value, str):
            return self.value
        number = _short(self.value) if self.quantity in COUNTED else f"{self.value:g}"
        spread = f" ± {self.sd:g}" if self.sd is not None else ""
        unit = " %" if self.unit == "%" else ""
        return f"{self.relation + ' ' if self.relation else ''}{number}{spread}{unit}"


def _short(count: float) -> str:
    """As papers write counts: 69,632 in full, 270000 as 0.27 M, 3.6e9 as 3.6 G."""
    if count < 100_000:
        return f"{count:,.0f}"
    unit, divisor = ("G", 1e9) if count >= 1e9 else ("M", 1e6)
    return f"{count / divisor:.4g} {unit}"


@cache
def load() -> dict[str, Published]:
    """Every published value by its id, in the files' order."""
    import yaml

    published: dict[str, Published] = {}
    for path in sorted(resources.files(__name__).iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".yaml"):
            continue
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            if entry["id"] in published:
                raise InputError(f"published/{path.name}", f"'{entry['id']}' is there twice")
            published[entry["id"]] = Published(**entry)
    return published
