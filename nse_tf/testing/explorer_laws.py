"""Laws of explorers: what a search relies on, whatever they look for."""

import dataclasses
import functools
import itertools
from collections.abc import Callable

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.evolution import Exploration, Explorer, ExplorerConfig
from nse_tf.spaces import SearchSpace

MakeExplorer = Callable[[Exploration], Explorer]

# Neither the population nor the batch divides the number of children.
CONFIG = ExplorerConfig(
    num_children=107, population=20, num_parents=5, tournament=4, batch=6
)


def evaluates_exactly_as_many_as_asked(
    make: MakeExplorer, model: CostModel
) -> None:
    """`num_children` paths are evaluated, neither more nor fewer.

    Args:
        make: Returns the explorer of an exploration.
        model: Cost model of any single-path space with some thousand
            networks, of which a few hundred lie in the lower 0.6 of its range
            of MACs.

    Raises:
        AssertionError: If the law is broken.
    """
    for num_children in (1, 19, 107):
        found = _evaluated(make, model, num_children=num_children)
        if len(found) != num_children:
            raise AssertionError(
                f"Of {num_children} children {len(found)} were evaluated."
            )


def evaluates_no_path_twice(make: MakeExplorer, model: CostModel) -> None:
    """All paths are distinct.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    paths = [tuple(path) for path in _evaluated(make, model).tolist()]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice:
        raise AssertionError(f"Judged more than once: {sorted(twice)}.")


def stays_in_the_space(make: MakeExplorer, model: CostModel) -> None:
    """Paths have active candidates only, also where the space was shrunk.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    space = model.space.restrict(
        [indices[1:] or indices for indices in model.space.active]
    )
    for path in _evaluated(make, CostModel(space, model.table)).tolist():
        unknown = [
            (block, index)
            for block, index in enumerate(path)
            if index not in space.encodable[block]
        ]
        if unknown:
            raise AssertionError(
                f"The path {path} has the (block, candidate) pairs {unknown}, "
                "which the space does not hold."
            )


def stays_within_the_budget(make: MakeExplorer, model: CostModel) -> None:
    """Every path fits, also where almost none does.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    for share in (0.6, 0.1):
        budget = _budget(model, share)
        paths = _evaluated(make, model, budget=budget)
        excess = budget.path_excess(model, paths)
        if len(paths) == 0 or (excess > 0).any():
            raise AssertionError(
                f"Within {budget}, {len(paths)} paths were evaluated, of which "
                f"{(excess > 0).sum()} do not fit."
            )


def keeps_the_rule_of_two_inputs(make: MakeExplorer, model: CostModel) -> None:
    """Every inner node of DARTS's cells takes two inputs, also once shrunk.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    space = model.space
    shrunk = space.restrict([indices[-2:] for indices in space.active])
    for each in (space, shrunk):
        paths = _evaluated(make, CostModel(each, model.table))
        if not each.is_valid(paths).all():
            raise AssertionError(
                f"Of {len(paths)} paths {(~each.is_valid(paths)).sum()} have "
                "nodes with more or fewer than two inputs: draw by "
                "`sample_valid`, and pass what you change to `repaired`."
            )


def equal_seeds_give_equal_paths(make: MakeExplorer, model: CostModel) -> None:
    """The same exploration from a generator of the same seed is the same.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    if not np.array_equal(_evaluated(make, model), _evaluated(make, model)):
        raise AssertionError(
            "Two explorations of one seed evaluated different paths: take all "
            "chance from the exploration's `rng`."
        )


def other_seeds_give_other_paths(make: MakeExplorer, model: CostModel) -> None:
    """Paths follow the exploration's generator.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    if np.array_equal(_evaluated(make, model), _evaluated(make, model, seed=1)):
        raise AssertionError(
            "Explorations of seeds 0 and 1 evaluated the same paths: take "
            "chance from the exploration's `rng`."
        )


