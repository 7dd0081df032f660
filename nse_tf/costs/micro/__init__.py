"""What an int8 network needs on a microcontroller: RAM and flash."""

from nse_tf.costs.micro.families import micro_costs as micro_costs
from nse_tf.costs.micro.model import LayerMemory as LayerMemory
from nse_tf.costs.micro.model import MicroCosts as MicroCosts
from nse_tf.costs.micro.model import live_memory as live_memory
from nse_tf.costs.micro.ops import UnpredictedError as UnpredictedError
