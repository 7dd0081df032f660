"""Supernet: the weights of all candidates of a chain."""

from collections.abc import Mapping
from typing import Any, ClassVar

import tensorflow as tf

from nse_tf.spaces import SearchSpace
from nse_tf.supernet.chains.choice_layer import ChoiceLayer
from nse_tf.supernet.chains.mbconv_layers import MBCONV_PARTS
from nse_tf.supernet.chains.two_paths import ComparingChain
from nse_tf.supernet.layers.layouts import row_kernel_sizes
from nse_tf.supernet.protocols import Active, Capability


class Supernet(ComparingChain):
    """The weight-sharing model of a whole chain space.

    It is called as a `ChainSupernet`. Several open branches of a block have
    equal shares.

    Args:
        space: The space; also the candidates that are no longer active have
            their weights here.
        seed: Seed of the initial weights.

    Raises:
        ValueError: If the space is no chain.
    """

    capabilities = ComparingChain.capabilities | {Capability.MIXES}
    _block_type: ClassVar[type[ChoiceLayer]] = ChoiceLayer

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        super().__init__(space, seed, MBCONV_PARTS, self._block_type)

    def row_kernel_sizes(self) -> Mapping[int, Any]:
        """Returns how long the kernels of rows are, by index of variable."""
        return row_kernel_sizes(self.trainable_variables, self.blocks)

    @tf.autograph.experimental.do_not_convert
    def mix(
        self, images: tf.Tensor, mixing_weights: tf.Tensor, active: Active
    ) -> tf.Tensor:
        """Returns logits of the mixture; see `MixingSupernet`."""
        outputs = self.run_backbone(
            self.stem, tf.cast(images, tf.float32), training=True, rate=0.0
        )
        for number, block in enumerate(self.blocks):
            outputs = block.mix(outputs, mixing_weights[number], active[number])
        return self.run_backbone(self.tail, outputs, training=True, rate=0.0)
