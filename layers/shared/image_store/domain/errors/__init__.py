"""The errors of the store, each with a stable code that clients may rely on.

The codes belong to the HTTP contract; the table in `entrypoints/http/problems.py` gives each its status. A message is
written for the caller: it says what was wrong and what to do, and never names a key, a bucket or another owner's data.
One module for each area declares them; everybody imports them from here.
"""

from image_store.domain.errors.backup import *
from image_store.domain.errors.callers import *
from image_store.domain.errors.groups import *
from image_store.domain.errors.images import *
from image_store.domain.errors.images import Conflict, IdempotencyInProgress
from image_store.domain.errors.requests import *
from image_store.domain.errors.root import *
from image_store.domain.errors.root import ConfigurationError, ImageStoreError
from image_store.domain.errors.services import *
from image_store.domain.errors.services import DeadlineExceeded, StorageUnavailable
from image_store.domain.errors.webhooks import *

RETRYABLE: tuple[type[ImageStoreError], ...] = (
    StorageUnavailable,
    DeadlineExceeded,
    Conflict,
    IdempotencyInProgress,
    ConfigurationError,
)
"""Errors after which queued work is tried again; every other error of an image is final."""
