"""Events of searches and runs: what methods note and reports read.

An event is a frozen record with an exact JSON form, one class a kind. Methods
collect them in a history, runs write them to a log, and all reports of a
search read them by attribute.
"""

from nse_tf.events.cells import CellsScored as CellsScored
from nse_tf.events.cells import SpaceLearned as SpaceLearned
from nse_tf.events.entry import EVENTS as EVENTS
from nse_tf.events.entry import Entry as Entry
from nse_tf.events.entry import new_entry as new_entry
from nse_tf.events.event import Event as Event
from nse_tf.events.event import JobDone as JobDone
from nse_tf.events.event import all_known as all_known
from nse_tf.events.event import known as known
from nse_tf.events.event import table_of_known as table_of_known
from nse_tf.events.evolution import FrontEvolved as FrontEvolved
from nse_tf.events.evolution import NetworksProposed as NetworksProposed
from nse_tf.events.evolution import OpsInherited as OpsInherited
from nse_tf.events.gates import NetworkDerived as NetworkDerived
from nse_tf.events.gates import ParametersTrained as ParametersTrained
from nse_tf.events.mixtures import CellDrawn as CellDrawn
from nse_tf.events.mixtures import MixtureTrained as MixtureTrained
from nse_tf.events.mixtures import SkipsLimited as SkipsLimited
from nse_tf.events.runs import RunFailed as RunFailed
from nse_tf.events.runs import RunFinished as RunFinished
from nse_tf.events.runs import StageTimed as StageTimed
from nse_tf.events.scales import ScaleAlternative as ScaleAlternative
from nse_tf.events.scales import ScaleChosen as ScaleChosen
from nse_tf.events.search import ChildMeasured as ChildMeasured
from nse_tf.events.search import ChildrenRanked as ChildrenRanked
from nse_tf.events.search import EvaluationFinished as EvaluationFinished
from nse_tf.events.search import FinalistsRanked as FinalistsRanked
from nse_tf.events.search import FrontFound as FrontFound
from nse_tf.events.search import GenerationEvaluated as GenerationEvaluated
from nse_tf.events.search import JobFailed as JobFailed
from nse_tf.events.search import OperatorsScored as OperatorsScored
from nse_tf.events.search import PoolState as PoolState
from nse_tf.events.search import SpaceAtStage as SpaceAtStage
from nse_tf.events.search import SupernetJudged as SupernetJudged
from nse_tf.events.search import WinnerChosen as WinnerChosen
from nse_tf.events.training import BaselineTrained as BaselineTrained
from nse_tf.events.training import IndicatorsTrained as IndicatorsTrained
from nse_tf.events.training import Purpose as Purpose
from nse_tf.events.training import StageTrained as StageTrained
from nse_tf.events.training import SupernetWarmedUp as SupernetWarmedUp
from nse_tf.events.training import TrainedAlone as TrainedAlone
