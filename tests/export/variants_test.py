"""Variants that are made from a converted file."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from nse_tf.export import convert, predict, take_census
from nse_tf.export.inference import open_interpreter
from nse_tf.export.model_edit import unpacked_model
from nse_tf.export.variants import derive, find_ranges
from tests.export.textures import Trained


@pytest.fixture(scope="module")
def fp32(trained: Trained) -> bytes:
    return convert(trained.model, "fp32")


def test_ranges_are_the_extremes_over_all_samples(
    trained: Trained, fp32: bytes
) -> None:
    ranges = find_ranges(fp32, trained.images[:30])
    name = open_interpreter(fp32).get_output_details()[0]["name"]
    scores = ranges[name]
    found = predict(fp32, trained.images[:30])
    assert scores["min"].item() == pytest.approx(found.min(), rel=1e-5)
    assert scores["max"].item() == pytest.approx(found.max(), rel=1e-5)
    more = find_ranges(fp32, trained.images[:60])
    for name, each in ranges.items():
        assert more[name]["min"] <= each["min"] <= each["max"]
        assert each["max"] <= more[name]["max"]


def test_every_float_tensor_has_its_range(
    trained: Trained, fp32: bytes
) -> None:
    some = trained.images[:5]
    ranges = find_ranges(fp32, some)
    reference = Interpreter(
        model_content=fp32,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=(
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    reference.allocate_tensors()
    given = reference.get_input_details()[0]["index"]
    seen: dict[str, list[np.ndarray]] = {}
    for image in some:
        reference.set_tensor(given, image[None].astype(np.float32))
        reference.invoke()
        for tensor in reference.get_tensor_details():
            if tensor["dtype"] is np.float32 and tensor["name"]:
                value = reference.get_tensor(tensor["index"])
                seen.setdefault(tensor["name"], []).append(value)
    assert seen.keys() == ranges.keys()
    for name, values in seen.items():
        ends = [ranges[name][end].item() for end in ("min", "max")]
        wanted = [np.min(values), np.max(values)]
        assert ends == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def test_dynamic_keeps_activations_float_and_weights_int8(fp32: bytes) -> None:
    census = take_census(derive(fp32, "dynamic", np.empty(0)))
    assert set(census.activations) == {"float32"}
    assert census.integer_weight_bytes > 0.9


def test_sixteen_bits_are_nearer_than_eight(
    trained: Trained, fp32: bytes
) -> None:
    file = derive(fp32, "int16x8", trained.images[:60])
    census = take_census(file)
    # Float ends, and nothing else.
    assert census.activations["float32"].tensors == 2
    assert census.activations.keys() == {"float32", "int16"}
    assert census.kernels.keys() == {"int8"}
    sums = [
        operator.builtinOptions.potScaleInt16
        for operator in unpacked_model(file).subgraphs[0].operators
        if isinstance(operator.builtinOptions, schema.AddOptionsT)
    ]
    assert sums == [False]
    wanted = predict(fp32, trained.test_images)
    eight, sixteen = (
        np.abs(predict(content, trained.test_images) - wanted).mean()
        for content in (derive(fp32, "int8", trained.images[:60]), file)
    )
    assert sixteen < 0.8 * eight


def test_without_samples_int8_is_refused(fp32: bytes) -> None:
    with pytest.raises(ValueError, match="`samples` is empty"):
        derive(fp32, "int8", np.empty((0, 8, 8, 1)))


def test_an_unknown_variant_is_refused(fp32: bytes) -> None:
    with pytest.raises(ValueError, match="got 'int4'"):
        derive(fp32, "int4", np.empty(0))
