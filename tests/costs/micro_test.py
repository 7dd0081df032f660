"""Predicted RAM and flash: by hand, and against each other.

`tests/export/micro_test.py` holds them against TensorFlow Lite Micro.
"""

import itertools

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel, sample_within
from nse_tf.costs.micro import UnpredictedError, live_memory, micro_costs
from nse_tf.costs.micro.graph import Graph
from nse_tf.costs.micro.planner import (
    Buffer,
    buffers_of,
    live_bytes,
    planned_bytes,
)
from nse_tf.evolution.likeliest import likeliest_within
from nse_tf.shrinking.permission import num_within
from nse_tf.spaces import (
    LayerOp,
    ModelSkeleton,
    SearchSpace,
    layer_block,
    make_preset,
    slot_space,
)
from tests.shrinking.chains import chain

TINY = make_preset("spos_tiny", image_size=(8, 8))
MODEL = CostModel(TINY, counts_memory=True)
USERS_OWN = SearchSpace(
    name="own",
    skeleton=ModelSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=10,
        model_digest="0123",
        macs=7,
        params=5,
    ),
    blocks=(layer_block("choice", (LayerOp(label="wide"),), (8, 8, 1), (16,)),),
    active=((0,),),
)
NSE = make_preset("nse_tiny", image_size=(16, 16))


def small_cells(name: str) -> SearchSpace:
    """Returns the space of few cells on small images."""
    space = make_preset(name, image_size=(8, 8), width=0.25)
    return space.resized({"nb201": 1, "darts_cifar": 3}[name], None)


# The planner.


def test_what_lives_at_once_is_kept_apart() -> None:
    """A chain of three: each tensor lives until the next is written."""
    buffers = [Buffer(64, 0, 0), Buffer(32, 0, 1), Buffer(16, 1, 1)]
    assert live_bytes(buffers) == [96, 48]
    assert planned_bytes(buffers) == 96


def test_a_gap_that_is_too_small_costs_more_than_what_is_alive() -> None:
    """Two inputs of residual blocks, one after the other, beside a large map.

    The large one comes first; the second small one lives while the first one
    still does, and later beside a large one again: it finds no place below.
    """
    buffers = [
        Buffer(16, 0, 1),
        Buffer(64, 0, 0),
        Buffer(16, 1, 3),
        Buffer(64, 2, 2),
    ]
    assert max(live_bytes(buffers)) == 80
    assert planned_bytes(buffers) == 96


def test_sizes_are_rounded_up_to_what_the_arena_is_aligned_by() -> None:
    graph = Graph((1, 1, 5))
    (image, last) = buffers_of(graph.ordered([graph.relu("relu", "image")]))
    assert image == last == Buffer(16, 0, 0)


# The order of kernels.


def test_what_became_ready_last_comes_next_and_the_first_name_of_several() -> (
    None
):
    graph = Graph((4, 4, 8))
    ends = [graph.conv(name, "image", 8) for name in ("b", "a", "c")]
    total = graph.summed("sum", ends)
    order = [node.name for node in graph.ordered([total])]
    assert order == ["image", "a", "b", "sum/add", "c", "sum/add_1"]


def test_a_relu_is_folded_where_it_follows_alone_and_computed_once() -> None:
    graph = Graph((4, 4, 8))
    stem = graph.conv("stem", "image", 8)
    one = graph.conv("one", graph.relu("relu_one", stem), 8)
    other = graph.conv("other", graph.relu("relu_other", stem), 8)
    alone = graph.ordered([graph.summed("sum", [one, other])])
    assert [node.kernel for node in alone].count("RELU") == 0
    beside = graph.ordered([graph.summed("all", [one, other, stem])])
    assert [node.kernel for node in beside].count("RELU") == 1


def test_a_scale_goes_into_convolutions_and_stays_for_others() -> None:
    graph = Graph((4, 4, 8))
    mean = graph.averaged("mean", ["image", graph.conv("conv", "image", 8)])
    last = graph.conv("last", mean, 8)
    assert [node.kernel for node in graph.ordered([last])] == [
        *("INPUT", "CONV_2D", "ADD", "CONV_2D")
    ]
    both = graph.ordered([graph.summed("sum", [mean, last])])
    assert [node.kernel for node in both].count("MUL") == 1


# Networks.


def test_an_inverted_residual_needs_its_input_and_twice_its_inside() -> None:
    """By hand: 4×4 maps of 32 channels, expanded sixfold in two blocks."""
    names = [op.name for op in TINY.blocks[1].candidates]
    wide = names.index("mbconv_k3_e6")
    path = [0, wide, *(len(block.candidates) - 1 for block in TINY.blocks[2:])]
    layers = live_memory(TINY, TINY.genotype(path))
    (inside,) = [
        layer
        for layer in layers
        if layer.name == "stage0_block1_mbconv_k3_e6_depthwise"
    ]
    assert inside.live_bytes == 4 * 4 * (32 + 2 * 6 * 32)


