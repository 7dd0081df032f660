"""Training of shared weights: what is drawn, at which rate, and the angle."""

from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import ArchitectureRule, RateSchedule
from nse_tf.sampling import UniformSampler
from nse_tf.spaces import Genotype, SearchSpace, Stage
from nse_tf.supernet import Supernet
from nse_tf.training import (
    MixtureArchitecture,
    SupernetRecipe,
    SupernetTrainer,
)
from nse_tf.training.architecture_course import ArchitectureCourse
from nse_tf.training.epoch_loop import LoopHooks
from nse_tf.training.schedules import rate_at
from tests.supernet.tiny_spaces import lively, tiny_space
from tests.training.tiny_data import image_set

RECIPE = SupernetRecipe(batch_size=10)
IMAGES = image_set(32)  # Three batches of 10; two are left out.


class _Recorded(SupernetTrainer):
    """Notes what each step is told, and does it without learning."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(Supernet(space), RECIPE, IMAGES)
        self.told: list[tuple[Any, ...]] = []
        self.step = self._note  # type: ignore[assignment]

    def _note(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        slots: np.ndarray,
        learning_rate: float,
        seed: tuple[int, int],
    ) -> float:
        path = tuple(slots[:, 0].tolist())
        self.told.append((images.sum(), tuple(labels), path, seed))
        self.rates = [*getattr(self, "rates", []), learning_rate]
        return float(len(self.told))


def _recorded(
    seed: int = 0, job_number: int = 0, epochs: tuple[int, ...] = (4,)
) -> _Recorded:
    """Returns a trainer after training to each of these epochs in turn."""
    trainer = _Recorded(tiny_space())
    for each in epochs:
        _train(trainer, trainer.supernet.space, each, (seed, job_number))
    return trainer


def _train(
    trainer: SupernetTrainer,
    space: SearchSpace,
    epochs: int,
    seeds: tuple[int, ...] = (0, 0),
    hooks: LoopHooks | None = None,
) -> None:
    schedule = RateSchedule(first=0.4, last=0.1)
    trainer.loop(
        UniformSampler(space).sample,
        epochs=epochs,
        rate=lambda epoch: rate_at(schedule, epoch, epochs),
        named_rate=0.4,
        seeds=seeds,
        hooks=hooks,
    ).run(trainer.losses)


def test_the_learning_rate_falls_along_a_line() -> None:
    trainer = _recorded()
    # Twelve steps of a line that would reach 0.1 at the thirteenth.
    wanted = [0.4 - 0.3 * step / 12 for step in range(12)]
    assert trainer.rates == pytest.approx(wanted)


def test_losses_are_means_of_epochs() -> None:
    # The steps' losses are 1 to 12, three an epoch.
    assert _recorded().losses == [2.0, 5.0, 8.0, 11.0]


def test_equal_seeds_tell_steps_the_same_and_others_do_not() -> None:
    told = _recorded().told
    assert _recorded().told == told
    assert _recorded(seed=1).told != told
    assert _recorded(job_number=1).told != told
    assert len({each[-1] for each in told}) == len(told)


def test_epochs_already_done_are_not_done_again() -> None:
    trainer, again = _recorded(), _recorded()
    again.told, again.rates, again.losses = [], [], again.losses[:3]
    _train(again, again.supernet.space, 4)
    assert again.told == trainer.told[9:]
    assert again.rates == pytest.approx(trainer.rates[9:])


def test_only_the_sampler_says_what_is_open() -> None:
    space = tiny_space()
    trainer = _Recorded(space)
    shrunk = space.restrict([(1, 4), (0,), (2, 3)])
    _train(trainer, shrunk, 5)
    paths = {path for _, _, path, _ in trainer.told}
    assert paths == {(a, 0, c) for a in (1, 4) for c in (2, 3)}


def _kernels(supernet: Supernet, genotype: Genotype) -> np.ndarray:
    """Returns all kernels of a child as one vector, the naive way."""
    child = supernet.cut_out(genotype)
    kernels = [
        weight.numpy().ravel()
        for weight in child.trainable_weights
        if len(weight.shape) >= 2
    ]
    return np.concatenate(kernels).astype(np.float64)


def test_angle_sums_are_those_of_the_concatenated_kernels() -> None:
    space = tiny_space(max_open=2)
    supernet = Supernet(space)
    trainer = SupernetTrainer(supernet, RECIPE, IMAGES)
    genotypes = [
        space.genotype(genes)
        for genes in ([0, 1, 2], [4, 3, 1], [(1, 3), (0, 2), (2, 3)])
    ]
    before = [_kernels(supernet, each) for each in genotypes]
    lively(supernet)
    after = [_kernels(supernet, each) for each in genotypes]
    sums = trainer.angle_sums()
    candidates, backbone = sums.candidates, sums.backbone
    assert candidates.shape == (3, 5, 3)
    for genotype, base, now in zip(genotypes, before, after, strict=True):
        found = backbone + sum(
            candidates[place, index]
            for place, gene in enumerate(genotype.genes)
            for index in gene
        )
        wanted = [base @ now, base @ base, now @ now]
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_identity_and_absent_candidates_add_nothing_to_the_angle() -> None:
    trainer = SupernetTrainer(Supernet(tiny_space()), RECIPE, IMAGES)
    sums = trainer.angle_sums()
    candidates, backbone = sums.candidates, sums.backbone
    has_identity, *others = candidates
    np.testing.assert_array_equal(has_identity[4], 0)
    for place in others:  # Of four candidates only.
        np.testing.assert_array_equal(place[4], 0)
    assert (candidates[:, :4] > 0).all()
    assert (backbone > 0).all()
    # Three kernels each, none of which has turned; two where the place is
    # narrow enough to do without an expansion.
    units = sums.unit_candidates[:, :4, 1:]
    assert set(units.ravel().tolist()) <= {2.0, 3.0}


def test_starting_over_equals_a_new_trainer() -> None:
    space = tiny_space(stages=(Stage(8, 1, 1),))
    used = SupernetTrainer(Supernet(space, seed=1), RECIPE, IMAGES)
    _train(used, space, 1)
    used.start_over(3)
    new = SupernetTrainer(Supernet(space, seed=3), RECIPE, IMAGES)
    one, other = used.checkpoint("", ""), new.checkpoint("", "")
    for name in ("weights", "momenta", "base"):
        pairs = zip(getattr(one, name), getattr(other, name), strict=True)
        assert all(np.array_equal(first, second) for first, second in pairs)
    assert used.losses == []


def test_a_checkpoint_of_another_space_is_refused() -> None:
    trainer = SupernetTrainer(Supernet(tiny_space()), RECIPE, IMAGES)
    other = SupernetTrainer(Supernet(tiny_space((9, 9))), RECIPE, IMAGES)
    with pytest.raises(ValueError, match="is that of space"):
        trainer.restore(other.checkpoint("", ""))


def test_architecture_parameters_do_not_change_how_weights_train() -> None:
    space = tiny_space(stages=(Stage(8, 1, 1),))
    trained = []
    rule = ArchitectureRule(rule="beside")
    for is_beside in (False, True):
        supernet = Supernet(space)
        trainer = SupernetTrainer(supernet, RECIPE, IMAGES)
        architecture = MixtureArchitecture(supernet, IMAGES, 10, rule, seed=0)
        course = ArchitectureCourse(
            architecture, rule, space, space.active, (0, 0)
        )
        before = architecture.parameters
        _train(trainer, space, 2, hooks=course if is_beside else None)
        assert (architecture.parameters != before).any() == is_beside
        trained.append([each.numpy() for each in trainer.supernet.variables])
    for without, beside in zip(*trained, strict=True):
        np.testing.assert_array_equal(without, beside)
