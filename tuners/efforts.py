"""How much a search does: from minutes on a laptop to the paper's numbers."""

import dataclasses
from collections.abc import Collection
from typing import TypeVar

from nse_tf.costs import Budget, base_cost
from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import (
    AutoSpaceConfig,
    DartsConfig,
    OneShotConfig,
    PDartsConfig,
    ProxylessNASConfig,
    SpaceEvolutionConfig,
)
from nse_tf.methods.shrinking_steps import Shrinking
from nse_tf.shrinking import ANGLE_SCORES, ShrinkSchedule
from nse_tf.spaces import SearchSpace
from nse_tf.training import (
    DARTS_RECIPE,
    NB201_RECIPE,
    ChildRecipe,
    SupernetRecipe,
)
from nse_tf.tuners.effort_steps import EpochFactors, in_steps

Mixture = TypeVar("Mixture", DartsConfig, PDartsConfig)

# Images that epochs were chosen on, without those to validate on.
_DIGITS, _CIFAR10 = 1_150, 45_000

# Costs that a search may have as its target; the first one that the budget
# limits is taken.
_TARGET_COSTS = ("macs", "latency_ms", "params")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Effort:
    """All numbers of a search that say how long it takes.

    Attributes:
        summary: What data and hardware it suits, in one line.
        search: Numbers of a search on shared weights.
        supernet: How shared weights are trained.
        child: How a child is trained alone.
        evolution: Numbers of a search whose space evolves.
        proxylessnas: Numbers of a ProxylessNAS search; how the space is shrunk
            before is left to `search`.
        darts: Numbers of a search by DARTS that no other search has.
        pdarts: Numbers of a search by P-DARTS that no other search has.
        cells: Numbers of a search in which cells evolve.
        images: Training images that its epochs were chosen on; None for
            epochs as published, whatever the images.
    """

    summary: str
    search: OneShotConfig
    supernet: SupernetRecipe
    child: ChildRecipe
    evolution: SpaceEvolutionConfig
    proxylessnas: ProxylessNASConfig
    darts: DartsConfig = DartsConfig()  # noqa: RUF009 - frozen
    pdarts: PDartsConfig = PDartsConfig()  # noqa: RUF009 - frozen
    cells: AutoSpaceConfig = AutoSpaceConfig()  # noqa: RUF009 - frozen
    images: int | None = None

    def for_images(self, num_images: int) -> "Effort":
        """Returns the effort with as many steps on so many training images.

        Its epochs are those of `images`; see `effort_steps`.

        Args:
            num_images: Training images without those to validate on.

        Raises:
            ValueError: If there is none.
        """
        if num_images < 1:
            raise ValueError(
                f"`num_images` must be at least 1, not {num_images}."
            )
        if self.images is None:
            return self
        factors = EpochFactors.between(
            self.images,
            num_images,
            self.supernet.batch_size,
            self.search.child_epochs,
        )
        fitted = in_steps(self, factors)
        alone = EpochFactors(factors.alone, factors.alone)
        return dataclasses.replace(fitted, child=in_steps(self.child, alone))

    @property
    def mixture(self) -> DartsConfig:
        """Numbers of a search by DARTS: its own and those of `search`."""
        return self._with_shared(self.darts)

    @property
    def progressive_mixture(self) -> PDartsConfig:
        """Numbers of a search by P-DARTS: its own and those of `search`."""
        return self._with_shared(self.pdarts)

    def _with_shared(self, numbers: Mixture) -> Mixture:
        """Returns numbers with those that `search` has, too."""
        own = ("search_epochs", "learning_rates", "num_rank_checks")
        shared = {
            field.name: getattr(self.search, field.name)
            for field in dataclasses.fields(numbers)
            if hasattr(self.search, field.name) and field.name not in own
        }
        return dataclasses.replace(
            numbers,
            **shared,
            shrink_learning_rates=self.search.learning_rates,
        )

    @property
    def mixed_supernet(self) -> SupernetRecipe:
        """How weights are trained that are mixed, as DARTS trains them."""
        return dataclasses.replace(
            DARTS_RECIPE,
            batch_size=self.supernet.batch_size,
            augmentation=self.supernet.augmentation,
        )

    def fitted_to(
        self, space: SearchSpace, fixed: Collection[str] = ()
    ) -> "Effort":
        """Returns the effort as it suits a kind of space.

        A tabular benchmark has so few cells that each gets its angle, and its
        supernet is trained as ABS trains it.

        Args:
            space: What is searched.
            fixed: Fields of `search` that the user has set and that stay.
        """
        if not space.skeleton.is_tabular:
            return self
        search = self.search
        is_set = "children_per_operator" in fixed
        if search.score in ANGLE_SCORES and not is_set:
            search = dataclasses.replace(search, children_per_operator=None)
        return dataclasses.replace(
            self,
            search=search,
            supernet=dataclasses.replace(
                NB201_RECIPE,
                batch_size=self.supernet.batch_size,
                augmentation=self.supernet.augmentation,
            ),
        )

    def evolution_within(self, budget: Budget) -> SpaceEvolutionConfig:
        """Returns `evolution` with a cost that the budget limits as target."""
        cost = _limited_cost(budget, self.evolution.cost)
        return dataclasses.replace(self.evolution, cost=cost)

    def proxylessnas_within(self, budget: Budget) -> ProxylessNASConfig:
        """Returns `proxylessnas` with a cost that the budget limits."""
        cost = _limited_cost(budget, self.proxylessnas.cost)
        return dataclasses.replace(self.proxylessnas, cost=cost)

    def cells_within(self, budget: Budget) -> AutoSpaceConfig:
        """Returns `cells` with a cost that the budget limits as target."""
        cost = _limited_cost(budget, self.cells.cost)
        return dataclasses.replace(self.cells, cost=cost)

    def shrunk_first(self, numbers: ProxylessNASConfig) -> ProxylessNASConfig:
        """Returns numbers with the shrinking that `search` begins with."""
        schedule = self.search.shrinking
        if schedule is None:
            return numbers
        shrinking = Shrinking(
            schedule=schedule,
            scoring=self.search.scoring,
            training=self.search.training,
            least_left=numbers.num_derived,
        )
        return dataclasses.replace(numbers, shrinking=shrinking)


