"""What a worker does with a job: a module for each kind."""

from nse_tf.training.handlers.context import WorkerContext as WorkerContext
from nse_tf.training.handlers.evaluate_children import (
    evaluate_children as evaluate_children,
)
from nse_tf.training.handlers.measure_children import (
    measure_children as measure_children,
)
from nse_tf.training.handlers.train_child import train_child as train_child
from nse_tf.training.handlers.train_supernet import (
    train_supernet as train_supernet,
)
