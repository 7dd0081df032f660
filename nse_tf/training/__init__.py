"""Turns jobs into results: one loop, one job for all searches of weights."""

from nse_tf.training.architecture import (
    ArchitectureTrainer as ArchitectureTrainer,
)
from nse_tf.training.child_trainer import accuracy as accuracy
from nse_tf.training.child_trainer import train_child as train_child
from nse_tf.training.evaluation import ChildEvaluator as ChildEvaluator
from nse_tf.training.lazy_sgd import LazySGD as LazySGD
from nse_tf.training.mixture_architecture import (
    MixtureArchitecture as MixtureArchitecture,
)
from nse_tf.training.progress import Progress as Progress
from nse_tf.training.recipes import DARTS_RECIPE as DARTS_RECIPE
from nse_tf.training.recipes import NB201_RECIPE as NB201_RECIPE
from nse_tf.training.recipes import PDARTS_RECIPE as PDARTS_RECIPE
from nse_tf.training.recipes import ChildRecipe as ChildRecipe
from nse_tf.training.recipes import SupernetRecipe as SupernetRecipe
from nse_tf.training.supernet_trainer import SupernetTrainer as SupernetTrainer
from nse_tf.training.worker import Worker as Worker
