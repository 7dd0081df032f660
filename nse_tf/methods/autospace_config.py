"""The numbers of a search in which the cells of a space evolve."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nse_tf.costs import base_cost

FITNESSES = ("alpha", "loss", "angle", "distance")
REFERENCES = ("none", "path", "yardstick")
CELL_STARTS = ("fresh", "inherited")
TARGET_COSTS = ("macs", "params", "latency_ms")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoSpaceConfig:
    """The numbers of a search in which the cells of a space evolve.

    None of the paper's constants is known. The defaults are ours, sized for
    small images on two cores: what did best in simulation on NAS-Bench-201.

    Attributes:
        fitness: What a round says of a cell: `alpha` is its architecture
            parameter, which weighs its output, as in the paper; `loss` the
            validation loss with it alone in its block, better if lower; `angle`
            by how much its kernels, each of length one, turned in the round,
            all in all; `distance` how far its outputs are from those of the
            reference on validation images, better if nearer.
        reference: What an inverted residual of kernel 3 and expansion 6 does in
            a slot of its own: `none` leaves it out; with `path` it is trained
            beside, and cells are measured against the mean of all slots; with
            `yardstick` they are measured against it alone.
        cell_start: What weights cells begin a round with: `inherited`, their
            own of earlier rounds or, if new, those of their parent; or `fresh`,
            drawn for every round, in which the rate then falls all the way.
            Trained kernels turn less than fresh ones, so that angles compare
            cells only if all are fresh.
        group_depth: How many neighboring blocks share a population, as in the
            published space.
        population: Cells of a group.
        slots: Cells of a group that a round tests.
        mutation_share: Share of these that are new.
        tournament: How many members the parent of a new one is the best of.
        momentum: Share of the former fitness in the new one.
        max_rounds: How many rounds there are.
        round_epochs: Epochs of a round. Shares are learned in the second half
            of them, from equal ones on, so that weights come first.
        learning_rates: Of the weights, at the start and end of all rounds.
        architecture_rate: Adam's learning rate of the shares.
        architecture_betas: Adam's decay of means there.
        loss_images: Validation images that a loss or a distance is measured on.
        cost: What is aimed at: `macs`, `params` or `latency_ms`.
        target: What networks are expected to have of it; None takes the
            budget's limit, divided by `slack`, or aims at nothing.
        slack: See `target`: networks that are drawn later are to fit the limit
            without being the cheapest.
        penalty: Loss at twice the target; it grows with the square.
        max_cost: Most that a cell may cost, as a multiple of the share of the
            target that falls to its group.
        num_evolved: Cells of each group in the learned space, besides the
            three references of the published one.
        least_visits: Visits from which on a fitness counts.
        seed: Seed of everything drawn.

    Raises:
        ValueError: If a name is unknown or a number out of range.

    References:
        Zhou et al., AutoSpace (2021), abstract and figures:
        https://arxiv.org/abs/2103.11833. Its text was not found, so what is
        said of the paper here is what these show.
    """

    fitness: str = "alpha"
    reference: str = "path"
    cell_start: str = "inherited"
    group_depth: int = 2
    population: int = 12
    slots: int = 3
    mutation_share: float = 2 / 3
    tournament: int = 3
    momentum: float = 0.5
    max_rounds: int = 20
    round_epochs: int = 2
    learning_rates: tuple[float, float] = (0.1, 0.001)
    architecture_rate: float = 0.02
    architecture_betas: tuple[float, float] = (0.5, 0.999)
    loss_images: int = 256
    cost: str = "macs"
    target: float | None = None
    slack: float = 1.17
    penalty: float = 0.9
    max_cost: float = 2.0
    num_evolved: int = 6
    least_visits: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (
            ("fitness", FITNESSES),
            ("reference", REFERENCES),
            ("cell_start", CELL_STARTS),
            ("cost", TARGET_COSTS),
        ):
            if base_cost(getattr(self, name)) not in known:
                raise ValueError(
                    f"`{name}` must be one of {', '.join(map(repr, known))}, "
                    f"not {getattr(self, name)!r}."
                )
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ValueError(
                    f"`{name}` must be at least {least}, not {value}."
                )
        if (self.fitness, self.reference) == ("distance", "none"):
            raise ValueError(
                "`fitness` 'distance' compares with the outputs of the "
                "reference: `reference` must be 'path' or 'yardstick', not "
                "'none'."
            )
        self._require_population()
        for name, most in (("mutation_share", 1.0), ("momentum", 0.99)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(
                    f"`{name}` must be at least 0 and at most {most}, not "
                    f"{getattr(self, name)}."
                )

    def _require_population(self) -> None:
        """Refuses a population that cannot do what it is for.

        Raises:
            ValueError: If it cannot.
        """
        for name, what in (
            ("slots", "of which a round tests as many"),
            ("num_evolved", "of which as many make up the learned space"),
            ("tournament", "of which as many enter a tournament"),
        ):
            if self.population < getattr(self, name):
                raise ValueError(
                    f"`population` is {self.population}, smaller than `{name}` "
                    f"{getattr(self, name)}: it must have at least those "
                    f"cells, {what}."
                )

    @property
    def num_mutants(self) -> int:
        """How many of the cells that a round tests are new."""
        return round(self.mutation_share * self.slots)

    def images_of(self, fitness: str) -> int:
        """Returns how many images a fitness is measured on, if it is ours."""
        return self.loss_images if self.fitness == fitness else 0

    @property
    def epochs_without(self) -> int:
        """Epochs at the start of a round that train the weights only."""
        return self.round_epochs // 2

    def replaced(self, changes: Mapping[str, Any]) -> "AutoSpaceConfig":
        """Returns the numbers with those changed that belong to them."""
        names = {field.name for field in dataclasses.fields(self)}
        return dataclasses.replace(
            self,
            **{name: value for name, value in changes.items() if name in names},
        )


_LEAST: dict[str, float] = {
    "group_depth": 1,
    "population": 2,
    "slots": 1,
    "tournament": 1,
    "max_rounds": 1,
    "round_epochs": 1,
    "loss_images": 1,
    "num_evolved": 1,
    "least_visits": 0,
    "penalty": 0,
    "target": 0,
    "slack": 1,
    "max_cost": 1,
    "architecture_rate": 0,
    "seed": 0,
}
