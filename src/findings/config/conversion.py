"""A value as the type of its key has it, and what is said of one that does not fit."""

import re
from typing import Any

from omegaconf import AnyNode, Node, ValueNode
from omegaconf.errors import OmegaConfBaseException

from findings.errors import InputError

# OmegaConf's names of types, cut to three letters, in words
TYPES = {"int": "a whole number", "flo": "a number", "boo": "true or false", "str": "a text"}


def refers(value: Any) -> bool:
    """To another key: OmegaConf checks the type once it is resolved."""
    return isinstance(value, str) and "${" in value


def converted(key: str, node: Node, value: Any) -> Any:
    """``value`` as the node's type has it, or InputError."""
    if not isinstance(node, ValueNode) or isinstance(node, AnyNode) or refers(value):
        return value
    try:
        return node.validate_and_convert(value)
    except OmegaConfBaseException as error:
        raise InputError(key, f"'{value}' does not fit: {reason(error)}") from None


def reason(error: Exception) -> str:
    """OmegaConf's first line, with enum members and types in words."""
    line = str(error).splitlines()[0]
    valid = re.search(r"expected one of \[(.*)\]", line)
    if valid:
        return "allowed: " + ", ".join(re.findall(r"\w+", valid.group(1).replace("'", "")))
    if "is not a ListConfig" in line:
        return "it must be a list such as [1,2]"
    wanted = re.search(r"(?:to|of type|not a valid) '?(\w+)'?(?: \(.*)?$", line)
    kind = TYPES.get(wanted.group(1)[:3].lower()) if wanted else None
    return f"it must be {kind}" if kind else line
