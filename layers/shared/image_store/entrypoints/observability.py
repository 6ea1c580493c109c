"""The structured log of a function: one line of JSON an event, with the request's id and never its content."""

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

logger = Logger(utc=True)
"""Service and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

logging.getLogger("image_store")  # what services say in passing is said in the same form
copy_config_to_registered_loggers(logger, include={"image_store"})
