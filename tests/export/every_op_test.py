"""Every op of every preset converts, in every precision, by both quantizers."""

import functools

import keras
import numpy as np
import pytest

from nse_tf.export import (
    PRECISIONS,
    QUANTIZERS,
    convert,
    convert_part,
    predict,
    take_census,
)
from nse_tf.spaces import (
    PRESETS,
    BranchBlock,
    ChoiceBlock,
    Identity,
    Motif,
    make_preset,
)
from nse_tf.supernet import build_child, build_operator

# One of each family, for the fast suite; the others differ in numbers alone.
FAST = {
    "mbconv_k5_e3",
    "mbconv_k5_e3_se_hard_swish",
    "mbconv_k3_e6_se_relu",
    "lb_k3_e3_d2",
    "lb_k5_e3_g2x2",
    "rec_k5_e2",
    "dc_k3_e1",
    "motif_2.2.11.22.152",
}
# Of many motifs, some that have all edges, mixing modes and kernels.
MOTIFS = {
    "motif_2.2.11.22.152",
    "motif_0.2.11.33.155",
    "motif_1.7.11.52.152",
    "motif_2.9.00.12.112",
}


@functools.cache
def chain_ops() -> dict[str, ChoiceBlock]:
    """Returns a small block for each op of the chains, by the op's name."""
    blocks: dict[str, ChoiceBlock] = {}
    for preset in PRESETS:
        space = make_preset(preset)
        if space.skeleton.cell_kinds:
            continue
        for block in space.as_chain().blocks:
            for op in block.candidates:
                if isinstance(op, Identity) or op.name in blocks:
                    continue
                if isinstance(op, Motif) and op.name not in MOTIFS:
                    continue
                if space.opens_subsets:
                    blocks[op.name] = BranchBlock(
                        name="block",
                        candidates=(op,),
                        in_size=(12, 12),
                        in_channels=8,
                        out_channels=8,
                        activation="swish",
                        squeeze_excite=True,
                    )
                else:
                    blocks[op.name] = ChoiceBlock(
                        name="block",
                        candidates=(op,),
                        in_size=(12, 12),
                        in_channels=8,
                        out_channels=8,
                        # The identity on an edge of a motif then pools.
                        stride=2 if isinstance(op, Motif) else 1,
                    )
    return blocks


def awake(model: keras.Model) -> keras.Model:
    """Returns the model with scales and statistics of a trained one."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for weight in layer.weights:
                low = 0.5 if weight.name != "beta" else -0.5
                weight.assign(rng.uniform(low, 1.5, weight.shape))
    return model


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=[] if name in FAST else [pytest.mark.long], id=name
        )
        for name in chain_ops()
    ],
)
def test_an_op_computes_in_a_file_what_it_computes_in_keras(name: str) -> None:
    model = awake(build_operator(chain_ops()[name], 0))
    samples = np.random.default_rng(1).normal(size=(8, 12, 12, 8))
    wanted = model.predict(samples.astype(np.float32), verbose=0)
    span = np.ptp(wanted)
    files = {p: convert_part(model, p, samples) for p in PRECISIONS}
    for precision, largest in (
        ("fp32", 1e-5),
        ("fp16", 1e-2),
        ("dynamic", 0.1),
        ("int8", 0.1),
    ):
        got = predict(files[precision], samples.astype(np.float32))
        mean = np.abs(got - wanted).mean()
        assert mean < largest * span, precision
    census = take_census(files["int8"])
    assert census.float_names == ()


@pytest.mark.parametrize("quantizer", QUANTIZERS)
@pytest.mark.parametrize(
    ("preset", "seed"),
    [
        pytest.param("nse_tiny", 0, marks=pytest.mark.slow),
        pytest.param("nse_tiny", 1, marks=pytest.mark.long),
        *(
            pytest.param("nb201", seed, marks=pytest.mark.long)
            for seed in range(3)
        ),
        pytest.param("spos_tiny", 0, marks=pytest.mark.long),
    ],
)
def test_whole_networks_convert_in_every_precision(
    preset: str, seed: int, quantizer: str
) -> None:
    width = 0.25 if preset == "nb201" else None
    space = make_preset(
        preset, image_size=(8, 8), image_channels=1, num_classes=4, width=width
    )
    genotype = space.sample(np.random.default_rng(seed))
    model = build_child(space, genotype, fast=False)
    images = np.random.default_rng(2).uniform(0, 255, (8, 8, 8, 1))
    wanted = model.predict(images.astype(np.float32), verbose=0)
    for precision in PRECISIONS:
        content = convert(model, precision, images, quantizer=quantizer)
        difference = np.abs(predict(content, images) - wanted).mean()
        assert difference < 0.1 * np.ptp(wanted) + 1e-6, precision
