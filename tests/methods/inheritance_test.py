"""What the next round of an evolving space inherits, by angle or by use."""

import numpy as np
import pytest

from nse_tf.jobs import RateSchedule, SupernetTrained, TrainSupernet
from nse_tf.methods.inheritance import branch_angles, inherited, operator_angles
from nse_tf.testing import FormulaWorker
from tests.methods.tiny_pool import MODEL, POOL


def trained() -> SupernetTrained:
    job = TrainSupernet(
        id="0",
        active=POOL.active,
        epochs=1,
        schedule=RateSchedule(first=0.1),
        seed=0,
    )
    result = FormulaWorker(MODEL).run(job)
    assert isinstance(result, SupernetTrained)
    return result


def test_the_angle_of_a_network_joins_all_its_branches() -> None:
    result = trained()
    genes = tuple((0, 2) if n % 2 else (1,) for n in range(len(POOL.blocks)))
    sums = np.array(result.angle_sums)
    dot, base, now = np.array(result.backbone_sums)
    for block, gene in enumerate(genes):
        for index in gene:
            dot, base, now = np.array([dot, base, now]) + sums[block, index]
    (found,) = branch_angles(result, [genes])
    assert found == pytest.approx(np.arccos(dot / np.sqrt(base * now)))


def test_an_op_scores_the_mean_of_the_networks_that_open_it() -> None:
    space = POOL.restrict([[0, 1]] * len(POOL.blocks))
    children = [
        tuple((0,) for _ in POOL.blocks),
        tuple((0, 1) for _ in POOL.blocks),
    ]
    found = operator_angles(space, children, np.array([0.2, 0.6]))
    np.testing.assert_allclose(found[:, 0], 0.4)
    np.testing.assert_allclose(found[:, 1], 0.6)
    assert np.isnan(found[:, 2]).all()


def test_rules_keep_as_many_but_not_the_same() -> None:
    left = ((0, 1, 2, 3),)
    front = [((0, 1),), ((0,),)]
    scores = np.array([[0.1, 0.2, 0.4, np.nan]])
    assert inherited(left, front, scores, "front") == ((0, 1),)
    assert inherited(left, front, scores, "angle") == ((1, 2),)
    # Ranks by angle 1, 2, 3, 0; by uses 3, 2, 0, 0: sums 4, 4, 3, 0.
    assert inherited(left, front, scores, "both") == ((0, 1),)
