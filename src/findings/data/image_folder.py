"""Any set of images, as a folder or tar file: ``train/<class>/*.jpg`` and ``test/<class>/*.jpg`` (or .png)."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np

from findings.config.schema import DataConfig
from findings.data import cache, tree
from findings.data.dataset import Dataset, Images, Labels, build
from findings.errors import InputError

LAYOUT = "a folder or tar file that holds train/<class>/*.jpg and test/<class>/*.jpg (or .png)"

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
_MODES = {1: "L", 3: "RGB"}  # channels -> Pillow's name
_READABLE = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # 8 bits: others lose something on the way


def load(config: DataConfig) -> Dataset:
    """Images (N, channels, size, size): classes in alphabetical order, files by name within a class.

    Raises :class:`InputError` naming the key or the file.
    """
    if config.channels not in _MODES:
        raise InputError("data.channels", f"is {config.channels}, but must be 1 (grey) or 3 (colour)")
    root = _root(config)
    is_folder = root.is_dir()

    def state() -> str:
        return tree.state_of_folder(root) if is_folder else cache.state_of_file(root)

    def decode() -> Dataset:
        files = tree.open_folder(root) if is_folder else tree.open_archive(root)
        return _decode(files, config, root)

    decoding = f"image_folder channels={config.channels} size={config.size}"
    try:
        return cache.through(cache.directory(config.cache), root, decoding, state, decode).named(config.name)
    except OSError as error:
        raise InputError("data.root", f"{error.filename or root} could not be read ({error.strerror})") from None


def _root(config: DataConfig) -> Path:
    if not config.root:
        raise InputError("data.root", f"must be given: {LAYOUT}")
    root = Path(config.root).expanduser()
    if not root.exists():
        raise InputError("data.root", f"{root} does not exist; expected {LAYOUT}")
    if not root.is_dir() and not root.name.lower().endswith(tree.ARCHIVES):
        raise InputError("data.root", f"{root} is neither a folder nor a tar file; expected {LAYOUT}")
    return root


def _decode(files: tree.Tree, config: DataConfig, root: Path) -> Dataset:
    """``names`` are sorted, so classes come in alphabetical order and files by name."""
    found: dict[str, dict[str, list[str]]] = {split: {} for split in tree.SPLITS}
    for name in files.names:
        split, *folders, _ = name.split("/")
        if len(folders) != 1:
            raise InputError(files.shown(name), f"lies outside a class folder; expected {split}/<class>/<image>")
        found[split].setdefault(folders[0], []).append(name)
    for split in tree.SPLITS:
        if not found[split]:
            raise InputError("data.root", f"{root} has no {split}/<class>/ images; expected {LAYOUT}")
    for folder in sorted(files.folders):
        split, _, name = folder.partition("/")
        if name and "/" not in name and name not in found.get(split, {name}):
            raise InputError(files.shown(folder), "is the folder of a class, but holds no images")
    classes = tuple(sorted(found["train"]))
    alike = {name.casefold(): name for name in classes}
    for name in classes:
        if alike[name.casefold()] != name:
            raise InputError(
                "data.root",
                f"{root}: the classes '{name}' and '{alike[name.casefold()]}' differ in case only, which on other "
                "machines are one; give one of them another name",
            )
    for split, other in (("train", "test"), ("test", "train")):
        lacking = sorted(set(found[other]) - set(found[split]))
        if lacking:
            raise InputError(
                "data.root", f"{root}: {split}/ has no images of the class '{lacking[0]}', which {other}/ has"
            )
    train, test = (_split(files, [found[split][name] for name in classes], config) for split in tree.SPLITS)
    return build(config.name, train, test, classes)


def _split(files: tree.Tree, names_by_class: list[list[str]], config: DataConfig) -> tuple[Images, Labels]:
    labels = np.repeat(np.arange(len(names_by_class)), [len(names) for names in names_by_class])
    images = np.empty((len(labels), config.channels, config.size, config.size), dtype=np.uint8)
    names = (name for names in names_by_class for name in names)
    for index, name in enumerate(names):
        pixels = _pixels(files, name, config)  # (H, W) or (H, W, 3)
        images[index] = pixels if config.channels == 1 else pixels.transpose(2, 0, 1)
    return images, labels


def _pixels(files: tree.Tree, name: str, config: DataConfig) -> np.ndarray:
    from PIL import Image, ImageOps, UnidentifiedImageError

    if name.lower().endswith(tree.UNREAD):
        raise InputError(files.shown(name), f"is of a kind that is not read; save it as one of {', '.join(_FORMATS)}")
    try:
        with Image.open(io.BytesIO(files.read(name)), formats=_FORMATS) as opened:
            if (pictures := getattr(opened, "n_frames", 1)) > 1:
                raise InputError(files.shown(name), f"has {pictures} pictures; save the one that is meant")
            image = ImageOps.exif_transpose(opened)  # as it is shown everywhere else
            if image.size != (config.size, config.size):
                width, height = image.size
                raise InputError(
                    files.shown(name),
                    f"is {width}x{height} pixels, but data.size={config.size} asks for"
                    f" {config.size}x{config.size}; resize the images or set data.size",
                )
            if image.mode not in _READABLE:
                raise InputError(files.shown(name), f"has pixels of kind {image.mode}; save it with 8 bits per channel")
            return np.asarray(image.convert(_MODES[config.channels]))
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        reason = "its content is of another kind" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(files.shown(name), f"is no readable image ({reason})") from None
