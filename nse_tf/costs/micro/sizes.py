"""What kernels keep in the arena for good, and what they add to the file.

Each number was fitted to int8 files of this package's networks, of six presets
of chains, multi-branch networks and cells, as TensorFlow Lite Micro runs them
on a 64-bit machine: pointers are twice as long there as on a microcontroller.
"""

from nse_tf.costs.micro.graph import Node

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
# Bytes of a tensor's record, and of a channel's multiplier and shift.
_TENSOR, _CHANNEL = 24, 8
# Bytes of a node's record, its parameters and what it prepares.
_RESIDENT = {
    "CONV_2D": 171,
    "DEPTHWISE_CONV_2D": 175,
    "MUL": 102,
    "HARD_SWISH": 103,
    "MAXIMUM": 61,
    "LOGISTIC": 124,
    "RELU": 106,
    "QUANTIZE": 105,
}
_RESIDENT_OTHERS = 136
# Of the two ends of the network, its classifier and its labels, beyond nodes.
RESIDENT_BASE = 700
FILE_BASE = 3500
_FILE_NODE = 181
# Of kernels whose repeated names are counted: bytes of records, and what the
# converter adds to each name. Twenty-four files of MBConvs with
# squeeze-and-excite or hard swish are as long as these say, to 0.2 %.
_NAMED = {"CONV_2D": (320, 22), "DEPTHWISE_CONV_2D": (360, 12)}
_NAMED_OTHERS = (112, 8)


def resident_bytes(node: Node) -> int:
    """Returns what a kernel keeps in the arena as long as the network lives."""
    per_channel = _CHANNEL if node.kernel in CONVOLUTIONS else 0
    return (
        _RESIDENT.get(node.kernel, _RESIDENT_OTHERS)
        + _TENSOR * (1 + node.constants)
        + per_channel * node.channels
    )


def file_bytes(node: Node) -> int:
    """Returns what a kernel adds to the file.

    Beside its constants there are its record and those of its tensors, whose
    names repeat that of each layer that was folded into it. How often is
    counted for some kernels, and part of the fit for all others.
    """
    length = len(node.name)
    constants = node.weights + 4 * node.biases
    if node.names:
        records, around = _NAMED.get(node.kernel, _NAMED_OTHERS)
        return constants + records + node.names * (length + around)
    if node.kernel == "DEPTHWISE_CONV_2D":
        return constants + 20 * length
    if node.kernel == "CONV_2D":
        is_last = node.name.endswith("project")
        return constants + (46 if is_last else 19) * length
    return constants + _FILE_NODE
