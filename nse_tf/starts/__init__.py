"""Networks that are trained already, as starts of a search."""

from nse_tf.starts.keras_chain import read_chain as read_chain
from nse_tf.starts.start import STARTS as STARTS
from nse_tf.starts.start import networks_from as networks_from
from nse_tf.starts.start import trained_chain as trained_chain
