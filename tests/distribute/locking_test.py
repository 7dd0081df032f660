import threading

import keras_tuner
import pytest

from nse_tf.distribute.locking import synchronized


class Failing(keras_tuner.Oracle):
    """Fails within keras-tuner's own lock."""

    def __init__(self) -> None:
        super().__init__(objective=keras_tuner.Objective("x", "min"))
        self.lock = threading.RLock()

    @synchronized
    def create_trial(self, tuner_id: str) -> keras_tuner.engine.trial.Trial:
        """Asks for a trial under keras-tuner's lock."""
        return super().create_trial(tuner_id)

    def populate_space(self, trial_id: str) -> dict[str, str]:
        """Fails."""
        raise RuntimeError(f"within trial {trial_id}")


def test_an_error_opens_the_lock_that_keras_tuner_leaves_closed() -> None:
    oracle = Failing()
    with pytest.raises(RuntimeError, match="within trial 0000"):
        oracle.create_trial("tuner0")
    errors: list[str] = []

    def other() -> None:
        try:
            oracle.create_trial("tuner1")
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert errors == ["within trial 0000"]
