"""The W&B server and whether there is a key for it, found out as the client does, without importing it."""

import configparser
import contextlib
import netrc
import os
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_SERVER = "https://api.wandb.ai"
# under which of its names a client's `wandb login` has noted the key depends on the client's version
DEFAULT_HOSTS = ("api.wandb.ai", "api.forge.coreweave.com")
PROBE_SECONDS = 5  # for the server to answer at all


def server() -> str:
    """WANDB_BASE_URL, or the server that `wandb login --host` has noted, or W&B's own."""
    return os.environ.get("WANDB_BASE_URL") or _noted_server() or DEFAULT_SERVER


def host() -> str:
    """The server's host, and its port where it has one of its own."""
    return urlsplit(server()).netloc.rpartition("@")[2]


def unreachable() -> str | None:
    """Why the server cannot be reached from here; None if it answers."""
    try:
        # any answer will do, an error page too
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(server(), timeout=PROBE_SECONDS).close()
    except Exception as error:  # whatever a proxy or a broken server may send
        return " ".join(str(getattr(error, "reason", error)).split())
    return None


def has_key() -> bool:
    """Whether wandb would find a key; the key itself is never read into anything of ours."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        entries = netrc.netrc(os.environ.get("NETRC"))
    except (OSError, netrc.NetrcParseError):
        return False
    hosts = DEFAULT_HOSTS if host() in DEFAULT_HOSTS else (host(), urlsplit(server()).hostname)
    return any(name is not None and entries.authenticators(name) is not None for name in hosts)


def noted_mode() -> str | None:
    """What `wandb offline`, `wandb disabled` and the like have noted for this directory, or this user."""
    local = Path(os.environ.get("WANDB_DIR") or ".")
    for folder in (local / ".wandb", local / "wandb", _config_folder()):
        settings = _settings(folder)
        if settings.get("disabled", "").lower() in ("true", "1"):
            return "disabled"
        if settings.get("mode"):
            return settings["mode"]
    return None


def _noted_server() -> str | None:
    return _settings(_config_folder()).get("base_url")


def _config_folder() -> Path | None:
    try:
        return Path(os.environ.get("WANDB_CONFIG_DIR") or Path.home() / ".config" / "wandb")
    except RuntimeError:  # a user without a home
        return None


def _settings(folder: Path | None) -> dict[str, str]:
    noted = configparser.ConfigParser()
    try:
        noted.read([] if folder is None else folder / "settings")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    return dict(noted["default"]) if noted.has_section("default") else {}
