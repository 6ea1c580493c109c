"""The deadline of an invocation."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.typing import LambdaContext

if TYPE_CHECKING:
    from image_store.ports.system import Clock

MARGIN = timedelta(seconds=4)
"""What a response, a report or a log line needs before Lambda ends the process."""


def deadline(context: LambdaContext, clock: "Clock", *, margin: timedelta = MARGIN) -> datetime:
    """When the work of an invocation must be done: `margin` before Lambda ends it."""
    return clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - margin
