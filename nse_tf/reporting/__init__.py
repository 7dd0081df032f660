"""Results for people: the log of a run, and the page made from it."""

from nse_tf.reporting.comparison import (
    comparison_text as comparison_text,
)
from nse_tf.reporting.comparison import (
    write_comparison as write_comparison,
)
from nse_tf.reporting.html import write_report as write_report
from nse_tf.reporting.mlflow_log import log_to_mlflow as log_to_mlflow
from nse_tf.reporting.mlflow_log import require_mlflow as require_mlflow
from nse_tf.reporting.ranking_page import TauPoint as TauPoint
from nse_tf.reporting.ranking_page import (
    write_ranking_page as write_ranking_page,
)
from nse_tf.reporting.run_log import RunLog as RunLog
from nse_tf.reporting.scalars import write_scalars as write_scalars
from nse_tf.reporting.summary import summary_text as summary_text
