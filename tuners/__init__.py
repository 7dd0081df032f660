"""The searches as keras-tuner oracles and tuners: the public API for its users.

Names are imported on first use: command lines read their flags, and refuse bad
ones, before TensorFlow's seconds are spent.
"""

from typing import TYPE_CHECKING

from nse_tf.lazy_names import lazy_names

if TYPE_CHECKING:
    from nse_tf.tuners.angle_shrinking import AngleShrinking as AngleShrinking
    from nse_tf.tuners.angle_shrinking import (
        AngleShrinkingOracle as AngleShrinkingOracle,
    )
    from nse_tf.tuners.autospace import AutoSpace as AutoSpace
    from nse_tf.tuners.autospace import AutoSpaceOracle as AutoSpaceOracle
    from nse_tf.tuners.darts import Darts as Darts
    from nse_tf.tuners.darts import DartsOracle as DartsOracle
    from nse_tf.tuners.efforts import EFFORTS as EFFORTS
    from nse_tf.tuners.efforts import Effort as Effort
    from nse_tf.tuners.evolution import Evolution as Evolution
    from nse_tf.tuners.evolution_oracle import (
        EvolutionOracle as EvolutionOracle,
    )
    from nse_tf.tuners.fairnas import FairNAS as FairNAS
    from nse_tf.tuners.fairnas import FairNASOracle as FairNASOracle
    from nse_tf.tuners.pdarts import PDarts as PDarts
    from nse_tf.tuners.pdarts import PDartsOracle as PDartsOracle
    from nse_tf.tuners.proxylessnas import ProxylessNAS as ProxylessNAS
    from nse_tf.tuners.proxylessnas import (
        ProxylessNASOracle as ProxylessNASOracle,
    )
    from nse_tf.tuners.search_oracle import SearchOracle as SearchOracle
    from nse_tf.tuners.space_evolution import SpaceEvolution as SpaceEvolution
    from nse_tf.tuners.space_evolution import (
        SpaceEvolutionOracle as SpaceEvolutionOracle,
    )
    from nse_tf.tuners.space_hypermodel import (
        SpaceHyperModel as SpaceHyperModel,
    )
    from nse_tf.tuners.supernet_tuner import SupernetTuner as SupernetTuner

__all__, __getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AngleShrinking": "angle_shrinking",
        "AngleShrinkingOracle": "angle_shrinking",
        "AutoSpace": "autospace",
        "AutoSpaceOracle": "autospace",
        "Darts": "darts",
        "DartsOracle": "darts",
        "EFFORTS": "efforts",
        "Effort": "efforts",
        "Evolution": "evolution",
        "EvolutionOracle": "evolution_oracle",
        "FairNAS": "fairnas",
        "FairNASOracle": "fairnas",
        "PDarts": "pdarts",
        "PDartsOracle": "pdarts",
        "ProxylessNAS": "proxylessnas",
        "ProxylessNASOracle": "proxylessnas",
        "SearchOracle": "search_oracle",
        "SpaceEvolution": "space_evolution",
        "SpaceEvolutionOracle": "space_evolution",
        "SpaceHyperModel": "space_hypermodel",
        "SupernetTuner": "supernet_tuner",
    },
)
