"""Searches for the best network under a limit, and exports and measures it.

  nse_search
  nse_search --dataset=cifar10 --data_dir=DIR --max_macs_m=12 --run_dir=runs/c10
  nse_search --data_dir=photos --image_size=96 --max_latency_ms=8

It shrinks the search space by angle, explores what is left, trains the winner
alone, converts it to .tflite files, measures them, and writes report.html.
Re-run the command to resume. With --workers=N, N processes share the work;
docs/workers.md explains how to do so across machines, and docs/ray.md on Ray.
"""

import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from absl import flags
from absl import logging as absl_logging

from nse_tf.distribute.local_workers import LocalWorkers
from nse_tf.distribute.roles import Role, present_role
from nse_tf.flags import (
    binaries,
    engine_flags,
    logger_flags,
    search_flags,
    space_flags,
    tls_flags,
)
from nse_tf.methods import SearchError
from nse_tf.quiet import quiet_native_output
from nse_tf.terminal import PrintableFormatter, say

flags.adopt_module_key_flags(search_flags)
flags.adopt_module_key_flags(space_flags)
flags.adopt_module_key_flags(logger_flags)
flags.adopt_module_key_flags(engine_flags)


def main(argv: Sequence[str]) -> None:
    """Does the search that the flags ask for."""
    del argv
    config = search_flags.search_config()
    tls_flags.apply()
    workers = search_flags.WORKERS
    engine = engine_flags.ray_engine(
        config, workers.value if workers.present else None
    )
    set_up_logging()
    binaries.choose_kernels(config.dataset)
    # TensorFlow takes seconds to import; flags were checked before that.
    with quiet_native_output():
        import tensorflow as tf

        if config.compute_threads is not None:
            threading = tf.config.threading
            threading.set_intra_op_parallelism_threads(config.compute_threads)
            threading.set_inter_op_parallelism_threads(config.compute_threads)
        from nse_tf.distribute.strategies import make_strategy
        from nse_tf.reporting import (
            log_to_mlflow,
            require_mlflow,
            summary_text,
        )
        from nse_tf.runs.search_run import (
            run_replica_worker,
            run_search,
            run_worker,
        )
        from nse_tf.training.peers import Peers

        if logger_flags.MLFLOW.value is not None:
            require_mlflow()  # Not only after the search.
        # Before TensorFlow's first op.
        strategy = make_strategy(config.distribute, config.cpu_devices)
        if engine is not None:
            # Workers on this machine need all of their memory.
            tf.config.set_visible_devices([], "GPU")
        tf.config.list_logical_devices()  # It complains where there is no GPU.

    try:
        if present_role() is Role.WORKER:
            run_worker(config, strategy)
            return
        if not Peers(strategy).leads:
            run_replica_worker(config, strategy)
            return
        local = _local_workers() if engine is None else None
        report = run_search(config, local, strategy, engine)
    except SearchError as error:
        binaries.fail(error)
    say(summary_text(report.parent))
    say(f"Report: {report}")
    if logger_flags.MLFLOW.value is not None:
        run_id = log_to_mlflow(report.parent, logger_flags.MLFLOW.value)
        say(f"MLflow: run {run_id}")


def _local_workers() -> LocalWorkers | None:
    """Returns the workers that `--workers` asks for beside this process.

    Raises:
        ValueError: If this process was made a chief by hand already.
    """
    count = search_flags.WORKERS.value
    if count == 1:
        return None
    if search_flags.DISTRIBUTE.value == "multi_worker":
        raise ValueError(
            f"`--workers` is {count} and `--distribute` multi_worker: they "
            "share either the jobs of a search or the batches of a training."
        )
    if present_role() is not Role.ALONE:
        raise ValueError(
            f"`--workers` is {count}, which starts a chief of its own, but "
            "KERASTUNER_TUNER_ID is set: leave out one of them."
        )
    command = [sys.executable, "-m", "nse_tf.flags.search", *sys.argv[1:]]
    return LocalWorkers(command, count)


def set_up_logging() -> None:
    """Shows log lines of this package, and of libraries only errors.

    A worker shows only warnings, since its chief reports the progress.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if absl_logging.get_verbosity() == absl_logging.INFO:  # Not asked for more.
        absl_logging.set_verbosity(absl_logging.ERROR)
    logger = logging.getLogger("nse_tf")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter())
    logger.addHandler(handler)
    is_worker = present_role() is Role.WORKER
    logger.setLevel(logging.WARNING if is_worker else logging.INFO)
    logger.propagate = False


def run() -> NoReturn:
    """Runs the binary; see `binaries.run`."""
    binaries.run(main, resumes=True)


if __name__ == "__main__":
    run()
