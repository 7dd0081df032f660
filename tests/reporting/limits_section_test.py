import json
import pathlib
import re
import shutil

import pytest

from nse_tf.reporting import summary_text
from nse_tf.reporting.limits_section import limits_section
from nse_tf.reporting.run_record import RunRecord, read_record


@pytest.fixture
def first(run_dir: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """A run with one under another limit, and one that has not finished."""
    first = tmp_path / "digits"
    shutil.copytree(run_dir, first)
    for name, limits in (
        ("max_macs_500000", {"macs": 5e5}),
        ("max_params_9000", {"params": 9e3}),
    ):
        folder = first / "limits" / name
        shutil.copytree(run_dir, folder)
        config = json.loads((folder / "config.json").read_text())
        settings = {
            key: value
            for key, value in config["settings"].items()
            if not key.startswith("max_")
        } | {f"max_{cost}": limit for cost, limit in limits.items()}
        write_as_json(folder / "config.json", {**config, "settings": settings})
        path = folder / "best" / "result.json"
        result = json.loads(path.read_text())
        if "macs" in limits:
            changes = {"budget": limits, "test_accuracy": 0.875}
            write_as_json(path, {**result, **changes})
        else:
            path.unlink()
    return first


def write_as_json(path: pathlib.Path, value: object) -> None:
    path.write_text(json.dumps(value))


def rows_of(folder: pathlib.Path) -> list[str]:
    """Returns the rows of the table of winners on a run's page, as HTML."""
    section = limits_section(read_record(folder))
    return re.findall(r"<tr>.*?</tr>", section, re.S)[1:]


def test_each_page_has_all_winners_with_links(first: pathlib.Path) -> None:
    second = first / "limits" / "max_macs_500000"
    folders = (first, second, first / "limits" / "max_params_9000")
    for own, folder in enumerate(folders):
        rows = rows_of(folder)
        shown = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows]
        assert len(shown) == 3
        assert shown[0].startswith("MACs at most 800 k, Latency at most 15.0")
        assert "98.89 %" in shown[0]
        assert shown[1].startswith("MACs at most 500 k")
        assert "87.50 %" in shown[1]
        assert shown[2].startswith("Parameters at most 9.00 k")
        assert "not finished" in shown[2]
        for number, row in enumerate(rows):
            links = re.findall(r'href="([^"]+)/report.html"', row)
            if number == own:
                assert shown[number].endswith("this page")
                assert links == []
            else:
                (link,) = links
                assert (folder / link).resolve() == folders[number].resolve()


def test_the_terminal_tells_of_the_other_limits(first: pathlib.Path) -> None:
    lines = summary_text(first / "limits" / "max_macs_500000").splitlines()
    others = [line for line in lines if line.startswith("other limit")]
    assert "MACs at most 800 k, Latency at most 15.0 ms: 98.89 %" in others[0]
    assert "Parameters at most 9.00 k: not finished" in others[1]
    assert len(others) == 2


def test_a_run_of_one_limit_has_no_such_table(run_dir: pathlib.Path) -> None:
    assert read_record(run_dir).limited == ()
    assert limits_section(RunRecord(name="any")) == ""
