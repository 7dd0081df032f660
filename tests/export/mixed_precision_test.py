"""What was trained in mixed precision is exported as any other network."""

import pathlib

import keras
import numpy as np
import pytest

from nse_tf.export import convert, predict
from nse_tf.jobs import ChildTrained
from nse_tf.training import ChildRecipe, accuracy
from tests.training.tiny_worker import DATA, LONE_CHILD, make_worker


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_it_is_kept_and_exported_in_float32(
    policy: str, tmp_path: pathlib.Path
) -> None:
    recipe = ChildRecipe(batch_size=12, patience=1, compute=policy)
    result = make_worker(tmp_path, child_recipe=recipe).run(LONE_CHILD)
    assert isinstance(result, ChildTrained)
    model = keras.saving.load_model(tmp_path / result.model_file)
    policies = {each.dtype_policy.name for each in model._flatten_layers()}
    assert policies == {each.dtype for each in model.variables} == {"float32"}
    # Judged as anybody who loads it would judge it.
    assert accuracy(model, DATA.validation) == result.validation_accuracy
    images = np.asarray(DATA.validation.images)
    np.testing.assert_allclose(
        predict(convert(model, "fp32"), images),
        model(images, training=False),
        atol=1e-4,
    )
