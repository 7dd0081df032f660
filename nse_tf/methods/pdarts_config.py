"""The numbers of a search by P-DARTS."""

import dataclasses
from typing import ClassVar

from nse_tf.jobs import ArchitectureRule, WeightRule
from nse_tf.methods.mixture_config import MixtureConfig
from nse_tf.methods.supernet_training import SupernetTraining
from nse_tf.spaces import CellSkeleton


@dataclasses.dataclass(frozen=True, kw_only=True)
class PDartsConfig(MixtureConfig):
    """The numbers of a search by P-DARTS.

    The defaults are those of its search on CIFAR-10, whose supernets have 5, 11
    and 17 cells. Here a stage has a share of the cells of the space, since
    what is drawn is evaluated, and trained, as a network of that many: for
    the published numbers take a space of 17 cells. More numbers come from
    `MixtureConfig`. Where shrinking comes first and drops anything, only the
    last stage follows, as ABS has it.

    Attributes:
        stage_shares: The share of the space's cells that the supernet of each
            stage has, rounded, the last one all; as many as there are stages.
        skip_dropouts: First rate of the dropout after skip connections, stage
            by stage.
        stage_epochs: Epochs of each stage.
        epochs_without: Epochs at the start of each stage that train the
            weights only.
        learning_rates: Of the weights, at the start and the end of a cosine.
        architecture_rate: Learning rate of the architecture parameters.
        architecture_clip: Longest gradient of the architecture parameters.
        max_skips: Most skip connections in the normal cell.

    Raises:
        ValueError: If a name is unknown or a number out of range.

    References:
        Chen et al., P-DARTS (2019): https://arxiv.org/abs/1904.12760; its code:
        https://github.com/chenxin061/pdarts, `train_search.py`. The rates of
        the dropout and the most skips are those of the paper; the code has the
        dropout off unless it is asked for.
    """

    stage_shares: tuple[float, ...] = (5 / 17, 11 / 17, 1.0)
    skip_dropouts: tuple[float, ...] = (0.0, 0.4, 0.7)
    stage_epochs: int = 25
    epochs_without: int = 10
    learning_rates: tuple[float, float] = (0.025, 0.0)
    architecture_rate: float = 6e-4
    architecture_clip: float = 5.0
    max_skips: int = 2

    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = (
        *MixtureConfig.MAY_BE_ZERO,
        "epochs_without",
        "max_skips",
    )
    SEARCH: ClassVar[str] = "P-DARTS"

    def __post_init__(self) -> None:
        super().__post_init__()
        shares, dropouts = self.stage_shares, self.skip_dropouts
        if len(shares) != len(dropouts):
            raise ValueError(
                f"`stage_shares` has {len(shares)} stages and `skip_dropouts` "
                f"{len(dropouts)}: give both as many."
            )
        is_rising = list(shares) == sorted(shares)
        if not shares or not is_rising or shares[0] <= 0 or shares[-1] != 1:
            raise ValueError(
                "`stage_shares` must rise from above 0 to 1, not "
                f"{shares}: the last stage has all cells."
            )
        if not all(0 <= rate < 1 for rate in dropouts):
            raise ValueError(
                "`skip_dropouts` must be at least 0 and below 1, not "
                f"{dropouts}."
            )
        if self.epochs_without >= self.stage_epochs:
            raise ValueError(
                f"`epochs_without` is {self.epochs_without}, but must be below "
                f"`stage_epochs`, {self.stage_epochs}, or no architecture "
                "parameters are trained."
            )
        if not self.architecture_clip > 0:
            raise ValueError(
                "`architecture_clip` must be above 0, not "
                f"{self.architecture_clip}."
            )

    def stages(self, was_shrunk: bool) -> range:
        """Returns the stages of a search: all, or the last alone.

        Args:
            was_shrunk: Whether shrinking dropped anything.
        """
        count = len(self.stage_shares)
        return range(count - 1 if was_shrunk else 0, count)

    def num_cells(self, skeleton: CellSkeleton, stage: int) -> int | None:
        """Returns how many cells a stage's supernet has; None for all.

        Args:
            skeleton: That of the space.
            stage: Which stage, counted from 0.
        """
        wanted = round(self.stage_shares[stage] * skeleton.num_cells)
        wanted = max(wanted, skeleton.LEAST_CELLS)
        return wanted if wanted < skeleton.num_cells else None

    def training(self, stage: int, seed: int) -> SupernetTraining:
        """Returns how the supernet of a stage is trained.

        Args:
            stage: Which stage, counted from 0.
            seed: Seed of its weights and parameters, and of all it draws.
        """
        return SupernetTraining(
            learning_rates=self.learning_rates,
            schedule="cosine",
            seed=seed,
            weights=WeightRule(
                rule="mixed", skip_dropout=self.skip_dropouts[stage]
            ),
            architecture=ArchitectureRule(
                rule="first_order",
                rate=self.architecture_rate,
                betas=self.architecture_betas,
                weight_decay=self.architecture_decay,
                epochs_without=self.epochs_without,
                clip_norm=self.architecture_clip,
            ),
        )
