"""From child model to device: .tflite files, checked and timed.

Names are imported on first use: what times or quantizes a file needs no
TensorFlow.
"""

from typing import TYPE_CHECKING

from nse_tf.lazy_names import lazy_names

if TYPE_CHECKING:
    from nse_tf.export.android import AndroidBackend as AndroidBackend
    from nse_tf.export.census import Census as Census
    from nse_tf.export.census import take_census as take_census
    from nse_tf.export.checking import LIMITS as LIMITS
    from nse_tf.export.checking import ExportCheck as ExportCheck
    from nse_tf.export.checking import Limits as Limits
    from nse_tf.export.checking import check as check
    from nse_tf.export.checking import find_faults as find_faults
    from nse_tf.export.checking import keras_scores as keras_scores
    from nse_tf.export.export_report import ExportReport as ExportReport
    from nse_tf.export.exporter import Timing as Timing
    from nse_tf.export.exporter import export_model as export_model
    from nse_tf.export.file_details import FileDetails as FileDetails
    from nse_tf.export.file_details import describe_file as describe_file
    from nse_tf.export.inference import predict as predict
    from nse_tf.export.latency import Latency as Latency
    from nse_tf.export.latency import measure_latency as measure_latency
    from nse_tf.export.latency import measure_together as measure_together
    from nse_tf.export.litert_benchmark import (
        LiteRTBenchmarkBackend as LiteRTBenchmarkBackend,
    )
    from nse_tf.export.machine import Machine as Machine
    from nse_tf.export.machine import describe_machine as describe_machine
    from nse_tf.export.metadata import read_classifier as read_classifier
    from nse_tf.export.micro import MicroRun as MicroRun
    from nse_tf.export.micro import measure_memory as measure_memory
    from nse_tf.export.micro import require_kernels as require_kernels
    from nse_tf.export.micro import require_tflite_micro as require_tflite_micro
    from nse_tf.export.micro import run_micro as run_micro
    from nse_tf.export.micro_target import MicroReport as MicroReport
    from nse_tf.export.micro_target import export_micro as export_micro
    from nse_tf.export.op_profile import OpTime as OpTime
    from nse_tf.export.op_profile import parse_op_profile as parse_op_profile
    from nse_tf.export.precisions import ALL_PRECISIONS as ALL_PRECISIONS
    from nse_tf.export.precisions import PRECISIONS as PRECISIONS
    from nse_tf.export.table_check import WholeNetwork as WholeNetwork
    from nse_tf.export.table_check import check_table as check_table
    from nse_tf.export.table_check import compare as compare
    from nse_tf.export.table_check import require_right as require_right
    from nse_tf.export.table_check import time_networks as time_networks
    from nse_tf.export.table_fit import calibrate_table as calibrate_table
    from nse_tf.export.table_maker import measure_table as measure_table
    from nse_tf.export.table_plan import Backend as Backend
    from nse_tf.export.table_plan import (
        InterpreterBackend as InterpreterBackend,
    )
    from nse_tf.export.table_plan import TablePlan as TablePlan
    from nse_tf.export.tflite import QUANTIZERS as QUANTIZERS
    from nse_tf.export.tflite import convert as convert
    from nse_tf.export.tflite import convert_all as convert_all
    from nse_tf.export.tflite import convert_part as convert_part
    from nse_tf.export.whole_models import accuracy_of_file as accuracy_of_file
    from nse_tf.export.whole_models import (
        convert_untrained as convert_untrained,
    )
    from nse_tf.export.whole_models import made_lively as made_lively
    from nse_tf.export.whole_models import measure_models as measure_models

__all__, __getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AndroidBackend": "android",
        "Census": "census",
        "take_census": "census",
        "LIMITS": "checking",
        "ExportCheck": "checking",
        "Limits": "checking",
        "check": "checking",
        "find_faults": "checking",
        "keras_scores": "checking",
        "ExportReport": "export_report",
        "Timing": "exporter",
        "export_model": "exporter",
        "FileDetails": "file_details",
        "describe_file": "file_details",
        "predict": "inference",
        "Latency": "latency",
        "measure_latency": "latency",
        "measure_together": "latency",
        "LiteRTBenchmarkBackend": "litert_benchmark",
        "Machine": "machine",
        "describe_machine": "machine",
        "read_classifier": "metadata",
        "MicroRun": "micro",
        "measure_memory": "micro",
        "require_kernels": "micro",
        "require_tflite_micro": "micro",
        "run_micro": "micro",
        "MicroReport": "micro_target",
        "export_micro": "micro_target",
        "OpTime": "op_profile",
        "parse_op_profile": "op_profile",
        "WholeNetwork": "table_check",
        "check_table": "table_check",
        "compare": "table_check",
        "require_right": "table_check",
        "time_networks": "table_check",
        "calibrate_table": "table_fit",
        "measure_table": "table_maker",
        "Backend": "table_plan",
        "InterpreterBackend": "table_plan",
        "TablePlan": "table_plan",
        "ALL_PRECISIONS": "precisions",
        "PRECISIONS": "precisions",
        "QUANTIZERS": "tflite",
        "convert": "tflite",
        "convert_all": "tflite",
        "convert_part": "tflite",
        "accuracy_of_file": "whole_models",
        "convert_untrained": "whole_models",
        "made_lively": "whole_models",
        "measure_models": "whole_models",
    },
)
