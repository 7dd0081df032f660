"""How sharply a function bends, from its gradients alone."""

from collections.abc import Callable

import numpy as np

# Up to so many coordinates the whole Hessian is cheap.
MOST_EXACT = 64
# Length of a difference; the error of rounding falls with it, that of the
# formula rises with its square.
STEP = 1e-2
# Of the power iteration.
MOST_ROUNDS = 30
TOLERANCE = 1e-3


def dominant_eigenvalue(
    gradient_at: Callable[[np.ndarray], np.ndarray],
    point: np.ndarray,
    rng: np.random.Generator,
    most_exact: int = MOST_EXACT,
) -> float:
    """Returns the size of the largest eigenvalue, by size, of a Hessian.

    Where there are few coordinates the whole Hessian is found by central
    differences of gradients, else power iteration multiplies it with one
    direction at a time.

    Args:
        gradient_at: Returns the gradient at a point.
        point: Where the Hessian is taken, `(count,)`.
        rng: Draws the first direction of the power iteration.
        most_exact: Most coordinates whose Hessian is found as a whole.
    """

    def times(direction: np.ndarray) -> np.ndarray:
        ahead = gradient_at(point + STEP * direction)
        behind = gradient_at(point - STEP * direction)
        product: np.ndarray = (ahead - behind).astype(np.float64) / (2 * STEP)
        return product

    count = len(point)
    if count <= most_exact:
        hessian = np.stack([times(axis) for axis in np.eye(count)])
        if not np.isfinite(hessian).all():
            return float("nan")
        eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        return float(np.abs(eigenvalues).max())
    direction = rng.standard_normal(count)
    length = 0.0
    for _ in range(MOST_ROUNDS):
        product = times(direction / np.linalg.norm(direction))
        before, length = length, float(np.linalg.norm(product))
        if abs(length - before) <= TOLERANCE * length or length == 0.0:
            break
        direction = product
    return length
