"""Several networks together: Krizhevsky et al. 2012, section 6; Simonyan & Zisserman 2015, section 4.4."""

from findings.judging.claims import Claim
from findings.judging.together import ensemble_error
from findings.studies import Finding

NAME = "ensembles"
SIZES = {"one": 1, "three": 3, "five": 5}
SOURCE = "Krizhevsky et al. 2012, section 6"


def fewer(more: str, less: str) -> Claim:
    return Claim(
        f"{more}-err-less-than-{less}",
        NAME,
        f"{more} networks together err less than {less}",
        "greater",
        {less: 1.0, more: -1.0},
        {name: ensemble_error(SIZES[name]) for name in (less, more)},
        SOURCE,
    )


FINDING = Finding(
    name=NAME,
    title="Ensembles",
    statement="Networks together err less than each alone.",
    source=SOURCE,
    explanation="Groups of one, three and five seeds of one network, and the mean of their class probabilities.",
    claims=(fewer("three", "one"), fewer("five", "three"), fewer("five", "one")),
    drawings=(),
    published=(),
    labels=dict.fromkeys(SIZES, "resnet8"),
)