def _limited_cost(budget: Budget, otherwise: str) -> str:
    """Returns the cost that a budget limits first, if it limits one.

    Of latencies on several devices it is that on the first.
    """
    limited = [
        name
        for kind in _TARGET_COSTS
        for name in budget.limits
        if base_cost(name) == kind
    ]
    return (limited or [otherwise])[0]


EFFORTS = {
    "demo": Effort(
        summary="the embedded digits, to see a search run: a minute or two",
        search=OneShotConfig(
            exploring=ExplorerConfig(num_children=40, population=20),
            shrinking=ShrinkSchedule(
                first_epochs=8, other_epochs=2, stop_size=10**6
            ),
            search_epochs=10,
            learning_rates=(0.1, 0.001),
            calibration_images=512,
            child_epochs=15,
        ),
        supernet=SupernetRecipe(),
        child=ChildRecipe(),
        evolution=SpaceEvolutionConfig(
            num_active=3,
            max_rounds=2,
            round_epochs=2,
            learning_rates=(0.02, 0.1),
            num_proposals=12,
            num_extra=2,
            calibration_images=512,
            child_epochs=15,
        ),
        proxylessnas=ProxylessNASConfig(
            warmup_epochs=4,
            search_epochs=8,
            warmup_learning_rate=0.1,
            learning_rate=0.05,
            architecture_every=1,
            architecture_rate=0.02,
            calibration_images=512,
            child_epochs=15,
        ),
        darts=DartsConfig(search_epochs=5),
        pdarts=PDartsConfig(stage_epochs=3, epochs_without=1),
        cells=AutoSpaceConfig(max_rounds=6, population=8),
        images=_DIGITS,
    ),
    "quick": Effort(
        summary="a few thousand small images: minutes on two cores",
        search=OneShotConfig(
            exploring=ExplorerConfig(num_children=300, population=50),
            shrinking=ShrinkSchedule(
                stop_size=100_000,
                first_epochs=25,
                other_epochs=4,
                total_epochs=50,
            ),
            search_epochs=45,
            learning_rates=(0.1, 0.001),
            calibration_images=512,
            child_epochs=100,
            num_rank_checks=8,
            rank_check_epochs=12,
        ),
        supernet=SupernetRecipe(batch_size=32, label_smoothing=0.0),
        child=ChildRecipe(batch_size=32, learning_rate=0.05, weight_decay=3e-4),
        evolution=SpaceEvolutionConfig(
            num_active=5,
            round_epochs=20,
            learning_rates=(0.02, 0.1),
            warmup_epochs=1.0,
            architecture_rate=0.02,
            num_proposals=100,
            num_extra=10,
            calibration_images=512,
            child_epochs=100,
            num_rank_checks=8,
            rank_check_epochs=12,
        ),
        proxylessnas=ProxylessNASConfig(
            warmup_epochs=12,
            search_epochs=36,
            warmup_learning_rate=0.1,
            learning_rate=0.05,
            architecture_every=2,
            architecture_rate=0.01,
            calibration_images=512,
            child_epochs=100,
        ),
        darts=DartsConfig(search_epochs=20),
        pdarts=PDartsConfig(stage_epochs=10, epochs_without=4),
        images=_DIGITS,
    ),
    "laptop": Effort(
        summary="ten thousand images and more of 32 to 96 pixels: hours",
        search=OneShotConfig(
            exploring=ExplorerConfig(num_children=200, population=50),
            shrinking=ShrinkSchedule(
                first_epochs=8, other_epochs=1, total_epochs=16
            ),
            search_epochs=10,
            learning_rates=(0.1, 0.001),
            calibration_images=2_000,
            child_epochs=40,
            num_rank_checks=8,
            rank_check_epochs=8,
        ),
        supernet=SupernetRecipe(batch_size=128, label_smoothing=0.0),
        child=ChildRecipe(batch_size=128, learning_rate=0.2, weight_decay=1e-4),
        evolution=SpaceEvolutionConfig(
            num_active=5,
            round_epochs=4,
            learning_rates=(0.02, 0.1),
            warmup_epochs=0.5,
            architecture_rate=0.01,
            num_proposals=60,
            num_extra=6,
            calibration_images=2_000,
            child_epochs=40,
            num_rank_checks=8,
            rank_check_epochs=8,
        ),
        proxylessnas=ProxylessNASConfig(
            warmup_epochs=3,
            search_epochs=9,
            warmup_learning_rate=0.1,
            learning_rate=0.05,
            architecture_every=3,
            architecture_rate=5e-3,
            calibration_images=2_000,
            child_epochs=40,
        ),
        cells=AutoSpaceConfig(round_epochs=1, architecture_rate=0.01),
        darts=DartsConfig(search_epochs=10),
        pdarts=PDartsConfig(stage_epochs=5, epochs_without=2),
        images=_CIFAR10,
    ),
    "paper": Effort(
        summary="SPOS after ABS as published for ImageNet: many GPUs",
        search=OneShotConfig(),
        supernet=SupernetRecipe(batch_size=512, nesterov=False),
        child=ChildRecipe(
            batch_size=1024,
            learning_rate=0.5,
            warmup_epochs=0.0,
            nesterov=False,
            weight_decay=4e-5,
            dropout=0.2,
        ),
        evolution=SpaceEvolutionConfig(),
        proxylessnas=ProxylessNASConfig(),
    ),
}


def effort_named(name: str) -> Effort:
    """Returns the effort of a name.

    Raises:
        ValueError: If there is none; lists those that there are.
    """
    if name not in EFFORTS:
        raise ValueError(
            f"`effort` {name!r} is unknown: choose one of {', '.join(EFFORTS)}."
        )
    return EFFORTS[name]


def effort_for(num_images: int, image_size: tuple[int, int]) -> str:
    """Returns the name of the effort that suits a data set."""
    return (
        "quick"
        if num_images * image_size[0] * image_size[1] < 2e6
        else "laptop"
    )
