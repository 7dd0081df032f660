"""P-DARTS under keras-tuner: it goes on where it was stopped."""

import pathlib

import pytest

from nse_tf.events import (
    CellDrawn,
    MixtureTrained,
    SkipsLimited,
    SpaceAtStage,
    WinnerChosen,
)
from nse_tf.jobs import Job, Result
from nse_tf.methods import PDartsConfig
from nse_tf.reporting import summary_text, write_report
from nse_tf.spaces import make_preset
from nse_tf.training import DARTS_RECIPE, PDARTS_RECIPE, Worker
from nse_tf.tuners import EFFORTS, PDarts, PDartsOracle
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

DATA = image_data()
# Few ops and two stages, so that steps compile soon.
SPACE = make_preset(
    "nb201",
    image_size=(8, 8),
    image_channels=1,
    num_classes=3,
    width=0.25,
    depth=0.2,
).restrict([(0, 1, 2, 4), (1,), (1, 2), (1,), (0, 1), (1,)])
CONFIG = PDartsConfig(
    stage_shares=(1.0, 1.0),
    skip_dropouts=(0.0, 0.7),
    stage_epochs=2,
    epochs_without=1,
    max_skips=1,
    calibration_images=24,
    child_epochs=1,
    retrain_on_all=False,
)


def search(folder: pathlib.Path) -> PDarts:
    tuner = PDarts(
        SPACE,
        config=CONFIG,
        seed=0,
        directory=str(folder.parent),
        project_name=folder.name,
    )
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    return tuner


@pytest.mark.slow
def test_stopped_between_stages_it_goes_on_with_the_next(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, done = Worker.run, list[str]()

    def stopping(self: Worker, job: Job) -> Result:
        if len(done) == 1:
            done.append("stopped")
            raise KeyboardInterrupt
        done.append(job.id)
        return run(self, job)

    monkeypatch.setattr(Worker, "run", stopping)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run")
    tuner = search(tmp_path / "run")
    assert done[:3] == [
        "00000_train_supernet",
        "stopped",
        "00001_train_supernet",
    ]
    assert len(done) == 5  # The network drawn is evaluated, and trained alone.
    method = tuner.oracle.method
    (winner,) = method.noted(WinnerChosen)
    (drawn,) = method.noted(CellDrawn)
    assert winner.path == drawn.path
    mixtures = method.noted(MixtureTrained)
    # The first epoch of a stage trains no architecture parameters.
    assert [len(event.architecture_losses) for event in mixtures] == [1, 1]
    spaces = method.noted(SpaceAtStage)
    assert [len(event.active[0]) for event in spaces] == [4, 3, 1]
    (limited,) = method.noted(SkipsLimited)
    page = write_report(tmp_path / "run").read_text()
    assert "Stages of the mixture" in page
    assert limited.genotypes[0] in page
    assert "Skip connections over time, stage 1" in page
    assert "idle edges" in summary_text(tmp_path / "run")


def test_its_weights_are_trained_as_pdarts_trains_them() -> None:
    recipe = PDarts(SPACE, config=CONFIG)._supernet_recipe
    assert recipe.batch_size == PDARTS_RECIPE.batch_size == 96
    assert (recipe.nesterov, recipe.weight_decay) == (False, 3e-4)
    assert recipe.clip_norm == DARTS_RECIPE.clip_norm == 5.0
    recipe = PDarts(SPACE, effort="quick")._supernet_recipe
    assert recipe.batch_size == EFFORTS["quick"].supernet.batch_size


def test_an_effort_shrinks_as_every_search_of_it_does() -> None:
    for effort in EFFORTS.values():
        numbers = effort.progressive_mixture
        assert numbers.shrinking == effort.search.shrinking
        assert numbers.num_rank_checks == 0
        assert 0 < numbers.epochs_without < numbers.stage_epochs
    paper = EFFORTS["paper"].progressive_mixture
    assert (paper.stage_epochs, paper.epochs_without) == (25, 10)
    assert paper.learning_rates == (0.025, 0.0)


def test_spaces_without_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a space of cells, such as"):
        PDartsOracle(tiny_space())
