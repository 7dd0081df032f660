"""Evolution driven by hand: no model is trained."""

import json
import pathlib
from typing import Any

import keras_tuner
import numpy as np
import pytest
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.tuners import EvolutionOracle

NUM_LETTERS = 8


def make_space() -> keras_tuner.HyperParameters:
    """Returns eight choices, a number, and one that is only there sometimes."""
    hp = keras_tuner.HyperParameters()
    for number in range(NUM_LETTERS):
        hp.Choice(f"letter{number}", ["a", "b", "c", "d"])
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    if hp.Boolean("deep"):
        with hp.conditional_scope("deep", [True]):
            hp.Int("depth", 1, 4)
    with hp.conditional_scope("deep", [True]):
        hp.Int("depth", 1, 4)
    return hp


def make_oracle(folder: pathlib.Path, **changes: Any) -> EvolutionOracle:
    """Returns an oracle whose files go to `folder`."""
    oracle = EvolutionOracle(
        **{
            "objective": ["val_accuracy", "macs"],
            "max_trials": 60,
            "population": 10,
            "seed": 0,
            "hyperparameters": make_space(),
            **changes,
        }
    )
    oracle._set_project_dir(str(folder.parent), folder.name)
    oracle.verbose = 0
    return oracle


def evaluate(values: dict[str, Any]) -> dict[str, float]:
    """Returns metrics: every `d` is accurate, and costs."""
    letters = [values[f"letter{number}"] for number in range(NUM_LETTERS)]
    return {
        "val_accuracy": letters.count("d") / NUM_LETTERS,
        "macs": sum("abcd".index(letter) for letter in letters) + 1.0,
    }


def run(oracle: EvolutionOracle, count: int = 1000) -> list[Trial]:
    """Does up to `count` trials, one by one."""
    done = []
    for _ in range(count):
        trial = oracle.create_trial("tuner0")
        if trial.status != TrialStatus.RUNNING:
            break
        oracle.update_trial(
            trial.trial_id, evaluate(trial.hyperparameters.values), step=1
        )
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
        done.append(trial)
    return done


def values_of(trials: list[Trial]) -> list[dict[str, Any]]:
    """Returns the hyperparameter values of trials."""
    return [trial.hyperparameters.values for trial in trials]


def test_it_finds_more_than_random_search_does(tmp_path: pathlib.Path) -> None:
    """The mean of three seeds against the best of three."""
    reference = {"val_accuracy": 0.0, "macs": 30.0}
    ends: dict[int, list[float]] = {10: [], 51: []}
    for population, found in ends.items():
        for seed in range(3):
            oracle = make_oracle(
                tmp_path / f"{population}_{seed}",
                population=population,
                seed=seed,
                mutation_probability=0.1,
                max_trials=50,
            )
            run(oracle)
            found.append(oracle.hypervolume_trace(reference)[-1])
    assert np.mean(ends[10]) > max(ends[51])


def test_the_front_is_reached_under_a_constraint(
    tmp_path: pathlib.Path,
) -> None:
    oracle = make_oracle(tmp_path / "run", constraints={"macs": 13.0})
    run(oracle)
    front = oracle.pareto_trials()
    points = oracle.goals.points(front)
    assert (points[:, 1] <= 13.0).all()
    assert (np.diff(points[:, 0]) > 0).all()
    assert (np.diff(points[:, 1]) < 0).all()
    assert oracle.get_best_trials(3)[0] in front


def test_every_active_value_is_chosen_and_no_other(
    tmp_path: pathlib.Path,
) -> None:
    """keras-tuner would draw what is left open by a seed of its own."""
    trials = run(make_oracle(tmp_path / "run"))
    for values in values_of(trials):
        assert ("depth" in values) == values["deep"]
        json.dumps(values)
        assert 1e-4 <= values["rate"] <= 1e-1


def test_children_inherit_from_the_best(tmp_path: pathlib.Path) -> None:
    """With next to no mutation no letter comes up that no parent had."""
    oracle = make_oracle(tmp_path / "run", mutation_probability=1e-9)
    first = values_of(run(oracle, 10))
    rest = values_of(run(oracle, 20))
    for values in rest:
        new = [
            name
            for name in values
            if name.startswith("letter")
            and values[name] not in {each[name] for each in first}
        ]
        assert not new


