"""Budgets: does it fit, and bounded sampling of what fits."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from nse_tf.costs.cost_names import (
    COSTS,
    MEASURED,
    MICRO,
    as_number,
    base_cost,
    in_words,
    latency_on,
)
from nse_tf.costs.models import CostModel
from nse_tf.spaces import SearchSpace

MAX_REPAIR_ROUNDS = 10

PathSampler = Callable[[SearchSpace, np.random.Generator, int], np.ndarray]


class BudgetError(ValueError):
    """No network that was tried fits the budget."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits on what a network may cost; None means no limit.

    Attributes:
        macs: Upper limit of multiply-accumulates.
        params: Upper limit of trainable numbers.
        latency_ms: Upper limit of the median latency, in milliseconds; or one
            for each of several devices, by the name in its table.
        size_bytes: Upper limit of the `.tflite` file's size.
        ram_bytes: Upper limit of the tensor arena of the int8 file under
            TensorFlow Lite Micro.
        flash_bytes: Upper limit of the int8 file's size.
        min_macs: Lower limit of multiply-accumulates.
        min_latency_ms: Lower limit of the median latency, in milliseconds.

    Raises:
        ValueError: If a limit is not positive, or `min_latency_ms` is given
            with the limits of several devices.
    """

    macs: float | None = None
    params: float | None = None
    latency_ms: float | Mapping[str, float] | None = None
    size_bytes: float | None = None
    ram_bytes: float | None = None
    flash_bytes: float | None = None
    min_macs: float | None = None
    min_latency_ms: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.latency_ms, Mapping):
            # A copy, and one that becomes JSON.
            object.__setattr__(self, "latency_ms", dict(self.latency_ms))
        if isinstance(self.latency_ms, Mapping) and self.min_latency_ms:
            raise ValueError(
                f"`min_latency_ms` {self.min_latency_ms} is for one device, "
                f"but `latency_ms` limits {', '.join(self.latency_ms)}: leave "
                "it out, or search for one of them."
            )
        floors = {f"min_{name}": least for name, least in self.floors.items()}
        for name, value in {**self.limits, **floors}.items():
            if not value > 0:
                raise ValueError(
                    f"`{name}` of a budget must be positive, not {value}; "
                    "leave it out for no limit."
                )

    def __str__(self) -> str:
        terms = [f"at most {in_words(*each)}" for each in self.limits.items()]
        terms += [f"at least {in_words(*each)}" for each in self.floors.items()]
        return " and ".join(terms) or "no limit"

    @property
    def limits(self) -> dict[str, float]:
        """The upper limits that are set."""
        values: dict[str, float | None] = {}
        for name in COSTS:
            value = getattr(self, name)
            if isinstance(value, Mapping):
                values |= {latency_on(each): ms for each, ms in value.items()}
            else:
                values[name] = value
        return {
            name: value for name, value in values.items() if value is not None
        }

    @property
    def floors(self) -> dict[str, float]:
        """The lower limits that are set, by cost."""
        values = {"macs": self.min_macs, "latency_ms": self.min_latency_ms}
        return {
            name: value for name, value in values.items() if value is not None
        }

    def to_json(self) -> dict[str, float | None]:
        """Returns all fields and limits, None for no limit."""
        fields = dataclasses.asdict(self)
        if isinstance(self.latency_ms, Mapping):
            fields["latency_ms"] = None
        return {**fields, **self.limits}

    @property
    def needs_table(self) -> bool:
        """Whether a limit is on a cost that must be measured."""
        return any(
            base_cost(name) in MEASURED for name in (*self.limits, *self.floors)
        )

    @property
    def needs_memory(self) -> bool:
        """Whether a limit is on RAM or flash of a microcontroller."""
        return any(name in self.limits for name in MICRO)

    def limited_to(self, *kinds: str) -> "Budget":
        """Returns a budget of no other limits than those of some costs.

        Args:
            *kinds: Names in `COSTS`.
        """
        return Budget(**{name: getattr(self, name) for name in kinds})

    def excess(self, costs: Mapping[str, float]) -> float:
        """Returns the largest share by which a limit is exceeded, or 0."""
        over = [costs[name] / limit - 1 for name, limit in self.limits.items()]
        over += [1 - costs[name] / least for name, least in self.floors.items()]
        return max([0.0, *over])

    def fits(self, costs: Mapping[str, float]) -> bool:
        """Whether all limits are kept."""
        # Exact, as `excess` is no less than the 0.0 that it begins with.
        return self.excess(costs) == 0.0

    def path_excess(self, model: CostModel, paths: np.ndarray) -> np.ndarray:
        """Returns `excess` for many single paths `(count, num_blocks)`."""
        worst = np.zeros(len(paths))
        for name, limit in self.limits.items():
            np.maximum(
                worst, model.path_costs(name, paths) / limit - 1, out=worst
            )
        for name, least in self.floors.items():
            low = 1 - model.path_costs(name, paths) / least
            np.maximum(worst, low, out=worst)
        return worst

    def path_distance(self, model: CostModel, paths: np.ndarray) -> np.ndarray:
        """Returns how far single paths are from the budget, 0 within it.

        As `path_excess`, but where RAM is exceeded it falls with every block
        that is improved: the largest need may be that of several.
        """
        if self.ram_bytes is None:
            return self.path_excess(model, paths)
        others = dataclasses.replace(self, ram_bytes=None)
        farthest = others.path_excess(model, paths)
        over = model.memory.overflow(self.ram_bytes, paths)
        np.maximum(farthest, over, out=farthest)
        return farthest

    def check_reachable(self, model: CostModel) -> None:
        """Refuses a budget that no network of the space can meet.

        Raises:
            BudgetError: If a limit lies outside the range of its cost; names
                the lowest and the highest cost in the space.
        """
        for name, limit in self.limits.items():
            low, high = model.range(name)
            if limit < low:
                raise BudgetError(
                    f"No network of space {model.priced.name!r} costs at most "
                    f"{in_words(name, limit)}: the cheapest costs "
                    f"{as_number(low)}, the most expensive "
                    f"{as_number(high)}."
                )
        for name, least in self.floors.items():
            low, high = model.range(name)
            ceiling = min(high, self.limits.get(name, high))
            if least > ceiling:
                raise BudgetError(
                    f"No network of space {model.priced.name!r} costs between "
                    f"{as_number(least)} and {in_words(name, ceiling)}: the "
                    f"cheapest costs {as_number(low)}, the most expensive "
                    f"{as_number(high)}."
                )


def draw_uniform(
    space: SearchSpace, rng: np.random.Generator, count: int
) -> np.ndarray:
    """Returns uniformly drawn valid paths; the plain `PathSampler`."""
    return space.sample_valid(rng, count)


def sample_within(
    model: CostModel,
    budget: Budget,
    rng: np.random.Generator,
    count: int,
    *,
    draw: PathSampler = draw_uniform,
    max_draws: int = 200_000,
) -> np.ndarray:
    """Returns single paths `(count, num_blocks)` that fit the budget.

    Paths are drawn and those that do not fit are rejected, so the others keep
    the distribution of `draw`. Where almost nothing fits, the rest are drawn
    paths that are repaired: random blocks are changed towards the budget until
    the path fits. Such paths lean towards the budget's edge. Where that fails
    too, the few that were found are repeated.

    Raises:
        BudgetError: If none is found; names the costs of the closest.
    """
    kept = [np.empty((0, len(model.space.blocks)), np.int64)]
    num_kept = num_drawn = 0
    closest, closest_excess = None, np.inf
    lot = max(256, min(4 * count, 20_000))
    while num_kept < count and num_drawn < max_draws:
        paths = draw(model.space, rng, lot)
        num_drawn += len(paths)
        # Few of the lot before fitted, if there is another; the bound is for
        # memory.
        lot = min(2 * lot, 20_000)
        excess = budget.path_excess(model, paths)
        if excess.min() < closest_excess:
            closest, closest_excess = paths[excess.argmin()], excess.min()
        kept.append(paths[excess == 0.0])
        num_kept += len(kept[-1])
    for _ in range(MAX_REPAIR_ROUNDS):
        if num_kept >= count:
            break
        starts = draw(model.space, rng, max(64, count - num_kept))
        paths, excess = _repaired(model, budget, rng, starts)
        if excess.min() < closest_excess:
            closest, closest_excess = paths[excess.argmin()], excess.min()
        kept.append(paths[excess == 0.0])
        num_kept += len(kept[-1])
    found = np.concatenate(kept)[:count]
    if count > 0 and len(found) == 0:
        raise BudgetError(
            f"Nothing found in space {model.priced.name!r} has {budget}; the "
            f"closest network found costs {_described(model, closest)}."
        )
    # `or 1` serves a count of 0, which asks for no number.
    repeated = rng.integers(len(found) or 1, size=count - len(found))
    return np.concatenate([found, found[repeated]])


def _repaired(
    model: CostModel,
    budget: Budget,
    rng: np.random.Generator,
    paths: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns paths nearer to the budget, and the excess that each still has.

    Each path visits its blocks in its own random order, four times. In the
    first two rounds a block takes a random candidate among those that reduce
    the excess, which keeps the paths unlike each other; in the last two, the
    one that reduces it most. In DARTS's cells edges that are left out stay so,
    and no others are left out, so that the paths stay valid.
    """
    paths = paths.copy()
    left = budget.path_distance(model, paths)
    count, num_blocks = paths.shape
    candidates = np.arange(model.space.max_candidates)
    is_inactive = np.array(
        [[c not in active for c in candidates] for active in model.space.active]
    )
    leaves_out = np.zeros_like(is_inactive)
    for node in model.space.nodes:
        for block, none in zip(node.blocks, node.none, strict=True):
            leaves_out[block] = candidates == none
    for is_greedy in (False, False, True, True):
        orders = np.tile(np.arange(num_blocks), (count, 1))
        for blocks in rng.permuted(orders, axis=1).T:
            todo = np.flatnonzero(left > 0)
            if len(todo) == 0:
                return paths, left
            # All paths at once: each offers every candidate of its own block.
            at = blocks[todo]
            offers = np.repeat(paths[todo, None], len(candidates), axis=1)
            # What is not active, or not even there, is the path itself.
            offers[np.arange(len(todo)), :, at] = np.where(
                is_inactive[at], paths[todo, at, np.newaxis], candidates
            )
            excess = budget.path_distance(model, offers.reshape(-1, num_blocks))
            excess = excess.reshape(len(todo), -1)
            excess[is_inactive[at]] = np.inf
            is_left_out = leaves_out[at, paths[todo, at]]
            # Opening or leaving out an edge would change how many inputs its
            # node has.
            excess[leaves_out[at] != is_left_out[:, None]] = np.inf
            order = excess if is_greedy else rng.random(excess.shape)
            is_nearer = excess < left[todo, None]
            pick = np.where(is_nearer, order, np.inf).argmin(axis=1)
            # In other rows all is infinite, and `pick` means nothing.
            rows = np.flatnonzero(is_nearer.any(axis=1))
            paths[todo[rows]] = offers[rows, pick[rows]]
            left[todo[rows]] = excess[rows, pick[rows]]
    return paths, left


def _described(model: CostModel, path: np.ndarray | None) -> str:
    if path is None:
        return "unknown"
    costs = model.costs(model.space.genotype(path.tolist()))
    return ", ".join(in_words(*each) for each in costs.items())
