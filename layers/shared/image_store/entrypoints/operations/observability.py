"""The structured log of a function: one line of JSON for each event, with the id of the request but not its content."""

import json
import logging
import os
import sys
import time
from traceback import walk_tb
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from image_store.domain.errors import ImageStoreError


class ContentFreeFormatter(LambdaPowertoolsFormatter):
    """Powertools' formatter, without the texts of exceptions.

    The text of a library's error may quote a value, and the value may be a prompt. So only the texts of the store's
    own errors and the codes of AWS services are logged.
    """

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        lines: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None:
            frames = [
                f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_name}'
                for frame, line in walk_tb(error.__traceback__)
            ]
            lines = [*frames, _name_and_code(error), *(["which led to", *lines] if lines else [])]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)


def _name_and_code(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, ImageStoreError):
        return f"{name}: {error.message}"
    # botocore's ClientError has a response. Importing it to check the type would slow cold starts.
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f"{name}: {code}" if code else name


logger = Logger(utc=True, logger_formatter=ContentFreeFormatter(utc=True, serialize_stacktrace=False))
"""Service and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

logging.getLogger("image_store")  # services log in the same form
copy_config_to_registered_loggers(logger, include={"image_store"})


_DIMENSIONS = {"function_name": "AWS_LAMBDA_FUNCTION_NAME", "service": "POWERTOOLS_SERVICE_NAME"}
"""The dimensions of metrics, and the variable of the environment with the value of each."""


def log_metric(
    name: str, value: float, *, unit: str, namespace: str, dimension: str = "function_name", **properties: str
) -> None:
    """Write a metric to the log at every log level, in CloudWatch's embedded metric format, which costs no call.

    With the dimension `service` those of all functions are one metric.
    """
    metric = {
        "Namespace": namespace,
        "Dimensions": [[dimension]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]},
        dimension: os.environ.get(_DIMENSIONS[dimension], ""),
        name: round(value),
        **properties,
    }
    sys.stdout.write(f"{json.dumps(line)}\n")
