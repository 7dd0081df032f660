"""Running files: integer ends, delegates, and files that are none."""

import pathlib

import numpy as np
import pytest

from nse_tf.export import convert, predict
from nse_tf.export.inference import (
    count_delegated,
    dequantize,
    open_interpreter,
    quantize,
)
from tests.export.textures import Trained

BYTE = {"dtype": np.uint8, "quantization": (0.5, 10)}


@pytest.fixture(scope="module")
def int8_file(trained: Trained) -> bytes:
    return convert(trained.model, "int8", trained.images)


def test_values_are_stored_as_steps_of_the_scale_and_cut_off() -> None:
    stored = quantize(np.array([-9.0, -5.0, 0.0, 0.3, 200.0]), BYTE)
    assert stored.dtype == np.uint8
    assert stored.tolist() == [0, 0, 10, 11, 255]
    assert dequantize(stored, BYTE).tolist() == [-5, -5, 0, 0.5, 122.5]


def test_floats_are_left_as_they_are() -> None:
    tensor = {"dtype": np.float32, "quantization": (0.0, 0)}
    values = np.array([-1.5, 300.0], np.float32)
    np.testing.assert_array_equal(quantize(values, tensor), values)
    np.testing.assert_array_equal(dequantize(values, tensor), values)


def test_scores_do_not_depend_on_the_neighbors_in_a_batch(
    trained: Trained, int8_file: bytes
) -> None:
    together = predict(int8_file, trained.test_images[:6])
    alone = [
        predict(int8_file, image[None]) for image in trained.test_images[:6]
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    assert together.shape == (6, 4)


def test_a_path_is_read_like_its_content(
    trained: Trained, int8_file: bytes, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_file)
    np.testing.assert_array_equal(
        predict(path, trained.test_images[:3]),
        predict(int8_file, trained.test_images[:3]),
    )


def test_xnnpack_takes_all_but_the_conversions_at_the_ends(
    trained: Trained, int8_file: bytes
) -> None:
    interpreter = open_interpreter(int8_file)
    taken = count_delegated(interpreter)
    assert taken is not None
    names = [op["op_name"] for op in interpreter._get_ops_details()]
    assert taken == (len(names) - 3, len(names) - 1)
    assert names.count("QUANTIZE") == 2
    assert names.count("DELEGATE") == 1


def test_without_xnnpack_no_op_is_delegated(int8_file: bytes) -> None:
    taken = count_delegated(open_interpreter(int8_file, use_xnnpack=False))
    assert taken is not None
    assert taken[0] == 0 < taken[1]


@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.999])
def test_a_truncated_file_is_refused(share: float, int8_file: bytes) -> None:
    part = int8_file[: int(share * len(int8_file))]
    with pytest.raises(ValueError, match="not a whole"):
        open_interpreter(part)


def test_a_file_of_something_else_is_refused_by_name(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "notes.tflite"
    path.write_text("not a flatbuffer at all, only a few words\n" * 9)
    with pytest.raises(ValueError, match=r"notes.tflite is not a .tflite"):
        open_interpreter(path)


def test_a_missing_path_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.tflite"):
        open_interpreter(tmp_path / "absent.tflite")


def test_images_of_another_shape_are_refused(int8_file: bytes) -> None:
    with pytest.raises(ValueError, match=r"\(2, 9, 8, 1\).*\(count, 8, 8, 1\)"):
        predict(int8_file, np.zeros((2, 9, 8, 1)))


def test_no_threads_are_refused(int8_file: bytes) -> None:
    with pytest.raises(ValueError, match="`num_threads` must be at least 1"):
        open_interpreter(int8_file, num_threads=0)
