"""Keras layers that hold every candidate at once."""

from nse_tf.supernet.calibration import Calibrator as Calibrator
from nse_tf.supernet.calibration import statistics_kept as statistics_kept
from nse_tf.supernet.cells.darts_child import (
    build_darts_child as build_darts_child,
)
from nse_tf.supernet.cells.darts_child import cut_out_darts as cut_out_darts
from nse_tf.supernet.cells.darts_supernet import DartsSupernet as DartsSupernet
from nse_tf.supernet.cells.nb201_child import (
    build_cell_child as build_cell_child,
)
from nse_tf.supernet.cells.nb201_child import cut_out_cell as cut_out_cell
from nse_tf.supernet.cells.nb201_child import stage_ends as stage_ends
from nse_tf.supernet.cells.nb201_supernet import CellSupernet as CellSupernet
from nse_tf.supernet.chains.branch_supernet import (
    BranchSupernet as BranchSupernet,
)
from nse_tf.supernet.chains.child import build_child as build_child
from nse_tf.supernet.chains.child import build_operator as build_operator
from nse_tf.supernet.chains.child import build_stem as build_stem
from nse_tf.supernet.chains.child import build_tail as build_tail
from nse_tf.supernet.chains.child import cut_out as cut_out
from nse_tf.supernet.chains.child import with_stock_layers as with_stock_layers
from nse_tf.supernet.chains.choice_layer import ChoiceLayer as ChoiceLayer
from nse_tf.supernet.chains.supernet import Supernet as Supernet
from nse_tf.supernet.layers.batch_norm import (
    FusedBatchNormalization as FusedBatchNormalization,
)
from nse_tf.supernet.networks import CellNetworks as CellNetworks
from nse_tf.supernet.networks import ChainNetworks as ChainNetworks
from nse_tf.supernet.networks import ModelNetworks as ModelNetworks
from nse_tf.supernet.networks import Networks as Networks
from nse_tf.supernet.networks import networks_of as networks_of
from nse_tf.supernet.networks import networks_of_space as networks_of_space
from nse_tf.supernet.protocols import MixingSupernet as MixingSupernet
from nse_tf.supernet.protocols import WeightSharing as WeightSharing
from nse_tf.supernet.protocols import require_mixing as require_mixing
from nse_tf.supernet.user_models.choice import Choice as Choice
from nse_tf.supernet.user_models.model_space import space_of as space_of
from nse_tf.supernet.user_models.model_supernet import (
    ModelSupernet as ModelSupernet,
)
