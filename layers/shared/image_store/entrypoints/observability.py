"""The structured log of a function: one line of JSON an event, with the request's id and never its content."""

from aws_lambda_powertools import Logger

logger = Logger(utc=True)
"""Service and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""
