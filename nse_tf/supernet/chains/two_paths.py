"""ComparingChain: a chain whose blocks compute one of two subsets."""

import functools

import tensorflow as tf

from nse_tf.supernet.chains.chain_supernet import ChainSupernet
from nse_tf.supernet.layers.two_outputs import chosen_of_two
from nse_tf.supernet.protocols import Capability


class ComparingChain(ChainSupernet):
    """A `ChainSupernet` whose candidates have outputs of one shape.

    So two of them can be compared, block by block.
    """

    capabilities = ChainSupernet.capabilities | {Capability.TWO_PATHS}

    @tf.autograph.experimental.do_not_convert
    def run_two(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
        rate: tf.Tensor | float,
        unselected_rate: tf.Tensor | float,
    ) -> tf.Tensor:
        """Returns logits of one of two subsets; see `TwoSubsetSupernet`.

        References:
            Ci et al., NSE (2021), code of the architecture step, after Cai et
            al., ProxylessNAS (2019): https://arxiv.org/abs/1812.00332
        """
        run = functools.partial(self.run_backbone, training=True, rate=rate)
        subsets = (
            (self.open_by_block(selected), rate),
            (self.open_by_block(unselected), unselected_rate),
        )
        outputs = run(self.stem, tf.cast(images, tf.float32))
        for number, block in enumerate(self.blocks):
            chosen, other = (
                block(outputs, opened(number), training=True, rate=by)
                for opened, by in subsets
            )
            outputs = chosen_of_two(chosen, other, mixing_weights[number])
        return run(self.tail, outputs)

    def call_pair(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
    ) -> tf.Tensor:
        """Returns logits of one of two paths; see `TwoPathSupernet`."""
        return self.run_two(
            images,
            selected,
            unselected,
            mixing_weights,
            rate=0.0,
            unselected_rate=0.0,
        )
