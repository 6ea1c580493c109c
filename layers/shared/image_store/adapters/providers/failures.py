"""Failures of all providers: reasons of HTTP statuses, waiting times, and sentences that are safe to show."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from image_store.domain.generation.providers import ProviderFailure, Reason

LONGEST_WAIT = timedelta(minutes=15)
_SENTENCES = {
    Reason.RATE_LIMITED: "The provider accepts no more requests for now.",
    Reason.UNAVAILABLE: "The provider is not available.",
    Reason.TIMEOUT: "The provider did not answer in time.",
    Reason.CONNECTION: "The connection to the provider failed.",
    Reason.BAD_ANSWER: "The provider's answer is incomplete or contains no image.",
    Reason.REFUSED: "The provider's policy does not allow this image.",
    Reason.BAD_KEY: "The provider does not accept the key.",
    Reason.NO_BALANCE: "The account with the provider has no balance left.",
    Reason.BAD_REQUEST: "The provider cannot process this request.",
    Reason.NO_MODEL: "The provider has no such model.",
}
_PAID = "The provider counts this image as made, but no whole picture arrived. It is not called again automatically."
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
_KEY = re.compile(r"[!-~]+")
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)s?")
_LONGEST_TEXT = 64
_POLICY = re.compile(r"content policy|moderat|safety|nsfw|unsafe|flagged", re.IGNORECASE)
_POLICY_CHARS = 2_000


def failure(
    reason: Reason, *, retry_after: timedelta | None = None, is_paid: bool = False
) -> ProviderFailure:
    """A failure with the sentence of its reason. The provider's own text may contain anything and is not shown."""
    sentence = _PAID if is_paid else _SENTENCES[reason]
    return ProviderFailure(reason, sentence, retry_after=retry_after, is_paid=is_paid)


def reason_of(status: int) -> Reason:
    """The reason of a status, if the provider gives no other."""
    if status >= 500 or status < 200:
        return Reason.UNAVAILABLE
    if status < 300:
        return Reason.BAD_ANSWER
    if status < 400:
        # A redirect is not followed, because it would send the key to another address.
        return Reason.NO_MODEL
    return _BY_STATUS.get(status, Reason.BAD_REQUEST)


def is_about_policy(message: object) -> bool:
    """Whether an error message is about the policy. Only for errors whose code also stands for other faults."""
    return isinstance(message, str) and _POLICY.search(message[:_POLICY_CHARS]) is not None


def check_key(secret: str) -> None:
    """Refuse a key that contains characters that headers do not allow."""
    if not _KEY.fullmatch(secret):
        raise failure(Reason.BAD_KEY)


def wait_in(value: object, *, now: datetime) -> timedelta | None:
    """Retry-After (RFC 9110), or another wait in seconds with or without `s`: at most 15 minutes.

    None for a wait that is over, negative or unreadable.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    text = value.strip()
    if (seconds := _SECONDS.fullmatch(text)) is not None:
        return timedelta(seconds=min(float(seconds[1]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
        left = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(left, LONGEST_WAIT) if left > timedelta(0) else None
