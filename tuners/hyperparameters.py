"""A search space as keras-tuner hyperparameters, and back.

A choice block or edge is a choice of op names. In DARTS's cells, whose nodes
take two inputs, an inner node is also a choice of its inputs, such as `0+2`,
and an edge is a choice only if it is among them.
"""

import dataclasses
from collections.abc import Sequence

import keras_tuner
import numpy as np

from nse_tf.spaces import DecisionPoint, Genotype, Node, Op, SearchSpace


@dataclasses.dataclass(frozen=True)
class NamedChoice:
    """A choice that encodes a part of a network.

    Attributes:
        name: Name of the hyperparameter.
        values: The values to choose from.
        parent: Name of the choice on which it depends; empty if on none.
        parent_values: Values of the parent with which this one is active.
    """

    name: str
    values: tuple[str, ...]
    parent: str = ""
    parent_values: tuple[str, ...] = ()


def valid_choices(space: SearchSpace) -> list[NamedChoice]:
    """Returns choices that encode every valid single path, and no other.

    Only active candidates are offered; see `SearchSpace.joint_decisions`.
    """
    if not space.nodes:
        return [
            NamedChoice(block.name, _names(block, indices))
            for block, indices in zip(space.blocks, space.active, strict=True)
        ]
    choices = []
    for node, joint in zip(space.nodes, space.joint_decisions, strict=True):
        name = _inputs_name(node)
        by_text = {
            _inputs(node, is_open): is_open
            for is_open in node.is_open(joint.rows).tolist()
        }
        # Before its edges: keras-tuner refuses a condition on what it does not
        # know yet.
        choices.append(NamedChoice(name, tuple(by_text)))
        for column, edge in enumerate(node.edges):
            among = [t for t, is_open in by_text.items() if is_open[column]]
            if among:
                values = _names(edge, node.carrying[column])
                choices.append(
                    NamedChoice(edge.name, values, name, tuple(among))
                )
    return choices


def declare_valid(space: SearchSpace, hp: keras_tuner.HyperParameters) -> None:
    """Declares the choices that `valid_choices` returns."""
    for choice in valid_choices(space):
        if choice.parent:
            parent_values = list(choice.parent_values)
            with hp.conditional_scope(choice.parent, parent_values):
                hp.Choice(choice.name, list(choice.values))
        else:
            hp.Choice(choice.name, list(choice.values))


def declare(space: SearchSpace, hp: keras_tuner.HyperParameters) -> None:
    """Declares a choice of ops for every block, by the block's name.

    Values are op names, since keras-tuner knows no tuples; the union of all
    candidates is declared, active or not, since it ignores a choice that
    narrows later. Where several ops of a block may be active, each op is a
    boolean.
    """
    if all(block.max_open == 1 for block in space.blocks):
        declare_valid(space.whole, hp)
        return
    for block in space.blocks:
        if block.max_open > 1:
            for op in block.candidates:
                hp.Boolean(_flag(block, op))
        else:
            hp.Choice(block.name, [op.name for op in block.candidates])


def require_whole(space: SearchSpace, hp: keras_tuner.HyperParameters) -> None:
    """Refuses hyperparameters that override the choices of a space.

    A search on shared weights chooses among the candidates of its space and
    would ignore them.

    Raises:
        ValueError: If one does; names it.
    """
    whole = keras_tuner.HyperParameters()
    declare(space, whole)
    ours = {each.name: each.get_config() for each in whole.space}
    for each in hp.space:
        config = each.get_config()
        if ours.get(each.name, config) != config:
            raise ValueError(
                f"`hyperparameters` makes {each.name!r} {config}, but a search "
                "on shared weights chooses among the candidates of its space: "
                "search `space.restrict(...)` instead."
            )


def values_of(space: SearchSpace, genotype: Genotype) -> dict[str, str | bool]:
    """Returns a genotype as hyperparameter values."""
    values: dict[str, str | bool] = {}
    for block, gene in zip(space.blocks, genotype.genes, strict=True):
        if block.max_open > 1:
            for index, op in enumerate(block.candidates):
                values[_flag(block, op)] = index in gene
        else:
            values[block.name] = block.candidates[gene[0]].name
    for node in space.nodes:
        row = np.array(genotype.path)[None, node.blocks]
        (is_open,) = node.is_open(row).tolist()
        values[_inputs_name(node)] = _inputs(node, is_open)
        for edge, each in zip(node.edges, is_open, strict=True):
            if not each:
                # keras-tuner has no value for a choice that is inactive.
                del values[edge.name]
    return values


def genotype_of(
    space: SearchSpace, hp: keras_tuner.HyperParameters
) -> Genotype:
    """Returns the genotype that hyperparameter values encode.

    Raises:
        ValueError: If a block has no value, an op is none of its candidates, or
            nothing is active where something must be.
    """
    genes: list[int | list[int]] = []
    left_out = _left_out(space, hp)
    for index, block in enumerate(space.blocks):
        if index in left_out:
            genes.append(left_out[index])
            continue
        if block.max_open > 1:
            genes.append(
                [
                    candidate
                    for candidate, op in enumerate(block.candidates)
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


def _left_out(
    space: SearchSpace, hp: keras_tuner.HyperParameters
) -> dict[int, int]:
    """Returns the candidate `none` of edges that are no input of their node."""
    left_out = {}
    for node in space.nodes:
        text = hp.values.get(_inputs_name(node))
        if text is None:
            raise ValueError(
                f"The hyperparameters have no value for "
                f"{_inputs_name(node)!r}; they have "
                f"{', '.join(hp.values) or 'none at all'}."
            )
        for block, edge, none in zip(
            node.blocks, node.edges, node.none, strict=True
        ):
            if none is not None and str(edge.source) not in text.split("+"):
                left_out[block] = none
    return left_out


def _inputs_name(node: Node) -> str:
    """Returns the name of the choice of a node's inputs."""
    return f"{node.name}/inputs"


def _inputs(node: Node, is_open: Sequence[bool]) -> str:
    """Returns the sources of a node's open edges, such as `0+2`."""
    return "+".join(
        str(edge.source)
        for edge, each in zip(node.edges, is_open, strict=True)
        if each
    )


def _names(block: DecisionPoint, indices: Sequence[int]) -> tuple[str, ...]:
    return tuple(block.candidates[index].name for index in indices)


def _flag(block: DecisionPoint, op: Op) -> str:
    """Returns the name of the boolean that opens an op."""
    return f"{block.name}/{op.name}"
