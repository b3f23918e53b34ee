"""From overrides to a run, through Hydra's own composition; every mistake becomes one line.

Hydra's ``compose()`` takes about 70 ms. A :class:`Composer` calls it once per distinct choice of groups, sets plain
values on the result, and so plans a thousand runs in seconds; the outcome is equal to ``compose()`` with all the
overrides.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, IntegerNode, Node, OmegaConf, ValueNode, open_dict
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from findings.config import hyperparameters, search_path
from findings.config.checks import check
from findings.config.conversion import converted, reason, refers
from findings.config.folders import folders, shared
from findings.config.identity import Run, identify
from findings.config.schema import Config
from findings.errors import InputError

ConfigStore.instance().store(name="schema", node=Config)
search_path.register()


def groups() -> dict[str, list[str]]:
    """{group: its choices}, from every conf/ there is; not cluster/, which is no part of a run's config."""
    return _groups(Path.cwd())


@cache
def _groups(_: Path) -> dict[str, list[str]]:
    """Of a working directory, since its own choices are among them."""
    ours = [folder.name for folder in sorted(shared("conf").iterdir()) if folder.is_dir()]
    return {name: _choices(name) for name in ours if name not in ("special", "cluster")}


def _choices(group: str) -> list[str]:
    return sorted({file.stem for folder in folders("conf") for file in (folder / group).glob("*.yaml")})


def parse(texts: Sequence[str]) -> list[Override]:
    """Hydra's overrides, parsed; raises InputError naming the one that is malformed or chooses what does not exist."""
    return [_parse_one(text) for text in texts]


@lru_cache(maxsize=100_000)
def _parse_one(text: str) -> Override:
    if text.partition("=")[2][:1] in ("{", "["):  # W&B's agent writes {'at': [0]} as Python does; Hydra quotes no keys
        text = re.sub(r"""(?<=[{,])(\s*)(['"])(\w+)\2(?=\s*:)""", r"\1\3", text)
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException as error:
        reason = str(error).splitlines()[0]
        if reason.startswith("token recognition"):  # a character that the grammar has no place for, such as ~
            key, _, value = text.partition("=")
            reason = f"""quote its value, for the shell too: "{key}='{value}'\""""
        raise InputError(f"'{text}'", f"is no override of the form key=value ({reason})") from None
    if not override.key_or_group:
        raise InputError(f"'{text}'", "is no override of the form key=value: the key is missing")
    if override.is_delete():
        raise InputError(override.key_or_group, "keys cannot be removed; set another value")
    try:
        values = list(override.sweep_string_iterator()) if override.is_sweep_override() else [str(override.value())]
    except HydraException:
        values = []
    if not values:
        raise InputError(override.key_or_group, f"'{text}' lists no values; write a,b,c or range(0,3)")
    known = groups().get(override.key_or_group)
    for value in values:
        if known is not None and value not in known:
            raise InputError(override.key_or_group, f"no such choice '{value}'", known, value)
    return override


@dataclass
class _Base:
    """What one choice of groups composes to, before plain values are set on it."""

    tree: DictConfig
    recipe: str  # the file of conf/recipe/ that was chosen
    left_out: list[str]  # hyperparameters that the scale sets for other networks
    config: Config | None  # the same as dataclasses; None where a value is missing or refers to another


