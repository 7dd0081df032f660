"""Networks of DARTS cells, from supernet to .tflite."""

import numpy as np
import pytest

from nse_tf.export import convert, predict
from nse_tf.supernet import Calibrator
from tests.supernet.tiny_cells import images_of
from tests.supernet.tiny_darts import lively_darts, paths_of, tiny_darts

SPACE = tiny_darts()
IMAGES = images_of(SPACE, 20)


@pytest.mark.slow
@pytest.mark.parametrize("path", paths_of(SPACE))
@pytest.mark.parametrize(
    ("precision", "tolerance"), [("fp32", 1e-5), ("int8", 0.3)]
)
def test_a_file_says_what_the_child_says(
    path: tuple[int, ...], precision: str, tolerance: float
) -> None:
    supernet, genotype = lively_darts(SPACE), SPACE.genotype(path)
    # Without a child's own statistics, integers of some layers are all zero.
    Calibrator(supernet).calibrate(supernet.encode(genotype), [IMAGES])
    child = supernet.cut_out(genotype, fast=False)
    found = predict(convert(child, precision, IMAGES), IMAGES)
    wanted = child(IMAGES).numpy()
    # Int8 by 256 steps, in a network that was never trained.
    assert np.abs(found - wanted).max() <= tolerance * np.ptp(wanted)
