"""Keras layers that hold every candidate at once."""

from nse_tf.supernet.batch_norm import (
    FusedBatchNormalization as FusedBatchNormalization,
)
from nse_tf.supernet.calibration import Calibrator as Calibrator
from nse_tf.supernet.calibration import statistics_kept as statistics_kept
from nse_tf.supernet.cell_model import CellSupernet as CellSupernet
from nse_tf.supernet.choice import ChoiceLayer as ChoiceLayer
from nse_tf.supernet.model import Supernet as Supernet
from nse_tf.supernet.subnet import build_child as build_child
from nse_tf.supernet.subnet import build_operator as build_operator
from nse_tf.supernet.subnet import build_stem as build_stem
from nse_tf.supernet.subnet import build_tail as build_tail
from nse_tf.supernet.subnet import cut_out as cut_out
from nse_tf.supernet.subnet import with_stock_layers as with_stock_layers