class Composer:
    """Composes runs; keeps what it has composed."""

    def __init__(self) -> None:
        self._bases: dict[tuple[str, ...], _Base] = {}

    def compose(self, overrides: Sequence[str]) -> Run:
        """The typed, resolved, checked run of these overrides. Raises InputError."""
        parsed = parse(overrides)
        chosen = tuple(str(o.input_line) for o in parsed if o.key_or_group in groups())
        values = [override for override in parsed if override.key_or_group not in groups()]
        base = self._base(chosen)
        run = self._run(base, values)
        special = special_for(base.recipe, run.name)
        return self._run(self._base((*chosen, f"special={special}")), values) if special else run

    def for_hydra(self, overrides: Sequence[str]) -> list[str]:
        """What else Hydra has to be told of, to compose the same: a file of conf/special/, keys of other networks."""
        chosen = tuple(str(o.input_line) for o in parse(overrides) if o.key_or_group in groups())
        base = self._base(chosen)
        special = special_for(base.recipe, self.compose(overrides).name)
        return [*([f"special={special}"] if special else []), *(f"~model.{key}" for key in base.left_out)]

    def with_seed(self, run: Run, override: str) -> Run:
        """``run`` with the seed of an override such as ``seed=3``."""
        seed = converted("seed", IntegerNode(0, is_optional=False), _parse_one(override).value())
        seeded = run.with_config(seed=seed)
        check(seeded.config)
        return seeded

    def _run(self, base: _Base, values: list[Override]) -> Run:
        return identify(self._on_dataclasses(base, values) or self._on_tree(base, values))

    def _base(self, chosen: tuple[str, ...]) -> _Base:
        if chosen not in self._bases:
            with _conf():
                try:
                    tree = compose("config", list(chosen), return_hydra_config=True)
                except (HydraException, OmegaConfBaseException) as error:
                    raise InputError("conf", f"{' '.join(chosen)}: {str(error).splitlines()[0]}") from None
            recipe = tree.hydra.runtime.choices.get("recipe")
            if recipe is None or OmegaConf.get_type(tree) is not Config:
                raise InputError(str(_primary()), "stands for the config.yaml of findings, but its defaults are others")
            left_out = _of_other_networks(tree.model, tree.hydra.runtime.choices.model)
            with open_dict(tree):
                del tree["hydra"]
                for key in left_out:
                    del tree.model[key]
            text = OmegaConf.to_yaml(tree)
            config = None if "${" in text or "???" in text else _objects(tree)
            self._bases[chosen] = _Base(tree, recipe, left_out, config)
        return self._bases[chosen]

    def _on_tree(self, base: _Base, values: list[Override]) -> Config:
        tree = deepcopy(base.tree)
        for override in values:
            key, node = override.key_or_group, _leaf(tree, override)
            if key == "init_from.run" and refers(override.value()):  # a plan has one config for all seeds
                raise InputError(key, "is taken as it is: an id without its seed is the run of each run's own seed")
            try:
                if node is not None:
                    converted(key, node, override.value())
                with open_dict(tree):
                    OmegaConf.update(tree, key, override.value(), merge=isinstance(override.value(), dict))
            except OmegaConfBaseException as error:
                raise InputError(key, f"'{override.value()}' does not fit: {reason(error)}") from None
        return _objects(tree)

    def _on_dataclasses(self, base: _Base, values: list[Override]) -> Config | None:
        """The same, a hundred times faster; None where plain assignment would not do."""
        if base.config is None:
            return None
        config = deepcopy(base.config)
        for override in values:
            section, _, key = override.key_or_group.rpartition(".")
            node, value = _leaf(base.tree, override), override.value()
            # below a section's own keys lie those of an optimiser, or of a network's mapping
            if not isinstance(node, ValueNode) or isinstance(value, dict) or refers(value) or "." in section:
                return None
            value = converted(override.key_or_group, node, value)
            if section == "model":
                config.model[key] = value
            elif section:
                setattr(config, section, replace(getattr(config, section), **{key: value}))
            else:
                setattr(config, key, value)
        return config


@contextlib.contextmanager
def _conf() -> Iterator[None]:
    """Hydra, composing from conf/; also within a program that Hydra itself has started."""
    started = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(shared("conf").resolve()), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = started


def _primary() -> Path:
    """The config.yaml that composition begins with."""
    return next(folder / "config.yaml" for folder in folders("conf") if (folder / "config.yaml").exists())


def special_for(recipe: str, network: str) -> str | None:
    """The file of conf/special/ for a recipe and the network that results, however it was asked for; None without one.

    ``resnet110`` is for the network of that name and its variants (``resnet110-w8``), whose names go on after a hyphen.
    """
    fitting = [file for file in _special_files(Path.cwd()) if f"{recipe}-{network}-".startswith(f"{file}-")]
    return max(fitting, key=len, default=None)


