"""The numbers of a ProxylessNAS search."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.methods.evaluating import Evaluating
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.methods.shrinking_steps import Shrinking

GATES = ("two", "full", "reinforce")
PENALTY_FORMS = ("log_factor", "relative")
PENALIZED_COSTS = ("macs", "params", "latency_ms")
# Coefficients of the penalties: of ABS's searches, and of the published code.
_COEFFICIENTS = {"log_factor": 0.2, "relative": 0.1}
# What only gradients of gates take, and what only rewards do.
_OF_GRADIENTS = ("penalty_form", "penalty", "penalty_exponent")
_OF_REWARDS = ("networks_per_step", "reward_exponent", "baseline_rate")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProxylessNASConfig(FinalTrainingConfig):
    """The numbers of a ProxylessNAS search.

    The defaults are those of ABS's ProxylessNAS searches, for ImageNet on many
    GPUs; the command line has presets for less. The numbers of the final
    training come on top, see `FinalTrainingConfig`.

    Attributes:
        gates: What an architecture step runs: `two` candidates of each block,
            the `full` list of them, or with `reinforce` whole networks, forward
            only. None takes what the space's networks can have, `two` before
            `full`; see `Skeleton.gates`.
        shrinking: How the space is shrunk first; None searches it whole.
        warmup_epochs: Epochs in which the weights are trained alone, by paths
            that the first architecture parameters draw.
        search_epochs: Epochs of weights and architecture parameters together.
        epochs_without: How many of these train the weights alone, too.
        warmup_learning_rate: First learning rate of the warm-up; it falls to
            zero as a cosine.
        learning_rate: The same of the search.
        architecture_every: Steps of the weights to each one of the architecture
            parameters.
        architecture_rate: Adam's learning rate of these.
        architecture_betas: Adam's decay of means there.
        architecture_deviation: Standard deviation of the first ones.
        cost: What is penalized: `macs`, `params` or `latency_ms`.
        target: What networks should cost, in MACs, parameters or milliseconds.
            None takes the budget's limit, and without one nothing is penalized.
        penalty_form: `log_factor` or `relative`; see `jobs.CostPenalty`.
        penalty: Coefficient of the penalty; None takes 0.2 for `log_factor` and
            0.1 for `relative`.
        penalty_exponent: Exponent of `log_factor`.
        networks_per_step: Networks that a step of `reinforce` draws.
        reward_exponent: With `reinforce` a network's accuracy counts times
            `(target / cost) ** reward_exponent`; without a target nothing does.
        baseline_rate: How fast the reward that networks are compared with
            follows the mean of a step; see `jobs.ArchitectureRule`.
        num_derived: How many of the likeliest networks within the budget are
            evaluated with inherited weights. They are trained, or measured, in
            the order of their likelihood.
        calibration_images: Training images for the batch norm of such a
            network.
        children_per_job: Most networks that one job evaluates.

    Raises:
        ValueError: If a name is unknown, a number out of range, or one is
            given that the gates do not take.

    References:
        Cai et al., ProxylessNAS (2019): https://arxiv.org/abs/1812.00332; Hu et
        al., ABS (2020), code of its ProxylessNAS searches:
        https://arxiv.org/abs/2004.13431
    """

    gates: str | None = None
    shrinking: Shrinking | None = None
    warmup_epochs: int = 40
    search_epochs: int = 120
    epochs_without: int = 1
    warmup_learning_rate: float = 0.05
    learning_rate: float = 0.025
    architecture_every: int = 5
    architecture_rate: float = 1e-3
    architecture_betas: tuple[float, float] = (0.0, 0.999)
    architecture_deviation: float = 1e-3
    cost: str = "macs"
    target: float | None = None
    penalty_form: str = "log_factor"
    penalty: float | None = None
    penalty_exponent: float = 0.3
    networks_per_step: int = 10
    reward_exponent: float = 0.1
    baseline_rate: float = 0.99
    num_derived: int = 5
    calibration_images: int = 20_000
    children_per_job: int = 50

    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "cost": PENALIZED_COSTS,
        "penalty_form": PENALTY_FORMS,
        **FinalTrainingConfig.NAMES,
    }
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = (
        *FinalTrainingConfig.MAY_BE_ZERO,
        "warmup_epochs",
        "epochs_without",
        "calibration_images",
        "reward_exponent",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gates is not None and self.gates not in GATES:
            raise ValueError(
                f"`gates` must be one of {', '.join(GATES)}, not "
                f"{self.gates!r}."
            )
        if self.epochs_without >= self.search_epochs:
            raise ValueError(
                f"`epochs_without` is {self.epochs_without} of "
                f"`search_epochs` {self.search_epochs}, so that no epoch would "
                "train architecture parameters: lower it."
            )
        for name in ("target", "penalty"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` must be positive, not {value}.")
        self._require_taken()
        for name, is_sound, words in (
            ("networks_per_step", self.networks_per_step >= 2, "at least 2"),
            ("reward_exponent", self.reward_exponent >= 0, "at least 0"),
            (
                "baseline_rate",
                0 < self.baseline_rate <= 1,
                "above 0 and at most 1",
            ),
        ):
            if not is_sound:
                raise ValueError(
                    f"`{name}` must be {words}, not {getattr(self, name)}."
                )

    def _require_taken(self) -> None:
        """Refuses what the gates do not take.

        Raises:
            ValueError: Naming it, its value and the gates that do.
        """
        is_rewarded = self.gates == "reinforce"
        refused = _OF_GRADIENTS if is_rewarded else _OF_REWARDS
        takers = "two or full" if is_rewarded else "reinforce"
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in refused and value != field.default:
                raise ValueError(
                    f"`{field.name}` is {value!r}, but `gates` {self.gates!r} "
                    f"does not take it, only {takers} does: leave it at "
                    f"{field.default!r}."
                )

    @property
    def coefficient(self) -> float:
        """Coefficient of the penalty."""
        if self.penalty is None:
            return _COEFFICIENTS[self.penalty_form]
        return self.penalty

    @property
    def evaluating(self) -> Evaluating:
        """How derived networks are evaluated."""
        return Evaluating(
            self.calibration_images, self.children_per_job, self.objective
        )
