"""The rules of a training job: what it starts from and what moves how."""

import dataclasses

from nse_tf.jobs.built import require_taken

Genes = tuple[tuple[int, ...], ...]
Names = tuple[tuple[str, ...], ...]
# Targets of a penalty that has a ratio or a logarithm of it exceed these.
_LEAST_TARGETS = {"relative": 0.0, "log_factor": 1.0, "reward_factor": 0.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RateSchedule:
    """The learning rate of the weights, from step to step.

    Attributes:
        kind: `linear` and `cosine` lead from `first` to `last`; `warm_cosine`
            rises linearly from `first` to `peak`, then falls to `last` as a
            cosine.
        first: Rate at the first step.
        last: Rate after the last step.
        peak: Rate after the warm-up.
        warmup_epochs: Length of the warm-up, half of all epochs at most.

    Raises:
        ValueError: If the kind is unknown, or does not take a setting.
    """

    kind: str = "linear"
    first: float
    last: float = 0.0
    peak: float | None = None
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        require_taken(self, "schedule", "kind")
        if self.kind == "warm_cosine" and self.peak is None:
            raise ValueError("`schedule.kind` 'warm_cosine' needs a `peak`.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeightRule:
    """How the active path of a step of the weights is drawn.

    Attributes:
        rule: `uniform` draws one candidate of each choice block (SPOS), in
            cells each cell its own; `balanced` opens each candidate with
            probability `open_rate` (NSE); `fair` opens each candidate once a
            step (FairNAS); `by_mixing_weights` draws one by the architecture
            parameters (ProxylessNAS); `mixed` runs all, mixed by them (DARTS);
            `sandwich` opens the largest path, the smallest and random ones in a
            step, of which the first teaches the others (slimmable networks).
        open_rate: Probability of a candidate to be open.
        skip_dropout: First share of elements that drop out after the skip
            connections of a mixture, in steps of architecture parameters as
            well; it falls from epoch to epoch (P-DARTS).
        num_random: Random paths of a step of `sandwich`.

    Raises:
        ValueError: If the rule is unknown or not built, does not take a
            setting, or a number is out of range.
    """

    rule: str = "uniform"
    open_rate: float = 0.5
    skip_dropout: float = 0.0
    num_random: int = 2

    def __post_init__(self) -> None:
        require_taken(self, "weights", "rule")
        if not 0 < self.open_rate <= 1:
            raise ValueError(
                "`weights.open_rate` must be above 0 and at most 1, not "
                f"{self.open_rate}."
            )
        if not 0 <= self.skip_dropout < 1:
            raise ValueError(
                "`weights.skip_dropout` must be at least 0 and below 1, not "
                f"{self.skip_dropout}."
            )
        if self.num_random < 0:
            raise ValueError(
                f"`weights.num_random` must be at least 0, not "
                f"{self.num_random}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostPenalty:
    """What networks that cost too much, or too little, add to the loss.

    MACs and parameters count in millions, latency in milliseconds; but with
    `log_factor` MACs and parameters count one by one and latency in
    microseconds, as logarithms have to be positive.

    Attributes:
        form: `power` adds `coefficient · (expected - target) ** exponent`
            (NSE); `relative` adds `coefficient · (expected / target - 1)`, and
            `log_factor` multiplies the loss by `coefficient · (log expected /
            log target) ** exponent` (ProxylessNAS's `add#linear` and
            `mul#log`); `reward_factor` multiplies a network's reward by
            `coefficient · (target / its cost) ** exponent` (ProxylessNAS's
            REINFORCE).
        cost: Name of the cost.
        target: What networks should cost.
        coefficient: Factor of the penalty.
        exponent: See `form`.
        backbone_cost: Cost of what all networks share.
        op_costs: Cost of each candidate of each choice block.

    Raises:
        ValueError: If the form is unknown or does not take a setting, or the
            target has no logarithm or ratio that it needs.
    """

    form: str = "power"
    cost: str
    target: float
    coefficient: float
    exponent: float = 2.0
    backbone_cost: float
    op_costs: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        require_taken(self, "penalty", "form")
        least = _LEAST_TARGETS.get(self.form)
        if least is not None and not self.target > least:
            raise ValueError(
                f"`penalty.target` must be above {least:g} with `penalty.form` "
                f"{self.form!r}, not {self.target}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class EarlyStop:
    """When a training ends because its minimum has become too sharp.

    After some epochs the dominant eigenvalue of the Hessian of the validation
    loss by the architecture parameters is taken, on one validation batch. The
    training ends once the mean of the last values exceeds an earlier mean too
    far; the parameters that count are those of the earlier mean's middle.

    Attributes:
        period: Epochs from one eigenvalue to the next.
        window: How many of them a mean is taken over.
        lag: How many means ago the earlier mean lies.
        factor: How many times the earlier mean the last one must exceed.
        first_epoch: First epoch, from 0, to which the parameters may go back.

    Raises:
        ValueError: If a number is out of range.

    References:
        Zela et al., RobustDARTS (2020) and its code:
        https://arxiv.org/abs/1909.09656
    """

    period: int = 2
    window: int = 5
    lag: int = 4
    factor: float = 1.3
    first_epoch: int = 10

    def __post_init__(self) -> None:
        least = {
            "period": 1,
            "window": 1,
            "lag": 1,
            "factor": 0,
            "first_epoch": 0,
        }
        for name, low in least.items():
            if not getattr(self, name) >= low:
                raise ValueError(
                    f"`early_stop.{name}` must be at least {low}, not "
                    f"{getattr(self, name)}."
                )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchitectureRule:
    """What trains the architecture parameters, on validation images, by Adam.

    Attributes:
        rule: `beside` moves the softmax that mixes all candidates by its first
            order gradient, while the weights train as if there were none (ABS's
            magnitude); `two_subsets` compares two subsets of each choice
            block's candidates (NSE); `first_order` and `second_order` are
            DARTS's, which move before the weights and mix them, too;
            `two_gates` and `full_gates` draw one candidate of each block by the
            softmax and give the softmax the gradient of the gates that open it,
            of a pair of candidates or of all of them; `reinforce` draws whole
            networks by it and makes those likelier whose accuracy, and cost,
            are better (ProxylessNAS).
        rate: Learning rate of Adam.
        betas: Adam's decay rates of the two moments.
        weight_decay: Pull of the parameters to zero, part of the gradient.
        deviation: Standard deviation of the first parameters.
        period: Steps of the weights to one of the parameters.
        epochs_without: Epochs at the start of the job that train the weights
            only; where it is as many as the job has, or more, all of them.
        clip_norm: Longest gradient of the parameters; None leaves it.
        penalties: On the expected costs of networks; with `reinforce` on those
            of each network that is drawn.
        drop_below: A candidate whose parameter falls below this is dropped for
            good; None drops none.
        locked: The candidates of each choice block that are never dropped;
            empty for none anywhere.
        locked_rate: Share of the steps in which each block's locked candidates,
            all together, are one of the two subsets.
        other_moves_statistics: Whether the subset that only runs forward moves
            batch norm's statistics, too.
        early_stop: When a training ends early; None never ends one.
        extra_skip: Whether a skip is added to the mixture of every edge, times
            a share that falls from 1 in the first epoch to 0 in the last
            (DARTS-).
        networks_per_step: Networks that a step of `reinforce` draws.
        loss_images: Validation images that the loss of each candidate alone in
            its block is measured on at the end of the job, 0 for none; only
            slots have it measured.
        distance_images: Validation images that the distance of each slot's
            outputs to those of its block's last one is measured on at the end
            of the job, 0 for none.
        baseline_rate: How far that step first moves the reward that a network
            counts as better than, to the mean of the step: 1 is all the way.

    Raises:
        ValueError: If the rule is unknown or not built, does not take a
            setting, or a number is out of range.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055; Ci et al.,
        NSE (2021): https://arxiv.org/abs/2011.10904; Cai et al., ProxylessNAS
        (2019): https://arxiv.org/abs/1812.00332. The default numbers are those
        of DARTS and of ABS's magnitude: https://arxiv.org/abs/2004.13431
    """

    rule: str
    rate: float = 3e-4
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 1e-3
    deviation: float = 1e-3
    period: int = 1
    epochs_without: int = 0
    clip_norm: float | None = None
    penalties: tuple[CostPenalty, ...] = ()
    drop_below: float | None = None
    locked: Genes = ()
    locked_rate: float = 0.0
    other_moves_statistics: bool = True
    early_stop: EarlyStop | None = None
    extra_skip: bool = False
    networks_per_step: int = 10
    baseline_rate: float = 0.99
    loss_images: int = 0
    distance_images: int = 0

    def __post_init__(self) -> None:
        require_taken(self, "architecture", "rule")
        self._require_penalties()
        if self.networks_per_step < 2:
            raise ValueError(
                "`architecture.networks_per_step` must be at least 2, to be "
                f"compared with each other, not {self.networks_per_step}."
            )
        if not 0 < self.baseline_rate <= 1:
            raise ValueError(
                "`architecture.baseline_rate` must be above 0 and at most 1, "
                f"not {self.baseline_rate}."
            )
        for name in ("loss_images", "distance_images"):
            if getattr(self, name) < 0:
                raise ValueError(
                    f"`architecture.{name}` must be at least 0, not "
                    f"{getattr(self, name)}."
                )
        if self.period < 1:
            raise ValueError(
                f"`architecture.period` must be at least 1, not {self.period}."
            )
        if not 0 <= self.locked_rate <= 1:
            raise ValueError(
                "`architecture.locked_rate` must be at least 0 and at most 1, "
                f"not {self.locked_rate}."
            )

    def _require_penalties(self) -> None:
        """Refuses penalties on a loss where there are rewards, and vice versa.

        Raises:
            ValueError: If there is one.
        """
        for penalty in self.penalties:
            is_of_rewards = penalty.form == "reward_factor"
            if is_of_rewards != (self.rule == "reinforce"):
                raise ValueError(
                    f"`penalty.form` is {penalty.form!r}, but "
                    f"`architecture.rule` is {self.rule!r}: 'reward_factor' is "
                    "for 'reinforce', and no other form is."
                )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Start:
    """The weights that a training starts from.

    Attributes:
        source: `fresh` draws new weights; `previous` resumes from those of an
            earlier training; `pieces` takes over what an earlier training of a
            supernet with fewer cells has in common with this one, and draws the
            rest.
        weights: Reference of the earlier weights, see `weights_of`; None takes
            those of the last training that was finished.
        num_cells: How many cells the earlier supernet has, for `pieces`.

    Raises:
        ValueError: If the source is unknown, or does not take a setting.
    """

    source: str = "fresh"
    weights: str | None = None
    num_cells: int | None = None

    def __post_init__(self) -> None:
        require_taken(self, "start", "source")
        if self.source == "pieces" and self.num_cells is None:
            raise ValueError(
                "`start.source` 'pieces' needs `start.num_cells`, how many "
                "cells the earlier supernet has."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seats:
    """Which cells sit in the slots of a supernet, choice block by choice block.

    A cell that had a slot or a place on the bench before keeps its weights, to
    the bit. One that comes in takes over each kernel of its parent that has the
    shape of its own, with the norm after it; the rest is drawn. With
    `draws_all` nothing is kept or taken over: every cell begins anew.

    Attributes:
        cells: Name of the cell in each slot.
        parents: Of each slot's cell, the cell that it inherits from if it comes
            in; empty where it inherits from none.
        bench: Further cells whose weights are kept, if they have any.
        draws_all: Whether the weights of all cells are drawn.

    Raises:
        ValueError: If these are not of the same blocks and slots.
    """

    cells: Names
    parents: Names
    bench: Names
    draws_all: bool = False

    def __post_init__(self) -> None:
        shapes = [
            [len(block) for block in names]
            for names in (self.cells, self.parents)
        ]
        if shapes[0] != shapes[1] or len(self.bench) != len(self.cells):
            raise ValueError(
                "`seats.cells`, `seats.parents` and `seats.bench` must name as "
                "many choice blocks, the first two as many slots of each."
            )
