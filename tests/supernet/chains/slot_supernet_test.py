import numpy as np
import pytest
import tensorflow as tf

from nse_tf.supernet import SlotSupernet
from nse_tf.testing.supernet_probes import images_of
from tests.supernet.tiny_slots import CELLS, seated_slots


@pytest.fixture(scope="module")
def supernet() -> SlotSupernet:
    return seated_slots()


@pytest.fixture(scope="module")
def images(supernet: SlotSupernet) -> tf.Tensor:
    return tf.constant(images_of(supernet.space))


def channels_of(outputs: tf.Tensor) -> np.ndarray:
    """Returns all values of each channel in a row."""
    rows = np.moveaxis(np.asarray(outputs), -1, 0)
    return rows.reshape(len(rows), -1)


def test_distances_are_one_less_the_correlation_with_the_last_slot(
    supernet: SlotSupernet, images: tf.Tensor
) -> None:
    active = supernet.space.active
    shares = tf.fill((2, len(CELLS)), 1 / len(CELLS))
    found = supernet.slot_distances(images, shares, active).numpy()
    inputs = supernet.run_backbone(
        supernet.stem, images, training=True, rate=0.0
    )
    for number, block in enumerate(supernet.blocks):
        slots = block.side_by_side(inputs, active[number])
        last = channels_of(slots[-1])
        expected = [
            1
            - np.mean(
                [
                    np.corrcoef(*pair)[0, 1]
                    for pair in zip(channels_of(slot), last, strict=True)
                ]
            )
            for slot in slots
        ]
        # Norms divide by a little more than the deviation.
        assert found[number] == pytest.approx(expected, abs=0.01)
        assert found[number, -1] == 0.0
        assert (found[number, :-1] > 0.1).all()
        inputs = block.mix(inputs, shares[number], active[number])


def test_slots_that_compute_the_same_have_no_distance(
    supernet: SlotSupernet, images: tf.Tensor
) -> None:
    nobody = ("",) * len(CELLS)
    supernet.seat(
        [(CELLS[0], CELLS[1], CELLS[0])] * 2, [nobody] * 2, [()] * 2, (0,)
    )
    for block in supernet.blocks:
        block.rows[-2].assign(block.rows[0])
    shares = tf.fill((2, len(CELLS)), 0.5)
    found = supernet.slot_distances(images, shares, ((0, 2), (1, 2))).numpy()
    # Slots that take no part have none either.
    assert found[0].tolist() == [0.0, 0.0, 0.0]
    assert found[1, 0] == found[1, 2] == 0.0
    assert found[1, 1] > 0.1
