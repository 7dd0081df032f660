"""Neural architecture search for TensorFlow and Keras, down to the phone.

Search spaces that shrink and evolve, weight-sharing supernets made of Keras
layers, keras-tuner oracles that score by angle, and an exporter that measures
what it hands over.

Rooms, bottom to top: `spaces`, `costs`, `jobs`, `shrinking` and `evolution`,
`methods` (the paper wing: data and arithmetic, no framework), then `supernet`,
`sampling` and `datasets`, `training`, `export`, `ranking` and `reporting`,
`tuners`, and `flags` (the command lines).
"""

__version__ = "0.1.0"
