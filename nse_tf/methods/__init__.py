"""Methods ask for jobs and are told results; they never train."""

from nse_tf.methods.method import Done as Done
from nse_tf.methods.method import Method as Method
from nse_tf.methods.method import Plan as Plan
from nse_tf.methods.method import SearchError as SearchError
from nse_tf.methods.method import Wait as Wait
from nse_tf.methods.one_shot import OneShotSearch as OneShotSearch
from nse_tf.methods.one_shot_config import OneShotConfig as OneShotConfig
from nse_tf.methods.space_shrinking import SpaceShrinking as SpaceShrinking
