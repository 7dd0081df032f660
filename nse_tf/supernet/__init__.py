"""Keras layers that hold every candidate at once."""

from nse_tf.spaces.open_branches import INACTIVE as INACTIVE
from nse_tf.supernet.calibration import Calibrator as Calibrator
from nse_tf.supernet.calibration import statistics_kept as statistics_kept
from nse_tf.supernet.cells import CellNetworks as CellNetworks
from nse_tf.supernet.cells import CellSupernet as CellSupernet
from nse_tf.supernet.cells import DartsNetworks as DartsNetworks
from nse_tf.supernet.cells import DartsSupernet as DartsSupernet
from nse_tf.supernet.cells import NB201Networks as NB201Networks
from nse_tf.supernet.cells import NB201Supernet as NB201Supernet
from nse_tf.supernet.cells import stage_ends as stage_ends
from nse_tf.supernet.chains import BranchNetworks as BranchNetworks
from nse_tf.supernet.chains import BranchSupernet as BranchSupernet
from nse_tf.supernet.chains import ChainNetworks as ChainNetworks
from nse_tf.supernet.chains import ChainSupernet as ChainSupernet
from nse_tf.supernet.chains import ChoiceLayer as ChoiceLayer
from nse_tf.supernet.chains import NestedSupernet as NestedSupernet
from nse_tf.supernet.chains import SlotSupernet as SlotSupernet
from nse_tf.supernet.chains import Supernet as Supernet
from nse_tf.supernet.chains import TrainedChain as TrainedChain
from nse_tf.supernet.chains import TrainedNetworks as TrainedNetworks
from nse_tf.supernet.chains import TrainedResidual as TrainedResidual
from nse_tf.supernet.chains import WidthSupernet as WidthSupernet
from nse_tf.supernet.child_in_training import ChildInTraining as ChildInTraining
from nse_tf.supernet.child_in_training import DropPath as DropPath
from nse_tf.supernet.extra_skips import ExtraSkips as ExtraSkips
from nse_tf.supernet.layers import (
    FusedBatchNormalization as FusedBatchNormalization,
)
from nse_tf.supernet.layers.rate_factors import (
    rate_factor_of as rate_factor_of,
)
from nse_tf.supernet.networks import build_child as build_child
from nse_tf.supernet.networks import build_operator as build_operator
from nse_tf.supernet.networks import build_stem as build_stem
from nse_tf.supernet.networks import build_tail as build_tail
from nse_tf.supernet.networks import in_training as in_training
from nse_tf.supernet.networks import networks_of as networks_of
from nse_tf.supernet.networks import networks_of_space as networks_of_space
from nse_tf.supernet.networks import with_stock_layers as with_stock_layers
from nse_tf.supernet.protocols import Capability as Capability
from nse_tf.supernet.protocols import (
    MixedTrainingSupernet as MixedTrainingSupernet,
)
from nse_tf.supernet.protocols import MixingSupernet as MixingSupernet
from nse_tf.supernet.protocols import Networks as Networks
from nse_tf.supernet.protocols import OwnedRows as OwnedRows
from nse_tf.supernet.protocols import SeatingSupernet as SeatingSupernet
from nse_tf.supernet.protocols import SharedBlock as SharedBlock
from nse_tf.supernet.protocols import SupernetOfParts as SupernetOfParts
from nse_tf.supernet.protocols import TwoPathSupernet as TwoPathSupernet
from nse_tf.supernet.protocols import TwoSubsetSupernet as TwoSubsetSupernet
from nse_tf.supernet.protocols import WeightSharing as WeightSharing
from nse_tf.supernet.requirements import (
    require_capability as require_capability,
)
from nse_tf.supernet.skip_dropout import SkipDropout as SkipDropout
from nse_tf.supernet.user_models import Choice as Choice
from nse_tf.supernet.user_models import ModelNetworks as ModelNetworks
from nse_tf.supernet.user_models import ModelSupernet as ModelSupernet
from nse_tf.supernet.user_models import space_of as space_of
