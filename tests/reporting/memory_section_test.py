import pathlib

from nse_tf.costs import Budget
from nse_tf.costs.micro import live_memory
from nse_tf.reporting.answer import find_answer, winner_genotype
from nse_tf.reporting.memory_section import memory_section, plot_memory
from nse_tf.reporting.run_record import RunRecord, read_record
from nse_tf.spaces.files import write_json
from tests.reporting.made_up_run import begin_run, finish_run, make_history


def measured_run(folder: pathlib.Path, arena_bytes: int) -> RunRecord:
    """Returns a run whose winner was measured for a microcontroller."""
    method = make_history(Budget())
    begin_run(folder, method)
    finish_run(folder, method)
    assert memory_section(read_record(folder)) == ""
    write_json(
        folder / "best" / "micro.json",
        {
            "schema": "nse_tf.micro/1",
            "arena_bytes": arena_bytes,
            "flash_bytes": 90_000,
            "num_images": 100,
            "steps": 1,
            "kernels": ["ADD"],
            "faults": [],
        },
    )
    return read_record(folder)


def test_a_page_says_what_was_measured_and_what_decides(
    tmp_path: pathlib.Path,
) -> None:
    record = measured_run(tmp_path / "run", 36_208)
    section = memory_section(record)
    assert (
        "used an arena of 36,208 bytes under TensorFlow Lite Micro" in section
    )
    found = winner_genotype(record)
    assert found is not None
    peak = max(live_memory(*found), key=lambda layer: layer.live_bytes)
    assert f"{peak.live_bytes:,} bytes at once" in section
    assert peak.name in section
    assert "which is more, is what kernels keep" in section
    assert "image size, stem and first stage decide it" in section


def test_a_limit_on_ram_is_told_from_what_was_measured(
    tmp_path: pathlib.Path,
) -> None:
    record = measured_run(tmp_path / "run", 36_208)
    assert record.result is not None
    record.result.budget["ram_bytes"] = 30_000.0
    answer = find_answer(record)
    assert answer is not None
    (verdict,) = [v for v in answer.verdicts if v.cost == "ram_bytes"]
    assert verdict.is_met is False
    assert verdict.shown_actual == "36,208 bytes (int8 file)"
    assert verdict.shown_limit == "at most 30,000 bytes"


def test_a_plot_shows_every_kernel_the_most_and_the_limit(
    tmp_path: pathlib.Path,
) -> None:
    found = winner_genotype(measured_run(tmp_path / "run", 36_208))
    assert found is not None
    layers = live_memory(*found)
    drawing = plot_memory(layers, 40_000)
    assert [key.text for key in drawing.keys][-1].startswith("limit")
    assert f"in each of {len(layers)} kernels" in drawing.svg
    assert len(plot_memory(layers, None).keys) == 2
