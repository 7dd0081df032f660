"""A worker over two places, and what its jobs are made of."""

import pathlib
from collections.abc import Iterator
from typing import Any

from nse_tf.datasets import epoch_batches
from nse_tf.jobs import TrainChild
from nse_tf.spaces import MBConv, Stage
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

SPACE = tiny_space(
    ops=(MBConv(3, 1), MBConv(5, 3)), stages=(Stage(8, 1, 1), Stage(12, 1, 2))
)
DATA = image_data()
RECIPE = SupernetRecipe(batch_size=12)
CHILDREN = (((0,), (1,)), ((2,), (0,)))
LONE_CHILD = TrainChild(
    id="00004_train_child",
    child=CHILDREN[0],
    epochs=2,
    uses_validation=False,
    inherited_accuracy=0.5,
    seed=0,
)


def make_worker(folder: pathlib.Path, **kwargs: Any) -> Worker:
    numbers: dict[str, Any] = {
        "supernet_recipe": RECIPE,
        "child_recipe": ChildRecipe(batch_size=12),
        **kwargs,
    }
    return Worker(SPACE, DATA, folder, **numbers)


def breaking_off_in_the_second_epoch(
    *args: Any, epoch: int, **kwargs: Any
) -> Iterator[Any]:
    batches = epoch_batches(*args, epoch=epoch, **kwargs)
    yield next(batches)
    yield next(batches)
    if epoch == 1:
        raise KeyboardInterrupt
    yield from batches
