"""Jobs of children: trained alone, measured, broken off."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.jobs import ChildrenMeasured, ChildTrained, MeasureChildren
from nse_tf.training import ChildRecipe, accuracy
from nse_tf.training.checkpoints import Checkpoint
from tests.training.tiny_worker import (
    CHILDREN,
    DATA,
    LONE_CHILD,
    breaking_off_in_the_second_epoch,
    make_worker,
)


def test_a_child_is_trained_alone_and_kept(tmp_path: pathlib.Path) -> None:
    found = []
    for name in ("one", "other"):
        result = make_worker(tmp_path / name).run(LONE_CHILD)
        assert isinstance(result, ChildTrained)
        path = tmp_path / name / result.model_file
        content = path.read_bytes()
        assert result.model_sha256 == hashlib.sha256(content).hexdigest()
        assert [each.name for each in path.parent.iterdir()] == [path.name]
        child = keras.saving.load_model(path)
        assert accuracy(child, DATA.validation) == result.validation_accuracy
        found.append((result.losses, child.get_weights()))
    (losses, weights), (same_losses, same_weights) = found
    assert losses == same_losses
    assert all(map(np.array_equal, weights, same_weights))


@pytest.mark.slow
def test_with_all_images_the_inherited_accuracy_stands(
    tmp_path: pathlib.Path,
) -> None:
    job = dataclasses.replace(LONE_CHILD, uses_validation=True, epochs=1)
    result = make_worker(tmp_path).run(job)
    assert isinstance(result, ChildTrained)
    assert result.validation_accuracy == 0.5
    # Another training than on the training part alone.
    alone = make_worker(tmp_path).run(
        dataclasses.replace(job, uses_validation=False)
    )
    assert isinstance(alone, ChildTrained)
    assert result.losses != alone.losses


def test_children_are_measured_by_what_the_worker_was_given(
    tmp_path: pathlib.Path,
) -> None:
    seen: list[Any] = []

    def measure(
        models: Sequence[keras.Model],
        precision: str,
        num_threads: int,
        class_names: Sequence[str],
    ) -> tuple[list[float], list[int]]:
        seen.append((precision, num_threads, class_names))
        sizes = [model.count_params() for model in models]
        return [size / 1000 for size in sizes], sizes

    job = MeasureChildren(
        id="00005_measure_children",
        children=CHILDREN,
        precision="int8",
        num_threads=2,
    )
    result = make_worker(tmp_path, measure=measure).run(job)
    assert seen == [("int8", 2, DATA.class_names)]
    one, other = result.sizes_bytes  # type: ignore[union-attr]
    assert one > other > 0
    latencies = result.latencies_ms  # type: ignore[union-attr]
    assert latencies == (one / 1000, other / 1000)


def test_memory_is_measured_alone_if_that_is_all_that_is_asked(
    tmp_path: pathlib.Path,
) -> None:
    def measure_memory(
        models: Sequence[keras.Model], class_names: Sequence[str]
    ) -> tuple[list[int], list[int]]:
        assert class_names == DATA.class_names
        return [1] * len(models), [model.count_params() for model in models]

    job = MeasureChildren(
        id="00005_measure_children",
        children=CHILDREN,
        precision="fp32",
        num_threads=1,
        file=False,
        memory=True,
    )
    result = make_worker(tmp_path, measure_memory=measure_memory).run(job)
    assert isinstance(result, ChildrenMeasured)
    assert result.latencies_ms == result.sizes_bytes == ()
    assert result.rams_bytes == (1, 1)
    one, other = result.flashes_bytes
    assert one > other > 0
    with pytest.raises(ValueError, match="given no `measure_memory`"):
        make_worker(tmp_path).run(job)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_child_broken_off_and_trained_on_comes_to_the_same_bits(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, dropout: float
) -> None:
    recipe = ChildRecipe(batch_size=12, dropout=dropout)
    results = []
    for name in ("whole", "broken"):
        folder = tmp_path / name
        if name == "broken":
            with monkeypatch.context() as patch:
                patch.setattr(
                    "nse_tf.training.epoch_loop.epoch_batches",
                    breaking_off_in_the_second_epoch,
                )
                with pytest.raises(KeyboardInterrupt):
                    make_worker(folder, child_recipe=recipe).run(LONE_CHILD)
            (part,) = (folder / "children").iterdir()
            assert len(Checkpoint.load(part).losses) == 1
        result = make_worker(folder, child_recipe=recipe).run(LONE_CHILD)
        assert isinstance(result, ChildTrained)
        child = keras.saving.load_model(folder / result.model_file)
        results.append(
            (result.losses, [each.tobytes() for each in child.get_weights()])
        )
    assert results[0] == results[1]
