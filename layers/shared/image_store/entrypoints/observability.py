"""The structured log of a function: one line of JSON an event, with the request's id and never its content."""

import json
import logging
import os
import sys
import time

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

logger = Logger(utc=True)
"""Service and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

logging.getLogger("image_store")  # what services say in passing is said in the same form
copy_config_to_registered_loggers(logger, include={"image_store"})


def log_metric(name: str, value: float, *, unit: str) -> None:
    """Tell CloudWatch a number, in a line of the log (embedded metric format): it costs no call.

    Said whatever the level of the log.
    """
    metric = {
        "Namespace": "ImageStore",
        "Dimensions": [["function_name"]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]},
        "function_name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
        name: round(value),
    }
    sys.stdout.write(f"{json.dumps(line)}\n")
