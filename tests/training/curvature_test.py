"""The dominant eigenvalue of a Hessian, and when it ends a training."""

import dataclasses

import numpy as np
import pytest

from nse_tf.jobs import EarlyStop
from nse_tf.training.curvature import dominant_eigenvalue
from nse_tf.training.early_stop import epoch_to_keep


@pytest.mark.parametrize("most_exact", [0, 64])
def test_the_eigenvalue_of_a_quadratic_is_found(most_exact: int) -> None:
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    hessian = basis @ np.diag([-5.0, 2.0, 1.0, 0.5, 0.1, 0.0]) @ basis.T
    found = dominant_eigenvalue(
        lambda point: hessian @ point,
        rng.standard_normal(6),
        rng,
        most_exact,
    )
    assert found == pytest.approx(5.0, rel=1e-2)


@pytest.mark.parametrize("most_exact", [0, 64])
def test_a_plane_has_none(most_exact: int) -> None:
    found = dominant_eigenvalue(
        np.ones_like, np.zeros(3), np.random.default_rng(0), most_exact
    )
    assert found == 0.0


def _every_second(values: list[float]) -> list[tuple[int, float]]:
    return [(2 * number, value) for number, value in enumerate(values)]


RULE = EarlyStop()


def test_the_published_rule_goes_back_to_the_earlier_mean() -> None:
    flat = [1.0] * 9
    # The means of 5 of the last and of the value 4 before it.
    rising = [*flat, 1.0, 1.0, 3.0]
    assert epoch_to_keep(RULE, _every_second(rising)) == 10
    assert epoch_to_keep(RULE, _every_second([*flat, 1.0, 1.0, 1.0])) is None
    # The mean of five is 1.3 times as high, which is not above it.
    just = [*flat, 1.0, 1.0, 2.4]
    assert epoch_to_keep(RULE, _every_second(just)) is None


def test_it_never_goes_back_to_before_its_first_epoch() -> None:
    rising = [1.0] * 8 + [9.0]
    assert epoch_to_keep(RULE, _every_second(rising)) is None
    early = dataclasses.replace(RULE, first_epoch=4)
    assert epoch_to_keep(early, _every_second(rising)) == 4


@pytest.mark.parametrize(
    "field", ["period", "window", "lag", "factor", "first_epoch"]
)
def test_numbers_out_of_range_are_refused_by_name(field: str) -> None:
    with pytest.raises(ValueError, match=rf"`early_stop\.{field}` must be"):
        EarlyStop(**{field: -1})
