"""Which branches the next step trains."""

from nse_tf.sampling.cells import CellSampler as CellSampler
from nse_tf.sampling.cells import draw_cells as draw_cells
from nse_tf.sampling.fair import FairSampler as FairSampler
from nse_tf.sampling.sampler import Sampler as Sampler
from nse_tf.sampling.sandwich import SandwichSampler as SandwichSampler
from nse_tf.sampling.uniform import UniformSampler as UniformSampler
from nse_tf.sampling.weighted import WeightedSampler as WeightedSampler
