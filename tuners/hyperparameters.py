"""A search space as keras-tuner hyperparameters, and back."""

import keras
import keras_tuner

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import build_child


def declare(space: SearchSpace, hp: keras_tuner.HyperParameters) -> None:
    """Declares a choice of ops for every place, named as the place is.

    Values are op names, since keras-tuner knows no tuples; the union of all
    candidates is declared, active or not, since it ignores a choice that
    narrows later.
    """
    for block in space.blocks:
        hp.Choice(block.name, [op.name for op in block.candidates])


def values_of(space: SearchSpace, genotype: Genotype) -> dict[str, str]:
    """Returns a single path as hyperparameter values."""
    return {
        block.name: block.candidates[index].name
        for block, index in zip(space.blocks, genotype.path, strict=True)
    }


def genotype_of(
    space: SearchSpace, hp: keras_tuner.HyperParameters
) -> Genotype:
    """Returns the genotype that hyperparameter values spell.

    Raises:
        ValueError: If a place has no value or an op does not compete for it.
    """
    genes = []
    for block in space.blocks:
        if block.name not in hp.values:
            raise ValueError(
                f"The hyperparameters have no value for block {block.name!r}; "
                f"they have {', '.join(hp.values) or 'none at all'}."
            )
        genes.append(block.index_of(hp.values[block.name]))
    return space.genotype(genes)


class SpaceHyperModel(keras_tuner.HyperModel):
    """A space as a hypermodel: hyperparameters in, compiled child model out.

    Args:
        space: What to choose from.
        learning_rate: Of the Adam optimizer that children are compiled with.
        seed: Of the children's weights.
    """

    def __init__(
        self, space: SearchSpace, learning_rate: float = 1e-3, seed: int = 0
    ) -> None:
        super().__init__(name=space.name)
        self.space = space
        self._learning_rate = learning_rate
        self._seed = seed

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares a choice for every place."""
        declare(self.space, hp)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Returns the child that the hyperparameters spell, with fresh weights.

        It is made of stock layers, takes pixels in 0..255 and gives logits.
        """
        self.declare_hyperparameters(hp)
        genotype = genotype_of(self.space, hp)
        child = build_child(self.space, genotype, seed=self._seed, fast=False)
        child.compile(
            optimizer=keras.optimizers.Adam(self._learning_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return child
