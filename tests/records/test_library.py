"""Arguments that several actions share."""

import pytest

from findings.errors import InputError
from findings.records.library import one_run

RUNS = ["resnet20-s1", "resnet20-s10", "plain20-s1", "plain20-s1"]


@pytest.mark.parametrize(
    ("text", "run"), [("resnet20-s1", "resnet20-s1"), ("s10", "resnet20-s10"), ("plain", "plain20-s1")]
)
def test_a_whole_id_is_its_run_and_a_part_the_only_one_that_has_it(text: str, run: str) -> None:
    assert one_run(text, RUNS, missing="none") == run


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        ("20-s1", "", "'20-s1': is part of 3 run ids"),
        ("20-s1", " in runs", "'20-s1': is part of 3 run ids in runs"),
        ("plain20-s2", "", "'plain20-s2': no such run was submitted; did you mean 'plain20-s1'?"),
    ],
)
def test_none_or_several_are_one_line(text: str, where: str, line: str) -> None:
    with pytest.raises(InputError) as refused:
        one_run(text, iter(RUNS), missing="no such run was submitted", where=where)
    assert str(refused.value).startswith(line)
    if where == "":
        assert " in runs" not in str(refused.value)
