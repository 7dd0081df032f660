"""What the pages under docs/ show is run, page by page, from top to bottom."""

import pathlib
import re

import pytest

from tests.end_to_end.pages import (
    CHECKOUT,
    blocks_of,
    programs_of,
    require_outputs,
    run_program,
)
from tests.shared_data import NB201_CSV, needs_nasbench201


@pytest.mark.slow
@pytest.mark.parametrize("page", ["choice", "keras_tuner", "methods/nse"])
def test_the_programs_of_a_page_run(page: str, tmp_path: pathlib.Path) -> None:
    run_program(programs_of(page), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "lesson",
    [
        "own_method",
        # Half a minute for what `choice` and a minute for what `keras_tuner`
        # shows, too.
        pytest.param("choice_model", marks=pytest.mark.long),
        pytest.param("keras_tuner", marks=pytest.mark.long),
    ],
)
def test_a_lesson_prints_what_it_shows(
    lesson: str, tmp_path: pathlib.Path
) -> None:
    page = f"tutorials/{lesson}"
    require_outputs(page, run_program(programs_of(page), tmp_path))


@pytest.mark.slow
@needs_nasbench201
def test_the_claim_is_checked_as_the_tutorial_says(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / NB201_CSV.name).symlink_to(NB201_CSV)
    page = "tutorials/nasbench201"
    printed = run_program(programs_of(page), tmp_path)
    for output in blocks_of(page, "text"):
        assert output in printed
    assert "12 epochs  tau 0.594\nMACs       tau 0.578\n" in printed


@pytest.mark.slow
def test_the_resnet_example_ends_in_files(tmp_path: pathlib.Path) -> None:
    program = (CHECKOUT / "examples" / "resnet_choice.py").read_text()
    printed = run_program(
        program, tmp_path, "--epochs=1", "--children=2", "--run_dir=resnet"
    )
    assert re.search(r"choice_5: (basic|bottleneck|separable|poi)", printed)
    assert re.search(r"int8: test accuracy 0\.\d+", printed)
    names = {each.name for each in (tmp_path / "resnet" / "best").iterdir()}
    assert "model_fp32.tflite" in names
