"""Labels, input size and normalization inside the file."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from nse_tf.export import PRECISIONS, convert, predict, read_classifier
from nse_tf.export.inference import open_interpreter
from nse_tf.export.metadata import with_classifier
from nse_tf.export.model_edit import metadata_of, with_byte_ends, with_metadata
from tests.export.textures import CLASSES, Trained


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_says_how_to_feed_it(precision: str, trained: Trained) -> None:
    plain = convert(trained.model, precision, trained.images)
    content = with_classifier(plain, CLASSES)
    facts = read_classifier(content)
    assert facts["labels"] == list(CLASSES)
    given = facts["input"]
    assert (given["height"], given["width"], given["channels"]) == (8, 8, 1)
    image = trained.test_images[:1]
    stored = image * given["scale"] + given["offset"]
    interpreter = open_interpreter(content)
    interpreter.set_tensor(
        interpreter.get_input_details()[0]["index"],
        stored.astype(given["type"]),
    )
    interpreter.invoke()
    raw = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert raw.argmax() == predict(plain, image).argmax()
    np.testing.assert_array_equal(
        predict(content, trained.test_images[:9]),
        predict(plain, trained.test_images[:9]),
    )


def test_another_range_of_values_is_recorded(trained: Trained) -> None:
    content = with_classifier(convert(trained.model, "fp32"), CLASSES, (-1, 1))
    given = read_classifier(content)["input"]
    assert 255 * given["scale"] + given["offset"] == pytest.approx(1)
    assert given["offset"] == -1


def test_what_was_inside_stays(trained: Trained) -> None:
    plain = convert(trained.model, "fp32")
    once = with_metadata(plain, {"mine": b"\x00\xff", "other": b"x"})
    again = with_metadata(once, {"mine": b"new"})
    before, after = metadata_of(plain), metadata_of(again)
    assert after == {**before, "mine": b"new", "other": b"x"}
    assert "min_runtime_version" in before


def test_a_file_without_it_is_refused(trained: Trained) -> None:
    with pytest.raises(ValueError, match="not exported by this package"):
        read_classifier(convert(trained.model, "fp32"))
    with pytest.raises(ValueError, match=r"is not a \.tflite file"):
        read_classifier(b"something else")


def test_float_ends_stay_as_they_are(trained: Trained) -> None:
    content = convert(trained.model, "fp32")
    assert with_byte_ends(content) is content


def test_weights_stay_on_whole_words(trained: Trained) -> None:
    content = with_classifier(convert(trained.model, "fp32"), CLASSES)
    model = schema.Model.GetRootAs(content, 0)
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.DataLength():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert start % 4 == 0
