"""How long an invocation may still work."""

from datetime import datetime, timedelta

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.ports.system import Clock

MARGIN = timedelta(seconds=4)
"""What an answer, a report or a log needs before Lambda ends the process without a word."""


def deadline(context: LambdaContext, clock: Clock, *, margin: timedelta = MARGIN) -> datetime:
    """When the work of an invocation has to be done, `margin` before Lambda ends it."""
    return clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - margin
