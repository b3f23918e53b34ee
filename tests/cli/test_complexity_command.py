"""`findings complexity`: what a network costs, whole and by layer."""

import json

import pytest

from findings.cli.main import main


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["complexity", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_a_network_as_its_file_counts_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "vgg16")
    assert "vgg16, an image of 224x224 with 3 channels, 1,000 classes" in told
    for number in ("138,357,544", "15,470,264,320", "15,237,608 values", "58.1 MiB", "28,793,320", "212 pixels"):
        assert number in told


@pytest.mark.parametrize(
    ("model", "image"),
    [
        ("resnet20", [32, 3, 10]),
        ("lenet5", [32, 1, 10]),
        ("alexnet", [227, 3, 1000]),
        ("block256-bottleneck", [28, 256, 10]),
    ],
)
def test_the_image_is_the_one_of_its_file(model: str, image: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, model, "--json"))
    assert [told[key] for key in ("size", "channels", "classes")] == image


def test_another_image_and_other_hyperparameters(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--input", "64", "--classes", "100", "--json")
    told = json.loads(said(capsys, "resnet20", "model.depth=32", *options))
    assert (told["size"], told["classes"]) == (64, 100)
    assert told["parameters"] == 464_154 + 90 * 65
    assert len([row for row in told["layers"] if row["kind"] == "Conv2d"]) == 31


def test_a_row_for_each_layer(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "alexnet", "--per-layer")
    row = next(line for line in told.splitlines() if line.startswith("head.1"))
    assert row.split() == ["head.1", "Linear", "4096", "37,752,832", "37,748,736", "4,096", "355", "32"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["resnet21"], "no such choice 'resnet21'; did you mean 'resnet"),
        (["resnet20", "model.depht=32"], "did you mean 'model.depth'?"),
        (["vgg16", "--input", "16"], "data.size: 16 is below 32"),
        (["alexnet", "--input", "0"], "--input: 0 is below 1"),
        (["alexnet", "--input", "32"], "data.size: 32 is too small"),
    ],
)
def test_wrong_ones_are_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, *arguments, code=2)
    assert line in told
    assert told.count("\n") == 1
