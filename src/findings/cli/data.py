"""findings data fetch NAME [override ...]"""

import argparse
from collections.abc import Sequence

from findings.errors import InputError


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Bring a data set to this machine and decode it, where the network is: runs then find it without one."""
    parser.add_argument("action", metavar="fetch", choices=["fetch"])
    parser.add_argument("name", metavar="NAME", help="a file of conf/data: cifar10, cifar10-jpeg, digits, ...")
    parser.add_argument("overrides", metavar="override", nargs="*", help="data.root=DIR, data.mirror=URL, ...")
    given = parser.parse_intermixed_args(arguments)
    for override in given.overrides:
        if not override.startswith("data."):
            raise InputError(f"'{override}'", "says nothing of data; of this action all overrides begin with 'data.'")
    from findings.config.compose import Composer
    from findings.data import load
    from findings.data.cache import directory

    # any scale will do: only what it says of data is used, and that is replaced
    config = Composer().compose(["scale=quick", f"data={given.name}", *given.overrides]).config.data
    dataset = load(config)
    height, width = dataset.train_images.shape[2:]
    print(
        f"{dataset.name}: {len(dataset.train_images):,} training and {len(dataset.test_images):,} test images of "
        f"{height}x{width} in {len(dataset.classes)} classes"
    )
    print(f"fingerprint {dataset.fingerprint}")
    print(f"decoded images are kept in {directory(config.cache)}")
    return 0