@pytest.mark.parametrize(
    "space",
    [
        TINY,
        NSE,
        make_preset("autospace_tiny", image_size=(8, 8)),
        make_preset(
            "nse_tiny",
            image_size=(16, 16),
            activation="swish",
            squeeze_excite=True,
        ),
        small_cells("nb201"),
        small_cells("darts_cifar"),
    ],
    ids=lambda space: space.name,
)
def test_the_arena_holds_what_is_alive_and_paths_cost_what_each_costs(
    space: SearchSpace,
) -> None:
    model = micro_costs(space)
    paths = space.sample_valid(np.random.default_rng(0), 4)
    genotypes = [space.genotype(path) for path in paths.tolist()]
    for name in ("ram_bytes", "flash_bytes"):
        costs = [model.of(each)[name] for each in genotypes]
        assert model.of_paths(name, paths).tolist() == costs
    for genotype in genotypes:
        alive = max(each.live_bytes for each in live_memory(space, genotype))
        assert alive < model.of(genotype)["ram_bytes"]


def test_several_branches_need_more_than_one() -> None:
    fewest = [(0,) if block.min_open else () for block in NSE.blocks]
    more = [(0, 1, 2)] * len(NSE.blocks)
    model = micro_costs(NSE)
    few, many = (model.of(NSE.genotype(each)) for each in (fewest, more))
    assert few["ram_bytes"] < many["ram_bytes"]
    assert few["flash_bytes"] < many["flash_bytes"]


def test_what_cannot_be_told_is_said() -> None:
    slots = slot_space(make_preset("autospace_tiny", image_size=(8, 8)), 2, 0)
    with pytest.raises(UnpredictedError, match="depends on its cell"):
        micro_costs(slots)
    with pytest.raises(UnpredictedError, match="yours: limit MACs"):
        Budget(ram_bytes=1e6).check_reachable(
            CostModel(USERS_OWN, counts_memory=True)
        )


# Budgets.


def test_a_limit_below_the_least_is_refused_with_both_ends() -> None:
    low, high = MODEL.range("ram_bytes")
    Budget(ram_bytes=low).check_reachable(MODEL)
    with pytest.raises(
        BudgetError,
        match=rf"at most 10,000 bytes of RAM: the cheapest costs {low:,}, "
        rf"the most expensive {high:,}",
    ):
        Budget(ram_bytes=10_000).check_reachable(MODEL)


@pytest.mark.parametrize("space", [TINY, small_cells("nb201")], ids=str)
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_drawn_networks_keep_limits_also_where_few_do(
    space: SearchSpace, share: float
) -> None:
    model = CostModel(space, counts_memory=True)
    budget = Budget(
        **{
            name: low + share * (high - low)
            for name in ("ram_bytes", "flash_bytes")
            for low, high in [model.range(name)]
        }
    )
    paths = sample_within(
        model, budget, np.random.default_rng(0), 5, max_draws=300
    )
    assert not budget.path_excess(model, paths).any()


def test_repair_sees_progress_where_several_blocks_need_the_most() -> None:
    """One change alone leaves the RAM, but not the distance, as it is."""
    names = [op.name for op in TINY.blocks[2].candidates]
    wide, narrow = (names.index(f"mbconv_k3_e{each}") for each in (6, 3))
    paths = np.array([[0, wide, wide, wide, wide, *[0] * 5]])
    better = paths.copy()
    better[0, 2] = narrow
    budget = Budget(ram_bytes=20_000)
    before, after = (
        budget.path_distance(MODEL, each)[0] for each in (paths, better)
    )
    assert after < before
    fitting = Budget(ram_bytes=1e6)
    assert fitting.path_distance(MODEL, paths) == [0.0]


def test_the_networks_within_are_counted_never_too_high() -> None:
    space = chain(3, has_identity=True)
    model = CostModel(space, counts_memory=True)
    paths = np.array(list(itertools.product(*(range(7) for _ in space.blocks))))
    needed = model.path_costs("ram_bytes", paths)
    for limit in np.quantile(needed, [0.1, 0.5, 0.9]):
        budget = Budget(ram_bytes=float(limit))
        counted = num_within(model, budget, space)
        assert 0 < counted <= (needed <= limit).sum()
    assert num_within(model, Budget(ram_bytes=1.0), space) == 0


def test_the_likeliest_within_a_limit_of_ram_is_found() -> None:
    space = chain(3, has_identity=True)
    model = CostModel(space, counts_memory=True)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), 3)
    paths = np.array(list(itertools.product(range(7), repeat=3)))
    needed = model.path_costs("ram_bytes", paths)
    limit = float(np.quantile(needed, 0.2))
    likely = np.log(probabilities)[np.arange(3), paths].sum(axis=1)
    likely[needed > limit] = -np.inf
    found = likeliest_within(
        model,
        Budget(ram_bytes=limit),
        probabilities,
        1,
        np.random.default_rng(0),
    )
    assert found.is_proven
    assert found.paths[0].tolist() == paths[likely.argmax()].tolist()
