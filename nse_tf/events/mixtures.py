"""Events of searches that mix all candidates and draw a network at the end."""

import dataclasses

from nse_tf.events.event import Event
from nse_tf.spaces.genotype import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class MixtureTrained(Event):
    """Architecture parameters were trained that mix all candidates.

    Attributes:
        architecture_losses: Mean loss of the parameters' steps of each epoch.
        active: The candidates that were mixed, block by block.
        history: Their probabilities after each epoch, block by block.
        cell_kinds: The kinds of cells, which `skip_shares` tells apart.
        skip_shares: For each epoch and kind of cell, the share of edges without
            computation in the network that would have been drawn.
        eigenvalues: After which epochs, from 0, the sharpness of the minimum
            was measured, and the dominant eigenvalue each time; None where it
            is not finite.
        kept_epoch: The epoch that the search went back to, where it stopped
            early.
        num_cells: How many cells the supernet had; None for all.
        cost: Name of the cost of `drawn_costs`.
        drawn_costs: That of the network that would have been drawn after each
            epoch, whatever the budget.
        limit: What the budget lets it be at most; None for no limit.
    """

    architecture_losses: tuple[float, ...]
    active: tuple[tuple[int, ...], ...]
    history: tuple[tuple[tuple[float, ...], ...], ...]
    cell_kinds: tuple[str, ...]
    skip_shares: tuple[tuple[float, ...], ...]
    eigenvalues: tuple[tuple[int, float | None], ...] = ()
    kept_epoch: int | None = None
    num_cells: int | None = None
    cost: str = "macs"
    drawn_costs: tuple[float, ...] = ()
    limit: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellDrawn(Event):
    """A network was drawn from the architecture parameters.

    Attributes:
        path: The candidate of each block.
        likeliest: The path that they speak for, whatever it costs.
        bend: By how much a candidate's probability counted less for each whole
            budget that it costs; 0 where the likeliest network fits, None where
            no such pressure led to one that does.
        costs: Costs by the cost model, by name.
        cell_kinds: The kinds of cells, which `skip_shares` tells apart.
        skip_shares: For each kind of cell, the share of edges without
            computation.
        collapsed: The kinds of cells that have collapsed: more than half of
            their edges compute nothing.
    """

    path: Path
    likeliest: Path
    bend: float | None
    costs: dict[str, float]
    cell_kinds: tuple[str, ...]
    skip_shares: tuple[float, ...]
    collapsed: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SkipsLimited(Event):
    """Cells were drawn of at most so many skip connections each.

    Attributes:
        cell_kind: The kind of cell whose skip connections count.
        chosen: Most of them in the network that is drawn within the budget.
        limits: Most of them in each network here.
        paths: The networks, whatever they cost.
        num_skips: How many skip connections such a cell has in each.
        genotypes: The networks as text.
    """

    cell_kind: str
    chosen: int
    limits: tuple[int, ...]
    paths: tuple[Path, ...]
    num_skips: tuple[int, ...]
    genotypes: tuple[str, ...]
