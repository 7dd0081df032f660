"""Cells as people write them: arch strings, (op, input) pairs, table order."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence

from nse_tf.spaces.cell_ops import Zero
from nse_tf.spaces.cells import Edge
from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.nb201_skeleton import NB201Skeleton
from nse_tf.spaces.space import SearchSpace

# An op's name and the node that it takes its input from.
Pair = tuple[str, int]

# Seed of the shuffle that gave the table its order.
_TABLE_SEED = 88


def format_cells(space: SearchSpace, genotype: Genotype) -> str:
    """Returns a cell genotype as text.

    That is the arch string of NAS-Bench-201,
    `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`: nodes divided by `+`, and for each
    the op and the source of every edge that leads to it. In a DARTS space
    edges without connection are left out, and where normal and reduction cells
    have genes of their own there are two such strings, `normal=… reduce=…`.

    Raises:
        ValueError: If the genotype is not in the space, or the space has no
            cells.
    """
    skeleton, edges = space.as_cells()
    space.require(genotype)
    nodes: dict[str, dict[int, list[str]]] = {}
    for edge, index in zip(edges, genotype.path, strict=True):
        op = edge.candidates[index]
        # Also for an edge that is left out, so that a node without inputs still
        # has its `||`.
        words = nodes.setdefault(edge.kind, {}).setdefault(edge.target, [])
        if skeleton.ENCODES_NONE or op != Zero():
            words.append(f"{op.name}~{edge.source}")
    texts = {
        kind: "+".join(f"|{'|'.join(words)}|" for words in by_node.values())
        for kind, by_node in nodes.items()
    }
    if len(texts) == 1:
        return next(iter(texts.values()))
    return " ".join(f"{kind}={text}" for kind, text in texts.items())


def parse_cells(space: SearchSpace, text: str) -> Genotype:
    """Returns the genotype that `format_cells` wrote, checked.

    Raises:
        ValueError: If the text has another form, names an unknown op or edge,
            or leaves out an edge that has no candidate `none`.
    """
    skeleton = space.as_cells().skeleton
    kinds = skeleton.cell_kinds
    words = text.split()
    named = dict(word.split("=", 1) for word in words if "=" in word)
    cells = named if named else dict(zip(kinds, words, strict=False))
    if len(words) != len(kinds) or set(cells) != set(kinds):
        wanted = " ".join(f"{kind}=|op~input|…" for kind in kinds)
        raise ValueError(
            f"A genotype of space {space.name!r} reads "
            f"{wanted if len(kinds) > 1 else '|op~0|+|op~0|op~1|+…'}, not "
            f"{text!r}."
        )
    pairs = {kind: _nodes_of(cells[kind], space) for kind in kinds}
    return _genotype_of_nodes(space, pairs, skeleton.ENCODES_NONE)


def genotype_of_pairs(
    space: SearchSpace, cells: Mapping[str, Sequence[Pair]]
) -> Genotype:
    """Returns a DARTS genotype of (op, input) pairs, two for each node.

    Args:
        space: A DARTS space.
        cells: The pairs of each kind of cell, node by node. Edges that no pair
            names are without connection.

    Raises:
        ValueError: If a kind is missing, or there are too many or too few
            pairs, or one that does not fit.
    """
    skeleton = space.as_cells().skeleton
    graph = skeleton.graph
    num_pairs = 2 * (graph.num_nodes - graph.num_inputs)
    if set(cells) != set(skeleton.cell_kinds):
        raise ValueError(
            f"Space {space.name!r} has cells of the kinds "
            f"{', '.join(skeleton.cell_kinds)}, not {', '.join(cells)}."
        )
    for kind, pairs in cells.items():
        if len(pairs) != num_pairs:
            raise ValueError(
                f"Cell {kind!r} has {len(pairs)} pairs, not {num_pairs}: two "
                "for each inner node."
            )
    nodes = {
        kind: [list(pairs[i : i + 2]) for i in range(0, num_pairs, 2)]
        for kind, pairs in cells.items()
    }
    return _genotype_of_nodes(space, nodes, encodes_none=False)


def pairs_of(
    space: SearchSpace, genotype: Genotype
) -> dict[str, tuple[Pair, ...]]:
    """Returns the (op, input) pairs of each kind of cell, node by node.

    Edges without connection have none.

    Raises:
        ValueError: If the genotype is not in the space, or the space has no
            cells.
    """
    skeleton, edges = space.as_cells()
    space.require(genotype)
    pairs: dict[str, list[Pair]] = {kind: [] for kind in skeleton.cell_kinds}
    for edge, index in zip(edges, genotype.path, strict=True):
        if edge.candidates[index] != Zero():
            pairs[edge.kind].append((edge.candidates[index].name, edge.source))
    return {kind: tuple(each) for kind, each in pairs.items()}


def in_table_order(space: SearchSpace) -> list[tuple[int, ...]]:
    """Returns all paths of the full space in NAS-Bench-201's index order.

    The benchmark numbered its cells by shuffling the plain enumeration with a
    fixed seed; so do we. Cells that are not in a shrunk space keep their index.

    Raises:
        ValueError: If the space has another skeleton.
    """
    space.require_skeleton(NB201Skeleton)
    paths = list(
        itertools.product(
            *(range(len(edge.candidates)) for edge in space.blocks)
        )
    )
    # Python's shuffle, as the benchmark's: NumPy's gives another order.
    random.Random(_TABLE_SEED).shuffle(paths)
    return paths


def _nodes_of(text: str, space: SearchSpace) -> list[list[Pair]]:
    """Returns the pairs of each node that an arch string names."""
    nodes = []
    for node in text.split("+"):
        words = node.strip("|").split("|") if node != "||" else []
        matches = [re.fullmatch(r"([^~|]+)~(\d{1,3})", word) for word in words]
        is_framed = len(node) > 1 and node[0] == node[-1] == "|"
        if not is_framed or not all(matches):
            raise ValueError(
                f"{node!r} in the genotype {text!r} of space {space.name!r} "
                "does not read; a node is written |op~input|op~input|."
            )
        nodes.append([(each[1], int(each[2])) for each in matches if each])
    return nodes


def _genotype_of_nodes(
    space: SearchSpace,
    nodes: Mapping[str, Sequence[Sequence[Pair]]],
    encodes_none: bool,
) -> Genotype:
    """Returns the genotype of pairs by kind of cell and inner node."""
    skeleton, edges = space.as_cells()
    first = skeleton.graph.num_inputs
    num_inner = skeleton.graph.num_nodes - first
    named: dict[tuple[str, int, int], str] = {}
    for kind, by_node in nodes.items():
        if len(by_node) != num_inner:
            raise ValueError(
                f"Cell {kind!r} of space {space.name!r} has {num_inner} inner "
                f"nodes, not {len(by_node)}."
            )
        for target, pairs in enumerate(by_node, first):
            for op, source in pairs:
                if (kind, source, target) in named:
                    raise ValueError(
                        f"Node {target} of cell {kind!r} takes node {source} "
                        "twice; each input may have one op."
                    )
                named[kind, source, target] = op
    known = {(edge.kind, edge.source, edge.target) for edge in edges}
    for (kind, source, target), op in named.items():
        if (kind, source, target) not in known:
            raise ValueError(
                f"Node {target} of cell {kind!r} cannot take {op!r} from node "
                f"{source}: there is no such edge."
            )
    return space.genotype(list(_indices(edges, named, encodes_none)))


def _indices(
    edges: Sequence[Edge],
    named: Mapping[tuple[str, int, int], str],
    encodes_none: bool,
) -> Iterator[int]:
    """Yields each edge's op."""
    for edge in edges:
        names = [op.name for op in edge.candidates]
        op = named.get((edge.kind, edge.source, edge.target))
        if op is None and (encodes_none or Zero().name not in names):
            raise ValueError(
                f"No op is named for edge {edge.name!r}; its candidates are "
                f"{', '.join(names)}."
            )
        if op is not None and op not in names:
            raise ValueError(
                f"{op!r} is not a candidate of edge {edge.name!r}. Did you "
                f"mean {nearest_names(op, names)}?"
            )
        yield names.index(Zero().name if op is None else op)
