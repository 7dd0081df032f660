"""Searches whose finalists are taught: which teacher, and from when on."""

import dataclasses
import pathlib
from typing import Any

import keras
import pytest

from nse_tf.events import TrainedAlone
from nse_tf.jobs import Job, TrainChild
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe
from nse_tf.training.teaching import TeacherFile
from nse_tf.trials.job_files import read_job
from nse_tf.tuners import AngleShrinking, AngleShrinkingOracle, AutoSpace
from nse_tf.tuners.supernet_tuner import SupernetTuner
from tests.supernet.tiny_spaces import NESTED_OPS, tiny_space
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import CONFIG, SPACE

NESTED = tiny_space(ops=NESTED_OPS)
RECIPE: Any = ChildRecipe(batch_size=20)


def saved(path: pathlib.Path, classes: int = 3) -> pathlib.Path:
    images = keras.Input((8, 8, 1))
    values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
    keras.Model(images, keras.layers.Dense(classes)(values)).save(path)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return saved(tmp_path_factory.mktemp("teacher") / "t.keras")


def folder_of(path: pathlib.Path) -> dict[str, Any]:
    return {"directory": str(path), "project_name": "run"}


def test_the_digest_of_the_file_is_a_number_of_the_search(
    file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    tuner: Any = AngleShrinking(SPACE, teacher=file, **folder_of(tmp_path))
    digest = TeacherFile.read(file).sha256
    assert tuner.oracle.method.config.teacher == digest
    assert tuner.oracle.method.get_settings()["teacher"] == digest
    plain: Any = AngleShrinking(SPACE, **folder_of(tmp_path))
    # As in states of before there were teachers.
    assert "teacher" not in plain.oracle.method.get_settings()


@pytest.mark.parametrize(
    ("config", "teacher", "words"),
    [
        (
            None,
            "t.keras",
            "oracle's `config` has None: let that be the SHA-256",
        ),
        ("ab" * 32, None, "has a teacher of SHA-256 abab.*: give its file"),
        ("ab" * 32, "t.keras", "but the oracle's `config` has abab"),
        ("largest", "t.keras", "`config` has largest"),
        ("largest", None, "is 'largest', but no network here has the weights"),
    ],
)
def test_another_teacher_than_that_of_the_oracle_is_refused(
    config: str | None,
    teacher: str | None,
    words: str,
    file: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    numbers = dataclasses.replace(CONFIG, teacher=config)
    nested = networks_of(NESTED, "nested")
    with pytest.raises(ValueError, match=words):
        SupernetTuner(
            AngleShrinkingOracle(
                nested if teacher and config == "largest" else SPACE,
                config=numbers,
            ),
            teacher=teacher and file.parent / teacher,
            **folder_of(tmp_path),
        )


def test_who_cannot_teach_is_refused_before_there_is_a_search(
    tmp_path: pathlib.Path,
) -> None:
    path = saved(tmp_path / "t.keras", classes=4)
    with pytest.raises(ValueError, match="knows 4 classes, and these images"):
        AngleShrinking(SPACE, teacher=path, **folder_of(tmp_path))
    with pytest.raises(ValueError, match=r"no\.keras cannot be read \(No such"):
        AngleShrinking(SPACE, teacher="no.keras", **folder_of(tmp_path))
    with pytest.raises(ValueError, match="not 'me'"):
        dataclasses.replace(CONFIG, teacher="me")
    with pytest.raises(ValueError, match="trains no network alone: leave it"):
        AutoSpace(SPACE, teacher=path, **folder_of(tmp_path))
    assert not (tmp_path / "run").exists()


def test_a_part_that_is_trained_on_ends_no_training(
    tmp_path: pathlib.Path,
) -> None:
    recipe = dataclasses.replace(RECIPE, patience=3)
    with pytest.raises(ValueError, match="`patience` is 3, but the training o"):
        AngleShrinking(SPACE, child_recipe=recipe, **folder_of(tmp_path))
    config = dataclasses.replace(CONFIG, retrain_on_all=False)
    AngleShrinking(
        SPACE, child_recipe=recipe, config=config, **folder_of(tmp_path)
    )


def children_of(tuner: AngleShrinking) -> list[TrainChild]:
    jobs: list[Job] = [
        read_job(tuner.folder, trained.job)
        for trained in tuner.oracle.method.noted(TrainedAlone)
    ]
    return [job for job in jobs if isinstance(job, TrainChild)]


@pytest.mark.slow
def test_finalists_are_taught_by_the_largest_network(
    tmp_path: pathlib.Path,
) -> None:
    """Those that only check the ranking are not."""
    data = image_data()
    config = dataclasses.replace(
        CONFIG,
        shrinking=None,
        teacher="largest",
        child_start="inherited",
        num_rank_checks=2,
        rank_check_epochs=1,
    )
    tuner = AngleShrinking(
        NESTED,
        config=config,
        sharing="nested",
        child_recipe=RECIPE,
        **folder_of(tmp_path),
    )
    tuner.search(data.train, validation_data=data.validation)
    children = children_of(tuner)
    checks, finalists = children[:2], children[2:]
    assert [job.teacher for job in checks] == [None, None]
    assert len(finalists) == 2
    for job in finalists:
        assert job.teacher is not None
        names = [
            block.candidates[gene[0]].name
            for block, gene in zip(
                NESTED.blocks, job.teacher.child or (), strict=True
            )
        ]
        assert set(names) == {"mbconv_k5_e6"}
        assert job.teacher.weights == job.inherits
        assert job.teacher.calibration_images == CONFIG.calibration_images
