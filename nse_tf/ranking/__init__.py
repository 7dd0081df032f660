"""Spaces with known accuracies: how well scores rank their networks."""

from nse_tf.ranking.nasbench201 import NB201Table as NB201Table
from nse_tf.ranking.nasbench201 import read_table as read_table
from nse_tf.ranking.operators import kept_ranks as kept_ranks
from nse_tf.ranking.operators import operator_ranks as operator_ranks
from nse_tf.ranking.published import PUBLISHED_TAUS as PUBLISHED_TAUS
from nse_tf.ranking.published import published_lines as published_lines
from nse_tf.ranking.study import RankStudy as RankStudy
from nse_tf.ranking.study_config import StudyConfig as StudyConfig
from nse_tf.ranking.study_rows import StudyRow as StudyRow
from nse_tf.ranking.study_rows import summary as summary
