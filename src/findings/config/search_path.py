"""The working directory's conf/ and those of extensions, on Hydra's search path before findings' own."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from findings.config.folders import folders, shared


class Extended(SearchPathPlugin):
    """Concerns only programs whose configs are findings' own: ours may run within another one of Hydra's."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        ours = shared("conf").resolve()
        if any(part.provider == "main" and part.path.endswith(str(ours)) for part in search_path.get_path()):
            for folder in folders("conf"):
                if folder != ours:
                    search_path.prepend("findings", f"file://{folder}", "main")


def register() -> None:
    """With Hydra, for all that is composed in this process."""
    Plugins.instance().register(Extended)
