"""The numbers of a search by DARTS."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.jobs import ArchitectureRule, EarlyStop, WeightRule
from nse_tf.methods.mixture_config import MixtureConfig
from nse_tf.methods.supernet_training import SupernetTraining

EARLY_STOPS = ("none", "hessian")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DartsConfig(MixtureConfig):
    """The numbers of a search by DARTS.

    The defaults are those of DARTS on CIFAR-10. More come from `MixtureConfig`,
    among them how the space is shrunk first, which DARTS does not.

    Attributes:
        order: 1 takes the gradient of the architecture parameters at the
            weights as they stand, 2 one step of the weights ahead.
        search_epochs: Epochs of the mixed supernet.
        learning_rates: Of its weights, at the start and the end of a cosine.
        architecture_rate: Learning rate of the architecture parameters.
        early_stop: `hessian` ends the search once its minimum becomes too
            sharp, and goes back; `none` never does.
        sharpness: When that is.
        extra_skip: Whether a skip is added to the mixture of every edge, times
            a share that falls from 1 in the first epoch to 0 in the last.

    Raises:
        ValueError: If a name is unknown or a number out of range.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055; Zela et al.,
        RobustDARTS (2020): https://arxiv.org/abs/1909.09656; Chu et al., DARTS-
        (2021): https://arxiv.org/abs/2009.01027.
    """

    order: int = 1
    search_epochs: int = 50
    learning_rates: tuple[float, float] = (0.025, 0.001)
    architecture_rate: float = 3e-4
    early_stop: str = "none"
    sharpness: EarlyStop = EarlyStop()  # noqa: RUF009 - frozen
    extra_skip: bool = False

    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "early_stop": EARLY_STOPS,
        **MixtureConfig.NAMES,
    }
    SEARCH: ClassVar[str] = "DARTS"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (1, 2):
            raise ValueError(f"`order` must be 1 or 2, not {self.order}.")
        if self.extra_skip and self.search_epochs < 2:
            raise ValueError(
                "`extra_skip` fades from the first epoch to the last, but "
                f"`search_epochs` is {self.search_epochs}: train 2 or more, or "
                "leave it out."
            )

    @property
    def training(self) -> SupernetTraining:
        """How the mixed supernet is trained."""
        stops = self.early_stop == "hessian"
        return SupernetTraining(
            learning_rates=self.learning_rates,
            schedule="cosine",
            seed=self.seed,
            weights=WeightRule(rule="mixed"),
            architecture=ArchitectureRule(
                rule="first_order" if self.order == 1 else "second_order",
                rate=self.architecture_rate,
                betas=self.architecture_betas,
                weight_decay=self.architecture_decay,
                early_stop=self.sharpness if stops else None,
                extra_skip=self.extra_skip,
            ),
        )
