"""Which arm a claim's term means: overrides in Hydra's words, read here without Hydra.

``plain56`` is short for ``model=plain56``; ``model=resnet20 model.batch_norm=false recipe.lr=0.01`` selects by three
keys. A key of a group, such as ``model`` or ``recipe``, is the name of a file of conf/; any other is a config key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from findings.errors import InputError


@dataclass(frozen=True)
class Selector:
    """A term, read. ``wanted``: {key: value}; a group's value is a text."""

    text: str
    wanted: Mapping[str, Any]

    def selects(self, config: Mapping[str, Any], groups: Mapping[str, str]) -> bool:
        """Whether an arm has them: in its flat ``config``, or as texts in ``groups``, the files chosen for it."""
        return all(self._has(key, value, config, groups) for key, value in self.wanted.items())

    def names(self, key: str) -> bool:
        """Whether arms may differ in this config key because the term says so: itself, or by choosing its group."""
        return key in self.wanted or (key.partition(".")[0] in self.wanted and "." in key)

    @staticmethod
    def _has(key: str, value: Any, config: Mapping[str, Any], groups: Mapping[str, str]) -> bool:
        if "." not in key:
            return groups.get(key, config.get(f"{key}.name")) == value
        # 0 is not false
        return key in config and bool(config[key] == value) and isinstance(config[key], bool) == isinstance(value, bool)


@lru_cache
def selector(text: str) -> Selector:
    """Raises InputError where ``text`` is no list of key=value."""
    if "=" not in text:
        return Selector(text, {"model": text})
    wanted = {}
    for part in _parts(text):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise InputError(f"'{text}'", f"'{part}' is no override of the form key=value")
        wanted[key] = value_of(value) if "." in key else value
    return Selector(text, wanted)


def value_of(text: str) -> Any:
    """What Hydra makes of a value: a number, true, false, null, a list, or a text."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return [value_of(item) for item in text[1:-1].split(",")] if text[1:-1].strip() else []
    if text[:1] in ("'", '"'):
        return text[1:-1]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False, "null": None}.get(text.lower(), text)


def _parts(text: str) -> Iterable[str]:
    """At blanks, but not at those within brackets."""
    part, depth = "", 0
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == " " and not depth:
            if part:
                yield part
            part = ""
        else:
            part += letter
    if part:
        yield part


def shortest_names(arms: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """{arm: its model's name}, followed, where several arms share it, by the keys in which those differ.

    ``arms``: {arm: (model, flat config)}.
    """
    named = {}
    for arm, (model, config) in arms.items():
        twins = [other for name, other in arms.values() if name == model]
        keys = sorted({key for twin in twins for key in twin if any(o.get(key) != twin[key] for o in twins)})
        values = [f"{key.rpartition('.')[2]} {_written(config.get(key))}" for key in keys if key != "model._target_"]
        named[arm] = ", ".join([model, *values])
    return named


def _written(value: Any) -> str:
    """As an override has it: null, true, 0.01."""
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if not isinstance(value, list)
        else str(value)
    )
