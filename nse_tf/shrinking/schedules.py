"""The published schedules of shrinking, by space."""

from nse_tf.shrinking.shrinker import ShrinkSchedule

# More operators than any space has: the base weights are never reset.
_NEVER = 10**9

PUBLISHED_SCHEDULES = {
    # The 7 lowest of all; ProxylessNAS shares the shrunk space.
    "spos": ShrinkSchedule(),
    # The lowest of each of 19 layers; the base is reset after the third stage.
    "fairnas": ShrinkSchedule(
        rule="each_block", drop_per_stage=1, max_stages=6, total_epochs=200
    ),
    # The lowest of each of 14 edges, which normal and reduction cells share.
    "darts": ShrinkSchedule(
        rule="each_block",
        drop_per_stage=1,
        max_stages=8,
        first_epochs=150,
        other_epochs=20,
        total_epochs=400,
        reset_after=_NEVER,
        warmup_epochs=5,
    ),
    # A single shot: 20 of 30 operators at once, whatever the size.
    "nb201": ShrinkSchedule(
        drop_per_stage=20,
        stop_size=1,
        max_stages=1,
        first_epochs=100,
        total_epochs=250,
        reset_after=_NEVER,
    ),
}
