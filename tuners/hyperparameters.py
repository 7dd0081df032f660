"""A search space as keras-tuner hyperparameters, and back."""

import keras_tuner

from nse_tf.spaces import Genotype, Op, Place, SearchSpace


def declare(space: SearchSpace, hp: keras_tuner.HyperParameters) -> None:
    """Declares a choice of ops for every place, named as the place is.

    Values are op names, since keras-tuner knows no tuples; the union of all
    candidates is declared, active or not, since it ignores a choice that
    narrows later. Where a place may open several ops, each is a boolean.
    """
    for block in space.blocks:
        if block.max_open > 1:
            for op in block.candidates:
                hp.Boolean(_flag(block, op))
        else:
            hp.Choice(block.name, [op.name for op in block.candidates])


def values_of(space: SearchSpace, genotype: Genotype) -> dict[str, str | bool]:
    """Returns a genotype as hyperparameter values."""
    values: dict[str, str | bool] = {}
    for block, gene in zip(space.blocks, genotype.genes, strict=True):
        if block.max_open > 1:
            for index, op in enumerate(block.candidates):
                values[_flag(block, op)] = index in gene
        else:
            values[block.name] = block.candidates[gene[0]].name
    return values


def genotype_of(
    space: SearchSpace, hp: keras_tuner.HyperParameters
) -> Genotype:
    """Returns the genotype that hyperparameter values spell.

    Raises:
        ValueError: If a place has no value, an op does not compete for it, or
            nothing is open where something must be.
    """
    genes: list[int | list[int]] = []
    for block in space.blocks:
        if block.max_open > 1:
            genes.append(
                [
                    index
                    for index, op in enumerate(block.candidates)
                    if hp.values.get(_flag(block, op))
                ]
            )
            continue
        if block.name not in hp.values:
            raise ValueError(
                f"The hyperparameters have no value for block {block.name!r}; "
                f"they have {', '.join(hp.values) or 'none at all'}."
            )
        genes.append(block.index_of(hp.values[block.name]))
    return space.genotype(genes)


def _flag(block: Place, op: Op) -> str:
    """Returns the name of the boolean that opens an op."""
    return f"{block.name}/{op.name}"
