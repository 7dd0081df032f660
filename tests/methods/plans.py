"""Methods of a few jobs, and a loop that does jobs to the end."""

from collections.abc import Callable
from typing import Any

from nse_tf.jobs import EvaluateChildren, Job, Result
from nse_tf.methods import (
    Done,
    Method,
    Plan,
    SpaceEvolutionConfig,
    Wait,
)

# A space that evolves, in few jobs.
QUICK_EVOLUTION = SpaceEvolutionConfig(
    num_active=4,
    round_epochs=2,
    num_proposals=30,
    num_extra=4,
    calibration_images=0,
    children_per_job=10,
    child_epochs=2,
)

MakePlan = Callable[["PlannedMethod"], Plan]


class PlannedMethod(Method):
    """A method whose plan is given."""

    def __init__(self, make_plan: MakePlan, **settings: Any) -> None:
        super().__init__()
        self.make_plan = make_plan
        self.settings = settings

    def describe(self) -> dict[str, Any]:
        """Returns the settings."""
        return self.settings

    def plan(self) -> Plan:
        """Follows the plan that was given."""
        return self.make_plan(self)

    def evaluation(self, num_images: int = 0) -> EvaluateChildren:
        """Returns a job that differs from others in its images."""
        job_id = self.new_job_id(EvaluateChildren.KIND)
        return EvaluateChildren(
            id=job_id, children=(((0,),),), calibration_images=num_images
        )


def do_all(method: Method, work: Callable[[Job], Result]) -> list[Job]:
    """Does the jobs of a method one by one; returns them."""
    jobs: list[Job] = []
    while not isinstance(job := method.ask(), Done | Wait):
        jobs.append(job)
        method.tell(job.id, work(job))
    return jobs
