"""Reads what TensorFlow's `benchmark_model` prints of the time of operators.

LiteRT's interpreter tells Python no time per operator, nor does
`litert-benchmark`. The tool does, with `--enable_op_profiling=true`, on phones
too; what it printed there can be read here.
"""

import dataclasses
import re

_RUNS = "Operator-wise Profiling Info for Regular Benchmark Runs:"
_TABLE = re.compile(r"=+ Run Order =+\n(.*?)(?:\n\s*\n|\Z)", re.DOTALL)
# Kind, start (in older versions), first, mean, two shares, memory, calls, name.
_ROW = re.compile(
    r"^\s*(?P<kind>\S.*?)\s+(?:[\d.]+\s+)?[\d.]+\s+(?P<ms>[\d.]+)"
    r"\s+[\d.]+%\s+[\d.]+%\s+[\d.]+\s+(?P<calls>\d+)\s+(?P<name>\S.*)$",
    re.MULTILINE,
)


@dataclasses.dataclass(frozen=True)
class OpTime:
    """How long one operator takes.

    Attributes:
        kind: As the tool names it, such as `CONV_2D`, or a delegate's own word,
            such as `Convolution (NHWC, QC8) GEMM`.
        name: Names of the tensors that it makes, and its number.
        ms: Milliseconds in one inference, on average: of all calls together.
    """

    kind: str
    name: str
    ms: float


def parse_op_profile(printed: str) -> list[OpTime]:
    """Returns the time of each operator, in the order in which they ran.

    Where the tool tells a delegate as one operator, and the operators inside it
    in a table of their own, both are there.

    Args:
        printed: Output of `benchmark_model --enable_op_profiling=true`.

    Raises:
        ValueError: If there are no such times in it.
    """
    # The tool tells its own preparation before, in a table like the other.
    _, _, runs = printed.replace("\r\n", "\n").rpartition(_RUNS)
    if _RUNS not in printed:
        runs = ""
    times = [
        OpTime(
            kind=row["kind"],
            name=row["name"],
            # Old versions count calls as zero.
            ms=float(row["ms"]) * max(1, int(row["calls"])),
        )
        for table in _TABLE.findall(runs)
        for row in _ROW.finditer(table)
    ]
    if not times:
        raise ValueError(
            "There are no times of operators in it: benchmark_model prints "
            "them with --enable_op_profiling=true."
        )
    return times
