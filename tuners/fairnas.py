"""FairNAS, as an oracle and as a drop-in tuner."""

from nse_tf import methods
from nse_tf.costs import Budget
from nse_tf.methods import FairNASConfig
from nse_tf.tuners.angle_shrinking import AngleShrinkingOracle
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.weight_sharing_tuner import WeightSharingTuner


class FairNASOracle(AngleShrinkingOracle):
    """Shrinks a space by angle, trains what is left fairly, and explores it.

    See `AngleShrinkingOracle` for arguments and errors; `config` is a
    `FairNASConfig` here. A space whose choice blocks open several ops is
    refused.

    References:
        Chu et al., FairNAS (2019): https://arxiv.org/abs/1907.01845
    """

    method_class = methods.FairNAS
    config_class = FairNASConfig


class FairNAS(WeightSharingTuner[FairNASConfig]):
    """Trains a supernet by strict fairness, explores it, trains the winner.

    `SupernetTuner` and `FairNASOracle` in the form of keras-tuner's own tuners.
    See `WeightSharingTuner` for all arguments; `config` is a `FairNASConfig`
    here.

    Example:
        ```python
        tuner = FairNAS(space, max_macs=1.2e6, effort="quick")
        tuner.search(images, labels, validation_split=0.2)
        model = tuner.get_best_models()[0]
        ```
    """

    oracle_class = FairNASOracle

    @classmethod
    def config_of(cls, effort: Effort, budget: Budget) -> FairNASConfig:
        """Returns the numbers of an effort; a budget changes none of them."""
        del budget
        return FairNASConfig.like(effort.search)
