"""The graph inside a motif, of a stand-alone child's layers."""

import keras
import tensorflow as tf

from nse_tf.spaces import Motif, MotifEdge
from nse_tf.supernet.layers.stock import batch_norm, depthwise, relu6


class MotifGraph:
    """From what a motif expands to what it projects, by Keras layers.

    Args:
        op: The motif.
        stride: Stride of the edges that leave node 0.
        prefix: Begins the name of each layer.
        fast: Whether layers are those of this package that are fast to train,
            or stock ones.
    """

    def __init__(
        self, op: Motif, stride: int, prefix: str, *, fast: bool
    ) -> None:
        self._op, self._stride, self._prefix = op, stride, prefix
        self._is_fast = fast

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns node 3, given node 0."""
        nodes = [inputs]
        for node in (1, 2, 3):
            found = [
                self._along(edge, nodes[edge.source])
                for edge in self._op.inputs_of(node)
            ]
            nodes.append(self._mixed(node, found))
        return nodes[-1]

    def _along(self, edge: MotifEdge, outputs: tf.Tensor) -> tf.Tensor:
        """Returns what an edge makes of a node."""
        stride = self._stride if edge.source == 0 else 1
        name = f"{self._prefix}_{edge.name}"
        if edge.kernel:
            for layer in (
                depthwise(edge.kernel, stride, name, fast=self._is_fast),
                batch_norm(f"{name}_bn", fast=self._is_fast),
                relu6(f"{name}_relu"),
            ):
                outputs = layer(outputs)
        elif stride > 1:
            name = f"{self._prefix}_pool_{edge.source}{edge.target}"
            pool = keras.layers.AveragePooling2D(
                stride, padding="same", name=name
            )
            outputs = pool(outputs)
        return outputs

    def _mixed(self, node: int, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Returns what a node makes of its inputs."""
        if len(inputs) == 1:
            return inputs[0]
        takes_maximum = self._op.takes_maximum[node]
        kind = keras.layers.Maximum if takes_maximum else keras.layers.Add
        return kind(name=f"{self._prefix}_node{node}")(inputs)
