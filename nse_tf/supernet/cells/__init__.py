"""Cells whose edges carry choices: NAS-Bench-201's and DARTS's."""

from nse_tf.supernet.cells.cell_supernet import CellSupernet as CellSupernet
from nse_tf.supernet.cells.darts_supernet import DartsSupernet as DartsSupernet
from nse_tf.supernet.cells.nb201_child import stage_ends as stage_ends
from nse_tf.supernet.cells.nb201_supernet import NB201Supernet as NB201Supernet
from nse_tf.supernet.cells.networks import CellNetworks as CellNetworks
from nse_tf.supernet.cells.networks import DartsNetworks as DartsNetworks
from nse_tf.supernet.cells.networks import NB201Networks as NB201Networks
