"""Populations: which children to look at next."""

from nse_tf.evolution.exploration import Exploration as Exploration
from nse_tf.evolution.exploration import Explorer as Explorer
from nse_tf.evolution.exploration import ExplorerConfig as ExplorerConfig
from nse_tf.evolution.explorers import EXPLORERS as EXPLORERS
from nse_tf.evolution.explorers import explore as explore
from nse_tf.evolution.pareto import pareto_front as pareto_front
