"""Neural architecture search for TensorFlow and Keras, down to the phone.

Search spaces that shrink and evolve, weight-sharing supernets made of Keras
layers, keras-tuner oracles that score by angle, and an exporter that measures
what it hands over.

Rooms, bottom to top: `spaces`, `costs`, `jobs`, `shrinking` and `evolution`,
`methods` (the paper wing: data and arithmetic, no framework), then `supernet`,
`sampling` and `datasets`, `training`, `export`, `ranking` and `reporting`,
`tuners`, and `flags` (the command lines).

`nse_tf.Choice`, for models of your own, is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nse_tf.supernet.user_models.choice import Choice as Choice

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name != "Choice":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nse_tf.supernet.user_models.choice import Choice

    return Choice
