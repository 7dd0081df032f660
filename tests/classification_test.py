"""Numbers of classifications: by hand, by their laws, and by scikit-learn."""

import numpy as np
import pytest

from nse_tf.classification import (
    OBJECTIVES,
    accuracy_of,
    auc_of,
    balanced_accuracy_of,
    chance_of,
    confusion_matrix,
    interval_of,
    macro_f1_of,
    majority_of,
    objective_value,
)
from nse_tf.jobs.built import CHOICES

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(90, 4))
LABELS = RNG.choice(4, 90, p=[0.7, 0.2, 0.07, 0.03])


def test_a_network_that_always_says_dog_looks_as_bad_as_it_is() -> None:
    labels = np.array([0] * 4 + [1] * 400)
    matrix = confusion_matrix(labels, np.ones_like(labels), 2)
    assert matrix.tolist() == [[0, 4], [0, 400]]
    assert accuracy_of(matrix) == 400 / 404
    assert balanced_accuracy_of(matrix) == 0.5
    # F1 of dog is 2·400 / (400 + 404), that of cat 0.
    assert macro_f1_of(matrix) == pytest.approx(800 / 804 / 2)
    assert majority_of(matrix) == (1, 400 / 404)
    logits = np.tile([0.0, 1.0], (404, 1))
    assert auc_of(logits, labels) == 0.5
    assert interval_of(400, 404)[0] < majority_of(matrix)[1]


def test_objectives_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    predicted = LOGITS.argmax(axis=1)
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    expected = {
        "accuracy": metrics.accuracy_score(LABELS, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(LABELS, predicted),
        "macro_f1": metrics.f1_score(LABELS, predicted, average="macro"),
        "auc": metrics.roc_auc_score(LABELS, shares, multi_class="ovr"),
    }
    found = {name: objective_value(name, LOGITS, LABELS) for name in OBJECTIVES}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objectives_lie_in_0_to_1_and_1_is_perfect(name: str) -> None:
    perfect = 9.0 * np.eye(4)[LABELS]
    assert objective_value(name, perfect, LABELS) == 1.0
    assert 0.0 <= objective_value(name, LOGITS, LABELS) < 1.0
    # The order of images says nothing.
    order = RNG.permutation(len(LABELS))
    shuffled = objective_value(name, LOGITS[order], LABELS[order])
    assert shuffled == pytest.approx(objective_value(name, LOGITS, LABELS))


def test_classes_that_are_not_there_are_left_out() -> None:
    labels, predicted = np.array([0, 0, 1]), np.array([0, 1, 1])
    few, many = (confusion_matrix(labels, predicted, n) for n in (2, 9))
    assert macro_f1_of(few) == macro_f1_of(many)
    assert balanced_accuracy_of(few) == balanced_accuracy_of(many) == 0.75
    assert auc_of(np.zeros((3, 2)), np.zeros(3, int)) == 0.5
    assert auc_of(np.full((3, 2), np.nan), labels) == 0.5


def test_chance_is_the_most_frequent_class_by_every_objective() -> None:
    labels = np.array([0] * 4 + [1] * 400)
    found = {name: chance_of(name, labels) for name in OBJECTIVES}
    assert found == {
        "accuracy": 400 / 404,
        "balanced_accuracy": 0.5,
        "macro_f1": pytest.approx(800 / 804 / 2),
        "auc": 0.5,
    }


def test_an_interval_is_wilsons() -> None:
    # By hand: z = 1.959964, (k + z²/2 ± z·√(k(n-k)/n + z²/4)) / (n + z²).
    assert interval_of(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert interval_of(0, 0) == (0.0, 1.0)
    assert interval_of(0, 4)[0] == 0.0


def test_jobs_know_the_same_objectives() -> None:
    assert CHOICES["objective"] == tuple(OBJECTIVES)
