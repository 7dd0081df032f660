import re

from nse_tf.costs import describe_network
from nse_tf.reporting.network_drawing import plot_network
from nse_tf.reporting.units import shape_text, short_count
from tests.reporting.made_up_run import SPACE

# mbconv_k3_e3 where a block has no identity, else the last candidate.
PATH = [len(block.candidates) - 1 for block in SPACE.blocks]
NETWORK = describe_network(SPACE, SPACE.genotype(PATH))
DRAWING = plot_network(NETWORK)
TEXTS = re.findall(r">([^<>]+)</text>", DRAWING.svg)


def test_every_part_is_drawn_with_its_shape_and_cost() -> None:
    for block in NETWORK.blocks:
        assert shape_text(block.out_shape) in TEXTS
        assert short_count(block.macs) in TEXTS


def test_blocks_show_their_operators_in_order() -> None:
    ops = [block.ops[0] for block in NETWORK.blocks if block.is_choice]
    assert [text for text in TEXTS if text in set(ops)] == ops
    assert "identity" in ops


def test_it_says_in_words_what_it_shows() -> None:
    found = re.search(r'aria-label="([^"]*)"', DRAWING.svg)
    assert found is not None
    num_idle = sum(
        block.candidates[index].name == "identity"
        for block, index in zip(SPACE.blocks, PATH, strict=True)
    )
    assert found[1].startswith(
        f"The network from an image of 8×8×1 to 10 classes: 8 choice "
        f"blocks, {num_idle} of them without an operation."
    )
    assert short_count(NETWORK.macs) in found[1]


def test_the_key_names_the_kernels_that_are_there() -> None:
    keys = [key.text for key in DRAWING.keys]
    names = {
        f"{size}×{size}"
        for block in NETWORK.blocks
        if block.is_choice
        for op in block.ops
        for size in re.findall(r"_k(\d)", op)
    }
    assert set(keys) == {*names, "fixed"}
