"""A pool of ops over seven cells, and how a search through it is read."""

from nse_tf.costs import Budget, CostModel
from nse_tf.spaces import make_preset

POOL = make_preset(
    "nse_tiny", image_size=(8, 8), image_channels=1, num_classes=10
)
MODEL = CostModel(POOL)
BUDGET = Budget(macs=1.2e6)
