"""What a student is told of claims that were not reproduced."""

import json
import re
from pathlib import Path

import pytest

from findings.studies import findings

RESULTS = Path(__file__).parents[2] / "results"
VERDICTS = json.loads((RESULTS / "cifar10-16px" / "verdicts.json").read_text())


@pytest.mark.parametrize("verdict", [v for v in VERDICTS if v["verdict"] in ("contradicted", "inconclusive")])
def test_every_claim_that_was_not_reproduced_is_explained(verdict: dict[str, str]) -> None:
    assert len(findings()[verdict["finding"]].otherwise[verdict["id"]].split()) > 30
    page = (RESULTS / "cifar10-16px" / "README.md").read_text()
    assert findings()[verdict["finding"]].otherwise[verdict["id"]] in page


@pytest.mark.parametrize("finding", findings().values(), ids=lambda finding: finding.name)
def test_what_is_said_is_about_its_claims_and_holds_no_result(finding: object) -> None:
    ids = {claim.id for claim in finding.claims}  # type: ignore[attr-defined]
    for claim, text in finding.otherwise.items():  # type: ignore[attr-defined]
        assert claim in ids
        assert not re.search(r"\d ?(pp|percentage points)", text)
