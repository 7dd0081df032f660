"""Neural architecture search for TensorFlow and Keras, down to the phone.

    import nse_tf

    data = nse_tf.load("digits")
    space = nse_tf.make_preset(
        "spos_tiny", image_size=(8, 8), image_channels=1, num_classes=10
    )
    tuner = nse_tf.AngleShrinking(space, max_macs=1.2e6, effort="quick")
    tuner.search(data.train, validation_data=data.validation)
    model = tuner.get_best_models()[0]

Search spaces that shrink and evolve, weight-sharing supernets made of Keras
layers, keras-tuner oracles and tuners, and an exporter that measures what it
writes. All names are imported on first use: `import nse_tf` loads no framework.

The tuners here run a search from end to end. A method alone, without training,
is in `nse_tf.methods`, which also has an `AutoSpace`, a `FairNAS`, a
`ProxylessNAS` and a `SpaceEvolution`: the plans that the tuners of those names
carry out.
"""

from typing import TYPE_CHECKING

from nse_tf.lazy_names import lazy_names
from nse_tf.version import __version__ as __version__

if TYPE_CHECKING:
    from nse_tf import costs as costs
    from nse_tf import datasets as datasets
    from nse_tf import distribute as distribute
    from nse_tf import events as events
    from nse_tf import evolution as evolution
    from nse_tf import export as export
    from nse_tf import flags as flags
    from nse_tf import jobs as jobs
    from nse_tf import methods as methods
    from nse_tf import ranking as ranking
    from nse_tf import reporting as reporting
    from nse_tf import runs as runs
    from nse_tf import sampling as sampling
    from nse_tf import shrinking as shrinking
    from nse_tf import spaces as spaces
    from nse_tf import starts as starts
    from nse_tf import supernet as supernet
    from nse_tf import testing as testing
    from nse_tf import training as training
    from nse_tf import trials as trials
    from nse_tf import tuners as tuners
    from nse_tf.costs import Budget as Budget
    from nse_tf.datasets import load as load
    from nse_tf.export import export_model as export_model
    from nse_tf.methods import choose_scale as choose_scale
    from nse_tf.runs.model_tables import measured_costs as measured_costs
    from nse_tf.spaces import make_preset as make_preset
    from nse_tf.starts import networks_from as networks_from
    from nse_tf.supernet import Choice as Choice
    from nse_tf.tuners import AngleShrinking as AngleShrinking
    from nse_tf.tuners import AutoSpace as AutoSpace
    from nse_tf.tuners import Darts as Darts
    from nse_tf.tuners import Evolution as Evolution
    from nse_tf.tuners import FairNAS as FairNAS
    from nse_tf.tuners import PDarts as PDarts
    from nse_tf.tuners import ProxylessNAS as ProxylessNAS
    from nse_tf.tuners import SpaceEvolution as SpaceEvolution
    from nse_tf.tuners import SpaceHyperModel as SpaceHyperModel

_SUBPACKAGES = (
    "costs",
    "datasets",
    "distribute",
    "events",
    "evolution",
    "export",
    "flags",
    "jobs",
    "methods",
    "ranking",
    "reporting",
    "runs",
    "sampling",
    "shrinking",
    "spaces",
    "starts",
    "supernet",
    "testing",
    "training",
    "trials",
    "tuners",
)

__all__, __getattr__, __dir__ = lazy_names(
    __name__,
    {
        **dict.fromkeys(_SUBPACKAGES, ""),
        "AngleShrinking": "tuners",
        "AutoSpace": "tuners",
        "Darts": "tuners",
        "Budget": "costs",
        "Choice": "supernet",
        "Evolution": "tuners",
        "FairNAS": "tuners",
        "PDarts": "tuners",
        "ProxylessNAS": "tuners",
        "SpaceEvolution": "tuners",
        "SpaceHyperModel": "tuners",
        "choose_scale": "methods",
        "export_model": "export",
        "load": "datasets",
        "make_preset": "spaces",
        "measured_costs": "runs.model_tables",
        "networks_from": "starts",
    },
)
