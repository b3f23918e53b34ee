"""conf/data: every file fits the schema and names a loader that exists."""

import importlib
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from findings.config.schema import DataConfig
from findings.data import cifar, load

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted(path.stem for path in (CONF / "data").glob("*.yaml"))


def composed(name: str, *overrides: str) -> DataConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        chosen = compose(overrides=[f"+data={name}", *overrides])
    data = OmegaConf.to_object(OmegaConf.merge({"data": OmegaConf.structured(DataConfig)}, chosen))["data"]  # type: ignore[index,call-overload]
    assert isinstance(data, DataConfig)
    return data


OWN = ("data.name=own", "data.size=32", "data.classes=5")


@pytest.mark.parametrize("name", FILES)
def test_every_file_fits_the_schema(name: str) -> None:
    data = composed(name, *(OWN if name == "image_folder" else ()))
    module, _, function = data._target_.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))
    assert data.root is None  # where data lie is the user's to say


def test_the_jpeg_edition_is_never_called_cifar10() -> None:
    jpeg, official = composed("cifar10-jpeg"), composed("cifar10")
    assert (jpeg.name, jpeg.label) == ("cifar10-jpeg", "CIFAR-10 (JPEG edition)")
    assert (official.name, official.label) == ("cifar10", "CIFAR-10")
    assert (jpeg.channels, jpeg.size, jpeg.classes) == (3, 32, 10)


def test_numbers_of_images_are_those_of_the_data() -> None:
    digits = load(composed("digits"))
    found = {"digits": (len(digits.train_images), len(digits.test_images))}
    for name, archive in (("cifar10", cifar.CIFAR10), ("cifar100", cifar.CIFAR100)):
        found[name] = sum(images for _, images in archive.train), sum(images for _, images in archive.test)
    found["cifar10-jpeg"] = found["cifar10"]  # the same images, re-encoded: test_cifar10_jpeg.py counts them
    found["image_folder"] = None, None  # type: ignore[assignment]
    given = {name: composed(name, *(OWN if name == "image_folder" else ())) for name in FILES}
    assert {name: (data.train_images, data.test_images) for name, data in given.items()} == found


def test_own_images_are_labelled_by_their_name() -> None:
    assert composed("image_folder", *OWN).label == "own"


@pytest.mark.parametrize("name", FILES)
def test_every_file_opens_with_its_command_cost_and_result(name: str) -> None:
    comment = (CONF / "data" / f"{name}.yaml").read_text().split("\n_target_")[0].split("\ndefaults")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert "findings train" in comment
    assert "Costs" in comment
