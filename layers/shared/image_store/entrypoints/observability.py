"""The structured log of a function: one line of JSON an event, with the request's id and never its content."""

import logging
import time

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

logger = Logger(utc=True)
"""Service and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

logging.getLogger("image_store")  # what services say in passing is said in the same form
copy_config_to_registered_loggers(logger, include={"image_store"})


def log_metric(name: str, value: float, *, unit: str) -> None:
    """Tell CloudWatch a number, in a line of the log (embedded metric format): it costs no call."""
    metric = {
        "Namespace": "ImageStore",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    told = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}
    logger.info("metric", extra={"_aws": told, name: round(value)})
