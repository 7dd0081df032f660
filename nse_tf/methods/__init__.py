"""Methods ask for jobs and receive their results; they never train."""

from nse_tf.methods.autospace import AutoSpace as AutoSpace
from nse_tf.methods.autospace_config import AutoSpaceConfig as AutoSpaceConfig
from nse_tf.methods.choose_scale import ChosenScale as ChosenScale
from nse_tf.methods.choose_scale import choose_scale as choose_scale
from nse_tf.methods.darts import DartsSearch as DartsSearch
from nse_tf.methods.darts_config import DartsConfig as DartsConfig
from nse_tf.methods.fairnas import FairNAS as FairNAS
from nse_tf.methods.fairnas import FairNASConfig as FairNASConfig
from nse_tf.methods.method import Done as Done
from nse_tf.methods.method import Method as Method
from nse_tf.methods.method import Plan as Plan
from nse_tf.methods.method import SearchError as SearchError
from nse_tf.methods.method import Wait as Wait
from nse_tf.methods.nse import SpaceEvolution as SpaceEvolution
from nse_tf.methods.nse_config import (
    SpaceEvolutionConfig as SpaceEvolutionConfig,
)
from nse_tf.methods.one_shot import OneShotSearch as OneShotSearch
from nse_tf.methods.one_shot_config import OneShotConfig as OneShotConfig
from nse_tf.methods.pdarts import PDartsSearch as PDartsSearch
from nse_tf.methods.pdarts_config import PDartsConfig as PDartsConfig
from nse_tf.methods.proxylessnas import ProxylessNAS as ProxylessNAS
from nse_tf.methods.proxylessnas_config import (
    ProxylessNASConfig as ProxylessNASConfig,
)
from nse_tf.methods.scale_choice import ScaleChoice as ScaleChoice
from nse_tf.methods.scale_choice import ScaleChoiceConfig as ScaleChoiceConfig
from nse_tf.methods.space_shrinking import SpaceShrinking as SpaceShrinking
from nse_tf.methods.start_states import StartState as StartState
from nse_tf.methods.start_states import load_start as load_start
from nse_tf.methods.start_states import published_start as published_start
from nse_tf.methods.start_states import save_start as save_start
