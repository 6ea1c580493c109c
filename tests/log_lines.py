"""What a function writes into its log, as Lambda would get it."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from image_store.entrypoints.operations.observability import logger


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """The lines that are logged meanwhile."""
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    out = io.StringIO()
    before = handler.setStream(out)
    try:
        yield out
    finally:
        handler.setStream(before or io.StringIO())
