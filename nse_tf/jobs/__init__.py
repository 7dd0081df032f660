"""Jobs and their results: all that methods and workers say to each other.

A method asks for jobs and never trains; a worker does jobs and never decides.
Both sides of the talk are plain data with an exact JSON form, so it can cross
processes and machines, and be replayed.
"""

from nse_tf.jobs.kinds import JOBS as JOBS
from nse_tf.jobs.kinds import EvaluateChildren as EvaluateChildren
from nse_tf.jobs.kinds import Job as Job
from nse_tf.jobs.kinds import MeasureChildren as MeasureChildren
from nse_tf.jobs.kinds import TrainChild as TrainChild
from nse_tf.jobs.kinds import TrainSupernet as TrainSupernet
from nse_tf.jobs.plain import digest_of as digest_of
from nse_tf.jobs.plain import job_from_json as job_from_json
from nse_tf.jobs.plain import job_to_json as job_to_json
from nse_tf.jobs.plain import result_from_json as result_from_json
from nse_tf.jobs.plain import result_to_json as result_to_json
from nse_tf.jobs.plain import weights_of as weights_of
from nse_tf.jobs.results import RESULTS as RESULTS
from nse_tf.jobs.results import ArchitectureTrained as ArchitectureTrained
from nse_tf.jobs.results import ChildrenEvaluated as ChildrenEvaluated
from nse_tf.jobs.results import ChildrenMeasured as ChildrenMeasured
from nse_tf.jobs.results import ChildTrained as ChildTrained
from nse_tf.jobs.results import Failed as Failed
from nse_tf.jobs.results import Result as Result
from nse_tf.jobs.results import SupernetTrained as SupernetTrained
from nse_tf.jobs.rules import ArchitectureRule as ArchitectureRule
from nse_tf.jobs.rules import CostPenalty as CostPenalty
from nse_tf.jobs.rules import EarlyStop as EarlyStop
from nse_tf.jobs.rules import Genes as Genes
from nse_tf.jobs.rules import RateSchedule as RateSchedule
from nse_tf.jobs.rules import Seats as Seats
from nse_tf.jobs.rules import Start as Start
from nse_tf.jobs.rules import WeightRule as WeightRule
from nse_tf.jobs.teachers import Teacher as Teacher