def an_exhausted_space_ends_it(make: MakeExplorer, model: CostModel) -> None:
    """A space with fewer paths than asked for is evaluated whole; then it ends.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    space = model.space
    while space.num_valid > 24 and max(len(each) for each in space.active) > 1:
        widest = max(
            range(len(space.active)), key=lambda i: len(space.active[i])
        )
        space = space.without([(widest, space.active[widest][0])])
    single = space.restrict([indices[:1] for indices in space.active])
    for small in (space, single):
        small_model = CostModel(small, model.table)
        budget = _budget(small_model, 0.6)
        every = _valid(small)
        fitting = every[budget.path_excess(small_model, every) == 0]
        found = _evaluated(
            make, small_model, num_children=len(fitting) + 9, budget=budget
        )
        if sorted(found.tolist()) != sorted(fitting.tolist()):
            raise AssertionError(
                f"Of a space with {len(fitting)} paths within the budget, "
                f"{len(found)} were evaluated."
            )


def an_impossible_budget_is_refused(
    make: MakeExplorer, model: CostModel
) -> None:
    """A `BudgetError` says so; nothing is evaluated, nothing runs on.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    low, _ = model.range("macs")
    try:
        found = _evaluated(make, model, budget=Budget(macs=low - 1))
    except BudgetError:
        return
    raise AssertionError(
        f"No network is so cheap, yet {len(found)} were evaluated and no "
        "`BudgetError` was raised."
    )


def continues_without_fitness(make: MakeExplorer, model: CostModel) -> None:
    """Children of which none could be evaluated do not end it.

    See `evaluates_exactly_as_many_as_asked` for arguments and errors.
    """
    for unknown in (-np.inf, np.nan):
        found = _evaluated(
            make, model, evaluate=functools.partial(_alike, unknown)
        )
        if len(found) != CONFIG.num_children:
            raise AssertionError(
                f"With a fitness of {unknown} throughout, {len(found)} of "
                f"{CONFIG.num_children} children were evaluated."
            )


EXPLORER_LAWS = (
    evaluates_exactly_as_many_as_asked,
    evaluates_no_path_twice,
    stays_in_the_space,
    stays_within_the_budget,
    keeps_the_rule_of_two_inputs,
    equal_seeds_give_equal_paths,
    other_seeds_give_other_paths,
    an_exhausted_space_ends_it,
    an_impossible_budget_is_refused,
    continues_without_fitness,
)


def _valid(space: SearchSpace) -> np.ndarray:
    """Returns all valid paths of a small space."""
    rows = [range(len(choice.rows)) for choice in space.joint_decisions]
    return space.of_rows(np.array(list(itertools.product(*rows))))


def _budget(model: CostModel, share: float) -> Budget:
    """Returns a limit at a share of the range of MACs."""
    low, high = model.range("macs")
    return Budget(macs=low + share * (high - low))


def _merit(paths: np.ndarray) -> np.ndarray:
    """Returns an additive fitness."""
    merit: np.ndarray = np.cos(7 * paths + np.arange(paths.shape[1])).sum(1)
    return merit


def _alike(fitness: float, paths: np.ndarray) -> np.ndarray:
    return np.full(len(paths), fitness)


def _evaluated(
    make: MakeExplorer,
    model: CostModel,
    seed: int = 0,
    num_children: int = CONFIG.num_children,
    budget: Budget | None = None,
    evaluate: Callable[[np.ndarray], np.ndarray] = _merit,
) -> np.ndarray:
    """Returns all paths that an exploration yields, in order."""
    config = dataclasses.replace(CONFIG, num_children=num_children)
    budget = _budget(model, 0.6) if budget is None else budget
    explorer = make(
        Exploration(
            model=model,
            budget=budget,
            config=config,
            rng=np.random.default_rng(seed),
        )
    )
    found = [np.empty((0, len(model.space.blocks)), np.int64)]
    try:
        found.append(next(explorer))
        while sum(map(len, found)) <= 2 * num_children:
            found.append(explorer.send(evaluate(found[-1])))
            if len(found[-1]) == 0:
                raise AssertionError("No paths were yielded; end instead.")
    except StopIteration:
        return np.concatenate(found)
    raise AssertionError(
        f"More than twice {num_children} children were evaluated, and there "
        "was no end."
    )
