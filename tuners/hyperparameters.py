"""A search space as keras-tuner hyperparameters, and back."""

import keras_tuner

from nse_tf.spaces import Genotype, SearchSpace


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
