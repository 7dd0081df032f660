"""An int8 file as C source: the array, its header and its kernels."""

import dataclasses
from collections.abc import Sequence

# Bytes of the array in a line.
_PER_LINE = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class MicroFacts:
    """What a header says of a file beside its bytes.

    Attributes:
        class_names: A name for each score.
        arena_bytes: Tensor arena as measured.
        input_shape: Height, width and channels.
        input_scale: Pixels 0..255 that a step of the input stands for.
        input_zero_point: The step that stands for 0.
        output_scale: What a step of a score stands for.
        output_zero_point: The step that stands for 0.
        kernels: The methods that register its kernels, such as `AddConv2D`.
    """

    class_names: Sequence[str]
    arena_bytes: int
    input_shape: Sequence[int]
    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int
    kernels: Sequence[str]


def header_text(content: bytes, facts: MicroFacts) -> str:
    """Returns `model_data.h`: sizes, shapes and what numbers mean."""
    height, width, channels = facts.input_shape
    numbers = {
        "MODEL_SIZE": str(len(content)),
        "ARENA_BYTES": str(facts.arena_bytes),
        "NUM_CLASSES": str(len(facts.class_names)),
        "INPUT_HEIGHT": str(height),
        "INPUT_WIDTH": str(width),
        "INPUT_CHANNELS": str(channels),
        "INPUT_SCALE": f"{facts.input_scale!r}f",
        "INPUT_ZERO_POINT": str(facts.input_zero_point),
        "OUTPUT_SCALE": f"{facts.output_scale!r}f",
        "OUTPUT_ZERO_POINT": str(facts.output_zero_point),
    }
    return "\n".join(
        [
            "// An image classifier for TensorFlow Lite Micro. It takes uint8",
            "// pixels in rows, and gives a uint8 score for each label: the",
            "// largest is the class.",
            "#ifndef NSE_MODEL_DATA_H_",
            "#define NSE_MODEL_DATA_H_",
            "",
            "// The arena is as measured on a 64-bit machine. With pointers of",
            "// 32 bits it takes less; kernels with scratch buffers take more.",
            *(f"#define NSE_{name} {each}" for name, each in numbers.items()),
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "extern const unsigned char nse_model[NSE_MODEL_SIZE];",
            "extern const char* const nse_labels[NSE_NUM_CLASSES];",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif  // NSE_MODEL_DATA_H_",
            "",
        ]
    )


def array_text(content: bytes, facts: MicroFacts) -> str:
    """Returns `model_data.c`: the bytes, aligned for the interpreter."""
    lines = [
        "  "
        + ", ".join(f"0x{byte:02x}" for byte in content[at : at + _PER_LINE])
        + ","
        for at in range(0, len(content), _PER_LINE)
    ]
    return "\n".join(
        [
            '#include "model_data.h"',
            "",
            "#include <stdalign.h>",
            "",
            "alignas(16) const unsigned char nse_model[NSE_MODEL_SIZE] = {",
            *lines,
            "};",
            "",
            "const char* const nse_labels[NSE_NUM_CLASSES] = {",
            *(f'  "{_escaped(name)}",' for name in facts.class_names),
            "};",
            "",
        ]
    )


def ops_text(facts: MicroFacts) -> str:
    """Returns `model_ops.h`: the resolver of just the kernels needed."""
    count = len(facts.kernels)
    return "\n".join(
        [
            "#ifndef NSE_MODEL_OPS_H_",
            "#define NSE_MODEL_OPS_H_",
            "",
            '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"',
            "",
            f"using NseOpResolver = tflite::MicroMutableOpResolver<{count}>;",
            "",
            "inline TfLiteStatus RegisterNseOps(NseOpResolver& resolver) {",
            *(
                f"  if (resolver.{name}() != kTfLiteOk) return kTfLiteError;"
                for name in facts.kernels
            ),
            "  return kTfLiteOk;",
            "}",
            "",
            "#endif  // NSE_MODEL_OPS_H_",
            "",
        ]
    )


def _escaped(name: str) -> str:
    """Returns a name as it stands in a C string, in plain ASCII."""
    return "".join(
        chr(byte)
        if 32 <= byte < 127 and chr(byte) not in '"\\?'
        else f"\\{byte:03o}"
        for byte in name.encode()
    )