def test_the_same_seed_is_the_same_search_and_zero_is_one(
    tmp_path: pathlib.Path,
) -> None:
    one, same, other, drawn = (
        make_oracle(tmp_path / str(index), seed=seed)
        for index, seed in enumerate((0, 0, 1, None))
    )
    assert (one.seed, one.get_state()["seed"]) == (0, 0)
    assert values_of(run(one, 15)) == values_of(run(same, 15))
    assert values_of(run(other, 3)) != values_of(run(same, 3))
    assert drawn.seed is not None


def test_a_reloaded_search_resumes_to_the_same_end(
    tmp_path: pathlib.Path,
) -> None:
    whole = values_of(run(make_oracle(tmp_path / "whole", max_trials=25)))
    for num_done in (1, 10, 24):
        folder = tmp_path / str(num_done)
        before = make_oracle(folder, max_trials=25)
        run(before, num_done)
        after = make_oracle(folder, max_trials=25)
        after.reload()
        assert values_of(run(after)) == whole[num_done:]
        assert len(after.trials) == 25


def test_a_drawn_seed_is_taken_over(tmp_path: pathlib.Path) -> None:
    before = make_oracle(tmp_path / "run", seed=None)
    run(before, 3)
    after = make_oracle(tmp_path / "run", seed=None)
    after.reload()
    assert after.seed == before.seed
    assert values_of(run(after, 3)) == values_of(run(before, 3))


def test_other_settings_are_refused_and_both_are_named(
    tmp_path: pathlib.Path,
) -> None:
    run(make_oracle(tmp_path / "run"), 2)
    for changes, message in (
        ({"population": 7}, "`population` 10, not 7"),
        ({"constraints": {"macs": 5.0}}, "`constraints` {}, not {'macs': 5.0}"),
        ({"objective": "val_accuracy"}, "`objective` .*'macs'.*, not "),
        ({"seed": 4}, "`seed` 0, not 4"),
    ):
        with pytest.raises(ValueError, match=message):
            make_oracle(tmp_path / "run", **changes).reload()


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("version", r"run was begun by nse_tf 0\.1, and nse_tf .* cannot"),
        ("settings", "run was begun by another oracle"),
    ],
)
def test_a_project_by_0_1_or_by_another_oracle_is_refused(
    tmp_path: pathlib.Path, lost: str, message: str
) -> None:
    oracle = make_oracle(tmp_path / "run")
    run(oracle, 2)
    path = tmp_path / "run" / "oracle.json"
    state = json.loads(path.read_text())
    del state[lost]
    path.write_text(json.dumps(state))
    with pytest.raises(ValueError, match=message):
        make_oracle(tmp_path / "run").reload()


def test_a_missing_objective_is_named_and_leaves_the_lock_open(
    tmp_path: pathlib.Path,
) -> None:
    oracle = make_oracle(tmp_path / "run")
    trial = oracle.create_trial("tuner0")
    with pytest.raises(
        keras_tuner.errors.FatalValueError,
        match=r"reports \['macs'\].*reported \['loss', 'val_accuracy'\]",
    ):
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5, "loss": 1.0})
    assert oracle.get_trial(trial.trial_id) is trial
    assert oracle.create_trial("tuner1").status == TrialStatus.RUNNING


def test_a_space_that_is_used_up_ends_the_search(
    tmp_path: pathlib.Path,
) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("letter0", ["a", "b", "c"])
    oracle = make_oracle(
        tmp_path / "run", hyperparameters=hp, objective="val_loss"
    )
    seen = set()
    while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        seen.add(trial.hyperparameters.values["letter0"])
        oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
        trial.status = TrialStatus.COMPLETED
        oracle.end_trial(trial)
    assert seen == {"a", "b", "c"}


@pytest.mark.parametrize(
    "numbers", [{"population": 1}, {"mutation_probability": 0.0}]
)
def test_numbers_out_of_range_are_refused(
    numbers: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="must be at least 2"):
        make_oracle(tmp_path, **numbers)
