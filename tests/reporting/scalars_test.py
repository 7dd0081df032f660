import pathlib

import pytest
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from nse_tf.events import (
    Event,
    OperatorsScored,
    SpaceAtStage,
    StageTrained,
    SupernetWarmedUp,
    WinnerChosen,
)
from nse_tf.methods import OneShotSearch
from nse_tf.reporting import write_scalars
from nse_tf.reporting.scalars import Curves


def curves(folder: pathlib.Path) -> dict[str, list[tuple[int, float]]]:
    """Returns what TensorBoard itself reads."""
    reader = EventAccumulator(str(folder / "tensorboard"))
    reader.Reload()
    return {
        tag: [(each.step, each.value) for each in reader.Scalars(tag)]
        for tag in reader.Tags()["scalars"]
    }


@pytest.fixture(scope="module")
def found(
    method: OneShotSearch, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[int, float]]]:
    folder = tmp_path_factory.mktemp("run")
    write_scalars(folder, method.noted(Event))
    return curves(folder)


def test_losses_continue_over_the_stages_of_shrinking(
    method: OneShotSearch, found: dict[str, list[tuple[int, float]]]
) -> None:
    trained = [event.losses for event in method.noted(StageTrained)]
    expected = [loss for losses in trained[:-1] for loss in losses]
    curve = found["loss/supernet_for_shrinking"]
    assert [step for step, _ in curve] == list(range(1, len(expected) + 1))
    assert [value for _, value in curve] == pytest.approx(expected)
    assert len(found["loss/supernet_for_search"]) == len(trained[-1])


def test_the_best_so_far_never_falls(
    found: dict[str, list[tuple[int, float]]],
) -> None:
    values = [value for _, value in found["inherited/best_so_far"]]
    assert values == sorted(values)
    assert len(values) > 1


def test_the_space_narrows_by_stage(
    method: OneShotSearch, found: dict[str, list[tuple[int, float]]]
) -> None:
    spaces = method.noted(SpaceAtStage)
    assert found["space/operators"] == [
        (stage, event.num_operators) for stage, event in enumerate(spaces)
    ]


def test_children_and_winner_are_there(
    method: OneShotSearch, found: dict[str, list[tuple[int, float]]]
) -> None:
    (winner,) = method.noted(WinnerChosen)
    assert found["winner/macs"] == [(0, winner.costs["macs"])]
    assert len(found["loss/alone_0"]) == 4
    assert len(found["alone/validation_accuracy"]) >= 6


def test_the_file_only_grows_as_a_run_continues(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    events, before = method.noted(Event), b""
    for count in range(1, len(events) + 1):
        if any(isinstance(e, OperatorsScored) for e in events[count:][:1]):
            continue  # A method notes it together with the training before.
        path = write_scalars(tmp_path, events[:count])
        assert path.read_bytes().startswith(before)
        before = path.read_bytes()
    whole = write_scalars(tmp_path / "at_once", events)
    assert whole.read_bytes() == before


def test_a_file_of_something_else_is_replaced(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    path = write_scalars(tmp_path, method.noted(Event))
    whole = path.read_bytes()
    path.write_bytes(b"x" + whole[:100])
    assert write_scalars(tmp_path, method.noted(Event)).read_bytes() == whole
    # The file is continued after a write that a kill cut short.
    path.write_bytes(whole[:1001])
    assert write_scalars(tmp_path, method.noted(Event)).read_bytes() == whole


def test_a_warm_up_has_a_curve_of_its_own() -> None:
    curves = Curves()
    for start in (0, 2):
        event = SupernetWarmedUp(
            job="a", seconds=1.0, num_cells=3, losses=(1.5, 1.25)
        )
        assert curves.added(event, None) == [
            ("loss/supernet_warming_up", start + 1, 1.5),
            ("loss/supernet_warming_up", start + 2, 1.25),
        ]
