"""Send a view to W&B, and remember which it is: made again, it is that one which changes, and no second appears.

``results/<scale>/<finding>/wandb.json`` holds the views' names by server and project. It is small and worth a commit:
then a team has one view, whoever makes it anew.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from findings.errors import InputError
from findings.report.page import Chapter
from findings.system.files import read_steadily, write_atomically
from findings.wandb_mirror.server import host
from findings.wandb_mirror.views.make import report, workspace

FILE = "wandb.json"


class Views(NamedTuple):
    """Their addresses."""

    workspace: str
    report: str


def would_send(chapter: Chapter, entity: str, project: str) -> dict[str, Any]:
    """What :func:`send` sends: {"workspace": its specification, "report": its}."""
    made = (workspace(chapter, entity, project), report(chapter, entity, project))
    return {
        name: json.loads(view._to_model().spec.model_dump_json(by_alias=True, exclude_none=True))
        for name, view in zip(Views._fields, made, strict=True)
    }


def send(chapter: Chapter, folder: Path, entity: str, project: str) -> Views:
    """Make the finding's views, or change those that were made before, as ``folder`` remembers them.

    Raises InputError where what is remembered cannot be read, and whatever the client raises.
    """
    path, key = folder / FILE, f"{host()}/{entity}/{project}"
    known = _read(path)
    mine = known.get(key, {})
    space, text = workspace(chapter, entity, project), report(chapter, entity, project)
    if "workspace" in mine:
        space._internal_name, space._internal_id = mine["workspace"]["name"], mine["workspace"]["id"]
    space.save()
    _remember(path, known, key, "workspace", {"name": space._internal_name, "id": space._internal_id})
    text.id = mine.get("report", {}).get("id", "")
    text.save()
    _remember(path, known, key, "report", {"id": text.id})
    return Views(space.url, text.url)


def _remember(path: Path, known: dict[str, Any], key: str, kind: str, view: dict[str, str]) -> None:
    """At once: should the next view fail, this one is not made twice."""
    known.setdefault(key, {})[kind] = view
    write_atomically(path, json.dumps(known, indent=2, sort_keys=True) + "\n")


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        known = json.loads(read_steadily(path))
        for one in known.values():
            for kind in one.values():
                str(kind["id"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            str(path), "holds no views of W&B; mend or remove it (then new ones are made beside the old)"
        ) from error
    return dict(known)
