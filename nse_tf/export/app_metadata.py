"""TensorFlow Lite's standard metadata, by which apps know a classifier.

MediaPipe's tasks, ML Kit and Android Studio read a flatbuffer of the schema
`metadata_schema.fbs` (identifier `M001`) under the name `TFLITE_METADATA`, and
class names from a zip archive that follows the model in the same file. The
tables are written field by field, by the slots of that schema, since no package
that this one depends on has code for it.
"""

import io
import zipfile
from collections.abc import Sequence

import flatbuffers

NAME = "TFLITE_METADATA"
LABELS_FILE = "labels.txt"
IDENTIFIER = b"M001"
# The first version of the schema has all that is written here.
_MIN_PARSER_VERSION = "1.0.0"
# Members of the schema's unions and enumerations.
_IMAGE_PROPERTIES = 2
_NORMALIZATION_OPTIONS = 1
_COLOR_SPACES = {3: 1, 1: 2}  # RGB, GRAYSCALE.
_UNKNOWN = 0
_TENSOR_AXIS_LABELS = 2
# Older than any archive: the same export has the same bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


class _Tables:
    """Writes tables of a flatbuffer, children before their parents."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def table(
        self,
        num_slots: int,
        children: dict[int, int],
        *,
        unions: dict[int, int] | None = None,
        sizes: dict[int, int] | None = None,
    ) -> int:
        """Returns the offset of a table.

        Args:
            num_slots: Fields that the schema gives it, a union counted twice.
            children: Offset of a string, vector or table by slot.
            unions: Which member a union or enumeration is, by slot.
            sizes: Unsigned 32-bit numbers by slot.
        """
        self.builder.StartObject(num_slots)
        for slot, size in (sizes or {}).items():
            self.builder.PrependUint32Slot(slot, size, 0)
        for slot, child in children.items():
            self.builder.PrependUOffsetTRelativeSlot(slot, child, 0)
        for slot, member in (unions or {}).items():
            self.builder.PrependUint8Slot(slot, member, 0)
        return int(self.builder.EndObject())

    def text(self, text: str) -> int:
        """Returns the offset of a string."""
        return int(self.builder.CreateString(text))

    def floats(self, *values: float) -> int:
        """Returns the offset of a vector of 32-bit floats."""
        self.builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self.builder.PrependFloat32(value)
        return int(self.builder.EndVector())

    def tables(self, *offsets: int) -> int:
        """Returns the offset of a vector of tables."""
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def finished(self, root: int) -> bytes:
        """Returns the flatbuffer of a root table."""
        self.builder.Finish(root, IDENTIFIER)
        return bytes(self.builder.Output())


def app_metadata(
    shape: Sequence[int],
    value_range: tuple[float, float],
    *,
    are_probabilities: bool,
) -> bytes:
    """Returns the metadata of a classifier of images, as a flatbuffer.

    Args:
        shape: `(height, width, channels)` of the input. Three channels are RGB
            and one is gray; those of others are unknown, so that MediaPipe
            refuses them when it opens the file.
        value_range: The real values of a black and of a white pixel. An app
            computes `(pixel - mean) / std` for float inputs; of quantized ones
            these are the values of the network that they were made from, as
            the schema has it.
        are_probabilities: Whether scores are; else they may be any numbers.
    """
    made = _Tables()
    image = _image(made, shape, value_range)
    scores = _scores(made, are_probabilities=are_probabilities)
    graph = made.table(10, {2: made.tables(image), 3: made.tables(scores)})
    root = made.table(
        8,
        {
            0: made.text("Image classifier"),
            3: made.tables(graph),
            7: made.text(_MIN_PARSER_VERSION),
        },
    )
    return made.finished(root)


def _image(
    made: _Tables, shape: Sequence[int], value_range: tuple[float, float]
) -> int:
    """Returns the offset of the input's TensorMetadata."""
    height, width, channels = shape
    low, high = value_range
    size = made.table(2, {}, sizes={0: width, 1: height})
    color = _COLOR_SPACES.get(channels, _UNKNOWN)
    image = made.table(2, {1: size}, unions={0: color})
    content = made.table(3, {1: image}, unions={0: _IMAGE_PROPERTIES})
    std = 255 / (high - low)
    normalization = made.table(
        2, {0: made.floats(0.0 - low * std), 1: made.floats(std)}
    )
    unit = made.table(2, {1: normalization}, unions={0: _NORMALIZATION_OPTIONS})
    return made.table(
        7,
        {
            0: made.text("image"),
            1: made.text(f"Pixels of {width}x{height}."),
            3: content,
            4: made.tables(unit),
            5: made.table(2, {0: made.floats(high), 1: made.floats(low)}),
        },
    )


def _scores(made: _Tables, *, are_probabilities: bool) -> int:
    """Returns the offset of the output's TensorMetadata."""
    labels = made.table(
        5,
        {0: made.text(LABELS_FILE), 1: made.text("A class a line.")},
        unions={2: _TENSOR_AXIS_LABELS},
    )
    meaning = "Probability of each class."
    children = {5: made.table(2, {0: made.floats(1.0), 1: made.floats(0.0)})}
    if not are_probabilities:
        meaning = "Score of each class, no probability: the largest counts."
        children = {}
    return made.table(
        7,
        {
            0: made.text("scores"),
            1: made.text(meaning),
            **children,
            6: made.tables(labels),
        },
    )


def with_labels_file(tflite: bytes, class_names: Sequence[str]) -> bytes:
    """Returns a file with a zip archive of its labels behind it.

    It is not compressed, since apps map the labels into memory.

    Args:
        tflite: A .tflite file that has no archive yet.
        class_names: A name for each score, each one line.
    """
    file = io.BytesIO(tflite)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo(LABELS_FILE, _NO_DATE)
        archive.writestr(entry, "".join(f"{name}\n" for name in class_names))
    return file.getvalue()
