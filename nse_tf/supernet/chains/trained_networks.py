"""The networks that are cut out of a trained chain."""

import keras

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet.chains.child import set_operator
from nse_tf.supernet.chains.nested_supernet import NestedSupernet
from nse_tf.supernet.chains.networks import ChainNetworks
from nse_tf.supernet.chains.trained_chain import TrainedChain
from nse_tf.supernet.layers.layouts import layout_of
from nse_tf.supernet.protocols import Active, WeightSharing


class TrainedSupernet(NestedSupernet):
    """A nested supernet whose weights are those of a trained chain at first.

    Only its classifier is drawn. Statistics of batch norm are those of the
    trained chain, which fit the largest candidates.

    Args:
        space: The space that was made of the chain.
        trained: The chain.
        seed: Seed of the classifier.
    """

    def __init__(
        self, space: SearchSpace, trained: TrainedChain, seed: int = 0
    ) -> None:
        super().__init__(space, seed)
        self._trained = trained
        self._take()

    def initialize(self, seed: int) -> None:
        """Draws a new classifier; all else is as it was trained."""
        super().initialize(seed)
        self._take()

    def _take(self) -> None:
        for layer in self.backbone_layers:
            if layer.name in self._trained.backbone:
                layer.set_weights(self._trained.backbone[layer.name])
        for block, residual in zip(
            self.blocks, self._trained.blocks, strict=True
        ):
            block.take(residual.part)


class TrainedNetworks(ChainNetworks):
    """The networks that are cut out of a trained chain.

    What starts fresh elsewhere starts from its weights here: supernets and
    children. Its inner channels are sorted by importance first, since smaller
    expansions are the first channels of larger ones.

    Args:
        trained: The chain.
        image_size: Height and width of the images, in pixels.
        num_classes: Classes of the fresh classifier.

    Raises:
        ValueError: If the images are too small for its strides.
    """

    def __init__(
        self,
        trained: TrainedChain,
        image_size: tuple[int, int],
        num_classes: int,
    ) -> None:
        super().__init__(trained.space(image_size, num_classes), "nested")
        self.is_trained = True
        self._trained = trained.sorted_by_importance()

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        del active  # Every candidate has weights.
        return TrainedSupernet(self.space, self._trained, seed)

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns a child cut out of the chain; see `Networks`."""
        child = super().child(genotype, seed=seed, fast=fast, dropout=dropout)
        for name, weights in self._trained.backbone.items():
            child.get_layer(name).set_weights(weights)
        _, blocks = self.space.as_chain()
        for block, residual, gene in zip(
            blocks, self._trained.blocks, genotype.genes, strict=True
        ):
            for index in gene:
                layout = layout_of(block.candidates[index], block)
                values = {
                    (piece.layer, piece.weight): residual.part(piece)
                    for piece in (*layout.weights, *layout.statistics)
                }
                set_operator(child, block, index, values)
        return child
