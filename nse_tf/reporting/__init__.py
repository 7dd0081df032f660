"""Results for people: the log of a run, and the page made from it."""

from nse_tf.reporting.html import write_report as write_report
from nse_tf.reporting.run_log import RunLog as RunLog
from nse_tf.reporting.summary import summary_text as summary_text