def brought_with(recipe: str, network: str) -> tuple[str, ...]:
    """The config keys that the file of conf/special/ for a recipe and a network sets; none where there is no file."""
    return _brought(Path.cwd(), special_for(recipe, network))


@cache
def _brought(_: Path, special: str | None) -> tuple[str, ...]:
    if special is None:
        return ()
    files = (folder / "special" / f"{special}.yaml" for folder in folders("conf"))
    return tuple(flat_keys(OmegaConf.load(next(file for file in files if file.exists()))))  # type: ignore[arg-type]


@cache
def _special_files(_: Path) -> list[str]:
    return _choices("special")


def hyperparameters_of(model: str) -> dict[str, Any]:
    """Those of a file in conf/model/, defaults included, whatever the scale."""
    _parse_one(f"model={model}")  # refuses what is not there
    return hyperparameters.resolve(_model_file(model))


def _model_file(model: str) -> dict[str, Any]:
    with _conf():
        tree = OmegaConf.to_container(compose(f"model/{model}"))
    assert isinstance(tree, dict)
    return dict(tree["model"])


def _of_other_networks(model: DictConfig, choice: str) -> list[str]:
    """Hyperparameters that a scale sets for those that have them (quick: a width), and this network has not."""
    target = model.get("_target_")
    keys = {str(key) for key in model if target and key != "_target_"}
    unknown = {key for key in keys if not hyperparameters.holds(target, key)}
    return sorted(unknown - set(_model_file(choice))) if unknown else []


def _objects(tree: DictConfig) -> Config:
    """Resolve interpolations and check types."""
    try:
        made = OmegaConf.to_object(tree)
    except MissingMandatoryValue as error:
        raise InputError(error.full_key or "config", "is missing: give it on the command line") from None
    except OmegaConfBaseException as error:
        raise InputError(error.full_key or "config", str(error).splitlines()[0]) from None
    assert isinstance(made, Config)
    return made


def _leaf(tree: DictConfig, override: Override) -> Node | None:
    """The node that an override sets; None for a hyperparameter that the model's file leaves at its default."""
    key = override.key_or_group
    node: Any = tree
    for part in key.split("."):
        node = node._get_node(part) if isinstance(node, DictConfig) and part in node.keys() else None  # noqa: SIM118
    if node is not None and override.is_add() and not override.is_force_add():
        raise InputError(key, "there is such a key already; leave out the '+'")
    if node is not None and not isinstance(node, DictConfig):
        return node  # type: ignore[no-any-return]
    if key.startswith("model.") and hyperparameters.holds(tree.model._target_, key[6:]):
        return None
    if f"{key}.".startswith("recipe.optimizer."):  # checked as a whole, once all of it is there
        return None
    raise _unknown(tree, key)


def _unknown(tree: DictConfig, key: str) -> InputError:
    known = flat_keys(tree) + [f"model.{name}" for name in hyperparameters.defaults(tree.model._target_)]
    section = key.split(".")[0]
    of_section = sorted({name for name in known if name.startswith(f"{section}.")})
    if key in {name.rpartition(".")[0] for name in known}:
        return InputError(key, "is a group of keys; set them one by one", of_section)
    if "." in key and of_section:
        return InputError(key, "no such key", of_section, key)
    return InputError(key, "no such key", sorted({name.split(".")[0] for name in known} | set(groups())), key)


def flat_keys(config: DictConfig, prefix: str = "") -> list[str]:
    """Every key that holds a value, dotted."""
    keys = []
    for key in map(str, config):
        node: Any = config._get_node(key)
        inner = isinstance(node, DictConfig) and not node._is_none() and not node._is_missing()
        keys += flat_keys(node, f"{prefix}{key}.") if inner else [f"{prefix}{key}"]
    return keys
