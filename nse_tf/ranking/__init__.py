"""Places with known answers: how good scores are at ranking."""

from nse_tf.ranking.nasbench201 import NB201Table as NB201Table
from nse_tf.ranking.nasbench201 import read_table as read_table
