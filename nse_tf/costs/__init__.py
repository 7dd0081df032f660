"""What a genotype costs."""

from nse_tf.costs.backbone import backbone_parts as backbone_parts
from nse_tf.costs.budgets import Budget as Budget
from nse_tf.costs.budgets import BudgetError as BudgetError
from nse_tf.costs.budgets import sample_within as sample_within
from nse_tf.costs.conventions import published_macs as published_macs
from nse_tf.costs.cost_names import COSTS as COSTS
from nse_tf.costs.cost_names import base_cost as base_cost
from nse_tf.costs.cost_names import device_of as device_of
from nse_tf.costs.cost_names import in_order as in_order
from nse_tf.costs.cost_names import latency_on as latency_on
from nse_tf.costs.describing import describe_network as describe_network
from nse_tf.costs.describing import describe_space as describe_space
from nse_tf.costs.descriptions import (
    NetworkDescription as NetworkDescription,
)
from nse_tf.costs.descriptions import SpaceDescription as SpaceDescription
from nse_tf.costs.device_tables import DeviceTables as DeviceTables
from nse_tf.costs.models import CostModel as CostModel
from nse_tf.costs.op_counts import op_part as op_part
from nse_tf.costs.parts import Part as Part
