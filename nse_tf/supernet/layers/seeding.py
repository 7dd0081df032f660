"""Fresh weights of layers that draw them unseeded, made to follow a seed."""

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """Lets Keras draw what has no seed of its own from this one.

    Keras takes the seeds of initializers and dropout from Python's generator,
    which is put back afterwards.
    """
    kept = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(kept)
