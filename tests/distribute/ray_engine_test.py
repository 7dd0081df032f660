"""Searches on a Ray cluster of several nodes, all on this machine."""

import importlib
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import keras
import pytest
from absl import flags
from absl.testing import flagsaver

from nse_tf.costs import Budget
from nse_tf.distribute.ray_engine import RayEngine
from nse_tf.distribute.ray_workers import RayWorkers
from nse_tf.distribute.roles import VARIABLES
from nse_tf.events import GenerationEvaluated
from nse_tf.flags import engine_flags
from nse_tf.runs.search_config import SearchConfig
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.tuners import AngleShrinkingOracle, SupernetTuner
from tests.distribute.distributed_program import CONFIG, noise
from tests.tuners.tiny_search import SPACE


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"address": ""}, "must be 'auto' or a host"),
        ({"address": "ray://head:10001"}, "ray job submit"),
        ({"num_workers": 0}, "`num_workers` is 0"),
        ({"gpus_per_worker": 2}, "`gpus_per_worker` is 2"),
    ],
)
def test_what_has_no_meaning_is_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RayEngine(**settings)


def test_ray_that_is_missing_is_named_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install 'nse-tf\[ray\]'"):
        RayEngine()
    with (
        flagsaver.flagsaver(engine="ray"),
        pytest.raises(ValueError, match="--engine=ray` needs Ray"),
    ):
        engine_flags.ray_engine(SearchConfig(run_dir=tmp_path), None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ray_address": "auto"}, "only --engine=ray reads it"),
        ({"gpus_per_worker": 1.0}, "only --engine=ray reads it"),
        ({"engine": "ray", "distribute": "mirrored"}, "batches of a training"),
        ({"engine": "ray", "tuner_id": "chief"}, "starts its own workers"),
        (
            {"engine": "ray", "gpus_per_worker": 1.0, "method": "autospace"},
            "evolves its cells in this process",
        ),
        (
            {"engine": "ray", "gpus_per_worker": 1.0, "scale": "auto"},
            "trains networks in this process",
        ),
    ],
)
def test_flags_that_do_not_fit_each_other_are_refused(
    given: dict[str, Any],
    message: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {
        name: given.pop(name)
        for name in ("distribute", "method", "scale")
        if name in given
    }
    if "tuner_id" in given:
        roles = (given.pop("tuner_id"), "127.0.0.1", "1")
        for name, value in zip(VARIABLES, roles, strict=True):
            monkeypatch.setenv(name, value)
    config = SearchConfig(run_dir=tmp_path, **settings)
    with flagsaver.flagsaver():
        for name, value in given.items():
            flags.FLAGS[name].value = value
            flags.FLAGS[name].present = 1
        with pytest.raises(ValueError, match=message):
            engine_flags.ray_engine(config, None)


def test_flags_become_an_engine(tmp_path: pathlib.Path) -> None:
    config = SearchConfig(run_dir=tmp_path, compute_threads=2)
    assert engine_flags.ray_engine(config, 4) is None
    with flagsaver.flagsaver(engine="ray", ray_address="head:6379"):
        assert isinstance(engine_flags.ray_engine(config, 4), RayEngine)


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster of a head and another node, each with room for a worker."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    testing = importlib.import_module("ray.cluster_utils")
    room = {
        "num_cpus": 1,
        "object_store_memory": 100 * 2**20,
        "include_dashboard": False,
    }
    cluster = testing.Cluster(initialize_head=True, head_node_args=room)
    try:
        cluster.add_node(**room)
        yield cluster
    finally:
        cluster.shutdown()


@pytest.mark.slow
def test_a_search_outlives_a_node_and_comes_to_the_same_bits(
    tmp_path: pathlib.Path, nodes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = RayWorkers.submit
    sent: list[str] = []

    def submit_and_kill(self: Any, worker: str, job: Any, files: Any) -> None:
        submit(self, worker, job, files)
        sent.append(job.id)
        if len(sent) == 3:  # Both evaluate a part of a generation.
            assert job.id.endswith("2of2")
            (victim,) = nodes.worker_nodes
            nodes.remove_node(victim, allow_graceful=False)

    monkeypatch.setattr(RayWorkers, "submit", submit_and_kill)
    found = searched(tmp_path / "ray", RayEngine(nodes.address))
    assert len(set(sent)) < len(sent)
    wanted = searched(tmp_path / "alone", None)
    assert len(wanted) > 2
    assert sorted(found) == sorted(wanted)
    assert found == wanted


def searched(folder: pathlib.Path, engine: RayEngine | None) -> dict[str, Any]:
    """Returns all that a search came to, bit for bit."""
    tuner = SupernetTuner(
        AngleShrinkingOracle(SPACE, Budget(), CONFIG),
        supernet_recipe=SupernetRecipe(batch_size=8),
        child_recipe=ChildRecipe(batch_size=8),
        directory=str(folder.parent),
        project_name=folder.name,
    )
    tuner.engine = engine
    tuner.search(noise(40, 0), validation_data=noise(16, 1), verbose=0)
    found: dict[str, Any] = {
        path.name: Checkpoint.load(path).digest
        for path in (folder / "supernet").iterdir()
    }
    for path in (folder / "children").iterdir():
        # Keras counts the layers of a process, and writes that down, too.
        weights = keras.saving.load_model(path).get_weights()
        found[path.name] = [value.tobytes() for value in weights]
    found["evaluated"] = [
        event.accuracies
        for event in tuner.oracle.method.noted(GenerationEvaluated)
    ]
    return found
