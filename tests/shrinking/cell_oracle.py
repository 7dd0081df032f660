"""The angle of cells as the published code finds it: by listing paths."""

import itertools

import numpy as np

from nse_tf.spaces import (
    CellGraph,
    Edge,
    NorConv,
    Pool,
    SearchSpace,
    Zero,
)

# By block, candidate and site: base and present kernel.
Weights = dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray]]


def listed_paths(graph: CellGraph) -> list[tuple[int, ...]]:
    """Returns every path from an input to the last node, as edge indices."""
    inner = range(graph.num_inputs, graph.last_node)
    found = []
    for first in range(graph.num_inputs):
        for length in range(len(inner) + 1):
            for between in itertools.combinations(inner, length):
                nodes = (first, *between, graph.last_node)
                steps = list(itertools.pairwise(nodes))
                if all(step in graph.edges for step in steps):
                    found.append(tuple(graph.edges.index(s) for s in steps))
    return found


def random_weights(space: SearchSpace, seed: int = 0) -> Weights:
    """Returns kernels of NorConvs that have turned a little, all unlike."""
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for block, edge in enumerate(space.as_cells().edges):
        for candidate, op in enumerate(edge.candidates):
            for number, site in enumerate(edge.sites):
                if isinstance(op, NorConv):
                    shape = (op.kernel, op.kernel, site.channels, site.channels)
                    base = rng.standard_normal(shape)
                    turned = rng.uniform(0.1, 3.0) * rng.standard_normal(shape)
                    weights[block, candidate, number] = base, base + turned
    return weights


def sums_of(space: SearchSpace, weights: Weights) -> np.ndarray:
    """Returns ⟨w0, w⟩, ‖w0‖², ‖w‖² of each candidate over all its sites."""
    sums = np.zeros((len(space.blocks), space.max_candidates, 3))
    for (block, candidate, _), (base, now) in weights.items():
        sums[block, candidate] += three_sums(base, now)
    return sums


def three_sums(base: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Returns the three sums of one weight."""
    return np.array([(base * now).sum(), (base**2).sum(), (now**2).sum()])


def naive_vector(
    space: SearchSpace,
    path: tuple[int, ...],
    weights: Weights,
    backbone: list[np.ndarray],
    which: int,
) -> np.ndarray:
    """Returns a child's base (0) or present (1) vector, concatenated."""
    skeleton, edges = space.as_cells()
    num_edges = len(skeleton.graph.edges)
    pieces = [each.ravel() for each in backbone]
    for first in range(0, len(edges), num_edges):
        for number in range(len(edges[first].sites)):
            for steps in listed_paths(skeleton.graph):
                blocks = [first + step for step in steps]
                if Zero() not in [_op(edges[p], path[p]) for p in blocks]:
                    pieces += [
                        _piece(edges[p], p, path[p], number, weights, which)
                        for p in blocks
                    ]
    return np.concatenate(pieces)


def _op(edge: Edge, index: int) -> object:
    return edge.candidates[index]


def _piece(
    edge: Edge,
    block: int,
    index: int,
    number: int,
    weights: Weights,
    which: int,
) -> np.ndarray:
    if isinstance(_op(edge, index), Pool):
        return np.full(9 * edge.sites[number].channels, 1 / 9)
    if (block, index, number) in weights:
        return weights[block, index, number][which].ravel()
    return np.empty(0)
