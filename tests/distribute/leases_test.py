from nse_tf.distribute.leases import Leases


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Returns the time."""
        return self.now


def test_who_is_silent_for_too_long_is_taken_for_dead_once() -> None:
    clock = Clock()
    leases = Leases(10.0, clock)
    leases.hear("a")
    clock.now = 6.0
    leases.hear("b", "training, 1 of 2 epochs")
    clock.now = 10.0
    assert leases.take_lapsed() == []
    clock.now = 10.1
    assert leases.take_lapsed() == ["a"]
    assert leases.take_lapsed() == []
    assert list(leases.workers) == ["b"]
    assert leases.last_heard == 6.0
    leases.hear("a")  # It was only slow.
    assert list(leases.workers) == ["a", "b"]


def test_who_leaves_is_not_missed() -> None:
    clock = Clock()
    leases = Leases(10.0, clock)
    leases.hear("a")
    leases.leave("a")
    leases.leave("never came")
    clock.now = 100.0
    assert leases.take_lapsed() == []
    assert leases.workers == ()


def test_all_are_named_in_one_line() -> None:
    leases = Leases(10.0)
    assert leases.summary() == ""
    leases.hear("b")
    leases.hear("a", "evaluating children, 1 of 9 children")
    assert leases.summary() == (
        "2 workers: a is evaluating children, 1 of 9 children; 1 waiting"
    )
