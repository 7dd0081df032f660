"""The methods as keras-tuner oracles and tuners.

Names are imported on first use: command lines read their flags, and refuse bad
ones, before TensorFlow's seconds are spent.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nse_tf.tuners.angle_shrinking import AngleShrinking as AngleShrinking
    from nse_tf.tuners.efforts import EFFORTS as EFFORTS
    from nse_tf.tuners.efforts import Effort as Effort
    from nse_tf.tuners.evolution import Evolution as Evolution
    from nse_tf.tuners.evolution_oracle import (
        EvolutionOracle as EvolutionOracle,
    )
    from nse_tf.tuners.oracles import (
        AngleShrinkingOracle as AngleShrinkingOracle,
    )
    from nse_tf.tuners.oracles import SearchOracle as SearchOracle
    from nse_tf.tuners.oracles import (
        SpaceEvolutionOracle as SpaceEvolutionOracle,
    )
    from nse_tf.tuners.space_hypermodel import (
        SpaceHyperModel as SpaceHyperModel,
    )
    from nse_tf.tuners.supernet_tuner import SupernetTuner as SupernetTuner

_MODULES = {
    "EFFORTS": "efforts",
    "Effort": "efforts",
    "Evolution": "evolution",
    "EvolutionOracle": "evolution_oracle",
    "SpaceEvolutionOracle": "oracles",
    "SpaceHyperModel": "space_hypermodel",
    "AngleShrinking": "angle_shrinking",
    "AngleShrinkingOracle": "oracles",
    "SearchOracle": "oracles",
    "SupernetTuner": "supernet_tuner",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)
