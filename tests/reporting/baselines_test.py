"""A report says who won, by how much, and how surely."""

import dataclasses

from nse_tf.reporting.baselines import (
    baseline_lines,
    baseline_text,
    baselines_section,
)
from nse_tf.reporting.run_files import BaselineResult, RunResult
from nse_tf.reporting.run_record import RunRecord

MOBILENET = BaselineResult(
    name="MobileNetV2, width 0.35",
    costs={"macs": 2.0e6},
    test_accuracy=0.9417,
    lead=0.0472,
    half_interval=0.0251,
)
RESULT = RunResult(
    genotype={},
    path=[],
    costs={"macs": 1.9e6},
    test_accuracy=0.9889,
    test_errors=4,
    test_images=360,
    budget={},
    baselines=(MOBILENET,),
)


def test_without_baselines_there_is_nothing_to_say() -> None:
    none = dataclasses.replace(RESULT, baselines=())
    for result in (None, none):
        record = RunRecord(name="a", events=(), result=result)
        assert baseline_lines(record) == []
        assert baselines_section(record) == ""


def test_a_lead_beyond_its_interval_is_one() -> None:
    assert baseline_text(MOBILENET) == (
        "MobileNetV2, width 0.35 (2.00 M MACs): 94.17 %; the winner is ahead "
        "by 4.72 points ± 2.51"
    )


def test_a_winner_that_is_behind_is_called_so() -> None:
    behind = dataclasses.replace(MOBILENET, lead=-0.0472)
    assert "is BEHIND by 4.72 points" in baseline_text(behind)


def test_a_difference_within_its_interval_is_none() -> None:
    for lead, words in ((0.01, "+1.00"), (-0.01, "-1.00"), (0.0, "+0.00")):
        text = baseline_text(dataclasses.replace(MOBILENET, lead=lead))
        assert "do not tell the winner from it" in text
        assert f"({words} points, ± 2.51)" in text


def test_the_page_has_a_row_for_each_and_the_winner() -> None:
    record = RunRecord(name="a", events=(), result=RESULT)
    page = baselines_section(record)
    for words in ("the winner", "98.89 %", MOBILENET.name, "+4.72 ± 2.51"):
        assert words in page
