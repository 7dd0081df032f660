"""The search whose space evolves, over cells of DARTS."""

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.jobs import EvaluateChildren
from nse_tf.methods import SpaceEvolution
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from tests.methods.plans import QUICK_EVOLUTION, do_all


@pytest.mark.parametrize("active", [range(8), range(1, 8)])
def test_cells_of_darts_evolve_with_two_inputs_to_a_node(active: range) -> None:
    """Also where `none` never was in the pool, or is not yet active."""
    space = make_preset("darts_shrinking").restrict([list(active)] * 14)
    model = CostModel(space)
    low, high = model.range("macs")
    method = SpaceEvolution(
        model, Budget(macs=(low + high) / 2), QUICK_EVOLUTION
    )
    jobs = do_all(method, FormulaWorker(model).run)
    assert method.num_rounds == 2
    paths = np.array(
        [
            [gene[0] for gene in child]
            for job in jobs
            if isinstance(job, EvaluateChildren)
            for child in job.children
        ]
    )
    assert len(paths) > 60
    assert space.is_valid(paths).all()
