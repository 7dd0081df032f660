"""Shrinks a search space by the angle of its children (ABS)."""

from nse_tf.shrinking.angle import AngleSums as AngleSums
from nse_tf.shrinking.children import draw_spread_depths as draw_spread_depths
from nse_tf.shrinking.permission import Permission as Permission
from nse_tf.shrinking.permission import keeps_enough as keeps_enough
from nse_tf.shrinking.permission import num_within as num_within
from nse_tf.shrinking.scores import operator_scores as operator_scores
from nse_tf.shrinking.shrinker import ShrinkSchedule as ShrinkSchedule
from nse_tf.shrinking.shrinker import (
    lowest_of_each_place as lowest_of_each_place,
)
from nse_tf.shrinking.shrinker import lowest_overall as lowest_overall
