"""What all providers' refusals have in common: HTTP statuses, waiting times, and sentences that are safe to show."""

import base64
import binascii
from datetime import timedelta

from image_store.domain.providers import ProviderFailure, Reason

_LONGEST_WAIT = timedelta(minutes=15)
_SENTENCES = {
    Reason.RATE_LIMITED: "The provider takes no more requests for now.",
    Reason.UNAVAILABLE: "The provider is not available.",
    Reason.TIMEOUT: "The provider did not answer in time.",
    Reason.CONNECTION: "The connection to the provider failed.",
    Reason.BAD_ANSWER: "The provider's answer broke off, or holds no image.",
    Reason.LOST: "The work ended while the provider was at it.",
    Reason.REFUSED: "The provider's policy does not allow this image.",
    Reason.BAD_KEY: "The provider does not accept the key.",
    Reason.NO_BALANCE: "The account with the provider has no balance left.",
    Reason.BAD_REQUEST: "The provider cannot do what was asked.",
    Reason.NO_MODEL: "The provider has no such model.",
}
_BY_STATUS = {
    400: Reason.BAD_REQUEST,
    401: Reason.BAD_KEY,
    402: Reason.NO_BALANCE,
    403: Reason.BAD_KEY,
    404: Reason.NO_MODEL,
    405: Reason.NO_MODEL,
    408: Reason.TIMEOUT,
    409: Reason.UNAVAILABLE,
    413: Reason.BAD_REQUEST,
    422: Reason.BAD_REQUEST,
    425: Reason.UNAVAILABLE,
    429: Reason.RATE_LIMITED,
}


def failure(reason: Reason, *, retry_after: timedelta | None = None) -> ProviderFailure:
    """A failure with the sentence of its reason; what the provider wrote may hold anything, and is not shown."""
    return ProviderFailure(reason, _SENTENCES[reason], retry_after=retry_after)


def reason_of(status: int) -> Reason:
    """What a status means where the provider says nothing more."""
    if status >= 500:
        return Reason.UNAVAILABLE
    return _BY_STATUS.get(status, Reason.BAD_REQUEST)


def seconds(text: str | None) -> timedelta | None:
    """Retry-After, or another wait, in seconds with or without `s`; a date, or nonsense, says nothing."""
    if text is None:
        return None
    try:
        said = float(text.strip().removesuffix("s"))
    except ValueError:
        return None
    if not 0 <= said < float("inf"):
        return None
    return min(timedelta(seconds=min(said, _LONGEST_WAIT.total_seconds())), _LONGEST_WAIT)


def decoded(text: object) -> bytes:
    """The bytes of an image that an answer holds as base64; ProviderFailure where it holds none."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise failure(Reason.BAD_ANSWER)
    return data
