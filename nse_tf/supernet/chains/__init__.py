"""Chains of choice blocks, and their multi-branch forms."""

from nse_tf.supernet.chains.branch_supernet import (
    BranchSupernet as BranchSupernet,
)
from nse_tf.supernet.chains.chain_supernet import ChainSupernet as ChainSupernet
from nse_tf.supernet.chains.choice_layer import ChoiceLayer as ChoiceLayer
from nse_tf.supernet.chains.nested_supernet import (
    NestedSupernet as NestedSupernet,
)
from nse_tf.supernet.chains.networks import BranchNetworks as BranchNetworks
from nse_tf.supernet.chains.networks import ChainNetworks as ChainNetworks
from nse_tf.supernet.chains.networks import SlotNetworks as SlotNetworks
from nse_tf.supernet.chains.slot_supernet import SlotSupernet as SlotSupernet
from nse_tf.supernet.chains.supernet import Supernet as Supernet
from nse_tf.supernet.chains.trained_chain import TrainedChain as TrainedChain
from nse_tf.supernet.chains.trained_chain import (
    TrainedResidual as TrainedResidual,
)
from nse_tf.supernet.chains.trained_networks import (
    TrainedNetworks as TrainedNetworks,
)
from nse_tf.supernet.chains.width_supernet import (
    WidthSupernet as WidthSupernet,
)
