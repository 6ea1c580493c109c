"""The root of all errors, and the errors that are of the deployment itself: their details are never shown."""

from datetime import timedelta


class ImageStoreError(Exception):
    """The base class of all errors of the store; the message is safe to show to the caller."""

    code = "internal_error"
    is_of_key = False
    """Whether a limit of an API key caused it."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class UnreadableRow(ImageStoreError):
    """This version of the store cannot read a row of the table; the message says what to do about it."""

    code = "internal_error"


class ConfigurationError(ImageStoreError):
    """A setting or secret is missing or malformed; the message names it and never shows its value."""

    code = "internal_error"
