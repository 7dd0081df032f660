"""Keras layers that hold every candidate at once."""

from nse_tf.supernet.batch_norm import (
    FusedBatchNormalization as FusedBatchNormalization,
)
from nse_tf.supernet.branch_model import BranchSupernet as BranchSupernet
from nse_tf.supernet.calibration import Calibrator as Calibrator
from nse_tf.supernet.calibration import statistics_kept as statistics_kept
from nse_tf.supernet.cell_model import CellSupernet as CellSupernet
from nse_tf.supernet.cell_subnet import build_cell_child as build_cell_child
from nse_tf.supernet.cell_subnet import cut_out_cell as cut_out_cell
from nse_tf.supernet.cell_subnet import stage_ends as stage_ends
from nse_tf.supernet.choice import ChoiceLayer as ChoiceLayer
from nse_tf.supernet.layer_choice import Choice as Choice
from nse_tf.supernet.model import Supernet as Supernet
from nse_tf.supernet.model_space import space_of as space_of
from nse_tf.supernet.model_supernet import ModelSupernet as ModelSupernet
from nse_tf.supernet.networks import CellNetworks as CellNetworks
from nse_tf.supernet.networks import ChainNetworks as ChainNetworks
from nse_tf.supernet.networks import ModelNetworks as ModelNetworks
from nse_tf.supernet.networks import Networks as Networks
from nse_tf.supernet.networks import networks_of as networks_of
from nse_tf.supernet.networks import networks_of_space as networks_of_space
from nse_tf.supernet.subnet import build_child as build_child
from nse_tf.supernet.subnet import build_operator as build_operator
from nse_tf.supernet.subnet import build_stem as build_stem
from nse_tf.supernet.subnet import build_tail as build_tail
from nse_tf.supernet.subnet import cut_out as cut_out
from nse_tf.supernet.subnet import with_stock_layers as with_stock_layers
from nse_tf.supernet.weight_sharing import MixingSupernet as MixingSupernet
from nse_tf.supernet.weight_sharing import WeightSharing as WeightSharing
from nse_tf.supernet.weight_sharing import require_mixing as require_mixing
