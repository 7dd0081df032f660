"""The notebooks of examples/ are executed, and committed without outputs."""

import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.shared_data import NB201_CSV, needs_nasbench201

CHECKOUT = pathlib.Path.cwd()
FOLDER = CHECKOUT / "examples" / "notebooks"
RANKING = "nasbench201_ranking"


def read(name: str) -> NotebookNode:
    """Returns a notebook."""
    notebook: NotebookNode = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Returns the cells that compute."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def executed(
    name: str, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, int]:
    """Runs a notebook in a folder; returns what it prints, and its plots."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    notebook = read(name)
    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(folder)}}
    ).execute()
    outputs = [out for cell in code_cells(notebook) for out in cell.outputs]
    printed = "".join(
        out.text for out in outputs if out.get("name") == "stdout"
    )
    return printed, sum("image/png" in out.get("data", {}) for out in outputs)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*")), ids=str)
def test_a_notebook_is_committed_without_outputs(path: pathlib.Path) -> None:
    notebook = read(path.stem)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# ")  # Its page's title.
    for cell in code_cells(notebook):
        assert not cell.outputs
        assert cell.execution_count is None


def test_a_table_that_is_not_there_is_named_at_once(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = code_cells(read(RANKING))[0]
    with pytest.raises(FileNotFoundError, match=r"is not at .*: set TABLE"):
        exec(first.source, {})


@pytest.mark.slow
def test_the_main_job_ends_in_files(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed, num_plots = executed("main_job", tmp_path, monkeypatch)
    assert num_plots == 5
    (accuracy,) = re.findall(r"parameters, test accuracy (.*)%", printed)
    assert float(accuracy) > 90
    assert re.search(r"model_int8\.tflite +\d+ kB, test accuracy \d", printed)
    assert (tmp_path / "runs/notebook/best/model_int8.tflite").exists()


@pytest.mark.slow
@needs_nasbench201
def test_scores_rank_cells_and_operators(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NB201_CSV.name).symlink_to(NB201_CSV)
    printed, num_plots = executed(RANKING, tmp_path, monkeypatch)
    assert num_plots == 4
    taus = dict(re.findall(r"^(\w+) +tau +(\S+)", printed, re.MULTILINE))
    assert taus["macs"] == "0.578"
    assert float(taus["angle_of_unit_kernels"]) > 0.6
    kept = dict(re.findall(r"^(\w+) +keeps (\d)", printed, re.MULTILINE))
    assert kept["macs"] == "6"
    assert int(kept["angle_of_unit_kernels"]) >= 7
