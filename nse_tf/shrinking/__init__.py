"""Shrinks a search space by the angle of its children (ABS)."""

from nse_tf.shrinking.angle import AngleSums as AngleSums
from nse_tf.shrinking.angle_scores import ANGLE_SCORES as ANGLE_SCORES
from nse_tf.shrinking.angle_scores import angle_sums as angle_sums
from nse_tf.shrinking.angle_scores import require_angle as require_angle
from nse_tf.shrinking.cell_angle import CellAngleSums as CellAngleSums
from nse_tf.shrinking.children import draw_spread_depths as draw_spread_depths
from nse_tf.shrinking.multiplicity import multiplicities as multiplicities
from nse_tf.shrinking.multiplicity import path_counts as path_counts
from nse_tf.shrinking.permission import Permission as Permission
from nse_tf.shrinking.permission import keeps_enough as keeps_enough
from nse_tf.shrinking.permission import num_within as num_within
from nse_tf.shrinking.schedules import (
    PUBLISHED_SCHEDULES as PUBLISHED_SCHEDULES,
)
from nse_tf.shrinking.scores import draw_children as draw_children
from nse_tf.shrinking.scores import operator_means as operator_means
from nse_tf.shrinking.scores import operator_scores as operator_scores
from nse_tf.shrinking.scores import those_that_count as those_that_count
from nse_tf.shrinking.shrinker import ShrinkSchedule as ShrinkSchedule
from nse_tf.shrinking.shrinker import (
    lowest_of_each_block as lowest_of_each_block,
)
from nse_tf.shrinking.shrinker import lowest_overall as lowest_overall
from nse_tf.shrinking.vectors import BACKBONE_KERNELS as BACKBONE_KERNELS
from nse_tf.shrinking.vectors import (
    EVERY_BACKBONE_WEIGHT as EVERY_BACKBONE_WEIGHT,
)
from nse_tf.shrinking.vectors import NO_BACKBONE as NO_BACKBONE
from nse_tf.shrinking.vectors import BackboneParts as BackboneParts
from nse_tf.shrinking.vectors import vector_length as vector_length
