#!/usr/bin/env python3
"""Makes nse_tf/datasets/digits.npz anew, byte for byte.

    pip install scikit-learn
    python tools/make_digits.py [FILE]

scikit-learn carries the scans; the package itself does not need it.
"""

import pathlib
import sys

import numpy as np
from sklearn.datasets import load_digits

FILE = pathlib.Path(__file__).parents[1] / "nse_tf" / "datasets" / "digits.npz"
NUM_TEST_ROWS_PER_CLASS = 36


def fixed_order(labels: np.ndarray) -> np.ndarray:
    """Returns rows in random order, the last 360 with 36 of every class."""
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(labels))
    test = np.concatenate(
        [
            shuffled[labels[shuffled] == label][:NUM_TEST_ROWS_PER_CLASS]
            for label in range(10)
        ]
    )
    rest = shuffled[~np.isin(shuffled, test)]
    return np.concatenate([rest, rng.permutation(test)])


def main(file: pathlib.Path) -> None:
    """Writes the scans, 0..16, stretched to 0..255."""
    scans, labels = load_digits(return_X_y=True)
    order = fixed_order(labels)
    images = np.round(scans[order] * 255 / 16).astype(np.uint8)
    np.savez_compressed(
        file,
        images=images.reshape(-1, 8, 8),
        labels=labels[order].astype(np.uint8),
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
