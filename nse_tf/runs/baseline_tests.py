"""Tests the networks that a winner is held against."""

from typing import Any

import keras
import numpy as np

from nse_tf.datasets import ImageSet
from nse_tf.events import BaselineTrained
from nse_tf.methods import Method
from nse_tf.runs.run_folder import RunFolder
from nse_tf.significance import paired_difference
from nse_tf.spaces.sealed_files import require_intact
from nse_tf.training.child_trainer import logits_of


def tested_baselines(
    folder: RunFolder, method: Method, winner: keras.Model, test: ImageSet
) -> list[dict[str, Any]]:
    """Returns the baselines of a search as `BaselineResult` holds them.

    Args:
        folder: The run's folder.
        method: The search after its end.
        winner: Its network.
        test: The test part.

    Raises:
        ValueError: If the file of a network has changed.
    """
    trained = method.noted(BaselineTrained)
    if not trained:
        return []
    ours = _is_right(winner, test)
    found = []
    for event in trained:
        model_file = folder.path / event.model_file
        require_intact(model_file, event.model_sha256)
        theirs = _is_right(keras.saving.load_model(model_file), test)
        lead, half_interval = paired_difference(ours, theirs)
        found.append(
            {
                "name": event.name,
                "costs": event.costs,
                "test_accuracy": float(theirs.mean()),
                "lead": lead,
                "half_interval": half_interval,
            }
        )
    return found


def _is_right(network: keras.Model, test: ImageSet) -> np.ndarray:
    predicted = logits_of(network, test).argmax(axis=1)
    return np.asarray(predicted == test.labels)
