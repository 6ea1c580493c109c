"""Reads the responses of sources: statuses, waits, and JSON whose form is not believed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from image_store.adapters.remote.source_http import SourceAnswer
from image_store.domain.errors import SourceUnreadable
from image_store.domain.images.image import Visibility
from image_store.domain.json_values import UnreadableJson, check_storable, read_json
from image_store.domain.upkeep.importing import LONGEST_WAIT, FetchedFile
from image_store.ports.upkeep import SourceBusy

MAX_LIST_BYTES = 16 * 1024 * 1024
"""Of one page of a list."""

_BUSY = frozenset({408, 420, 425, 429, 500, 502, 503, 504, 544})
_RATES = frozenset({420, 429})
_CREDENTIALS = frozenset({401, 403})


def check_status(status: int, headers: Mapping[str, str], *, now: datetime) -> None:
    """Raise unless a status is 200.

    Raises
    ------
    SourceBusy
        a later try may succeed; with the wait that the source names
    SourceUnreadable
        it will not
    """
    if status == 200:
        return
    if status in _BUSY:
        raise SourceBusy(wait_of(headers, now=now), limits_rate=status in _RATES)
    if status in _CREDENTIALS:
        raise SourceUnreadable("The source refuses the credentials, or they do not allow this.")
    if status == 404:
        raise SourceUnreadable("The source has nothing at this address.")
    raise SourceUnreadable(f"The source answered {status}.")


def file_of(answer: SourceAnswer, *, now: datetime, visibility: Visibility | None = None) -> FetchedFile:
    """The file in a response; raises as `check_status` does."""
    check_status(answer.status, answer.headers, now=now)
    media_type = answer.headers.get("content-type")
    return FetchedFile(data=answer.body, media_type=media_type, visibility=visibility)


def wait_of(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """How long the source wants to be left alone: `Retry-After` (RFC 9110), or the reset of Cloudinary's limit."""
    text = headers.get("retry-after") or headers.get("x-featureratelimit-reset")
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        seconds = timedelta(seconds=min(int(text[:9]), int(LONGEST_WAIT.total_seconds())))
        return max(seconds, timedelta(seconds=1))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(seconds=1)), LONGEST_WAIT)


def json_of(answer: SourceAnswer) -> dict[str, Any]:
    """The JSON object of a response; SourceUnreadable for anything else."""
    value = _json(answer)
    if not isinstance(value, dict):
        raise not_as_documented()
    return value


def list_of(answer: SourceAnswer) -> list[Any]:
    """The JSON list of a response; SourceUnreadable for anything else."""
    value = _json(answer)
    if not isinstance(value, list):
        raise not_as_documented()
    return value


def not_as_documented() -> SourceUnreadable:
    """The error for a response that does not have the documented form."""
    return SourceUnreadable("The source answered something else than its documentation says.")


def _json(answer: SourceAnswer) -> Any:
    try:
        value = read_json(answer.body)
        check_storable(value)  # half of a surrogate pair fits into no address and into no row
    except UnreadableJson:
        raise not_as_documented() from None
    return value


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; SourceUnreadable if it is none."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise not_as_documented()
    return value


def text_in(value: Mapping[str, Any], name: str) -> str | None:
    """A text of an object; None if it is missing, empty or no text."""
    text = value.get(name)
    return text if isinstance(text, str) and text else None


def path_in(address: str | None) -> tuple[str, ...]:
    """The decoded path of an address, alone; nothing if there is none, or if it cannot be read."""
    try:
        return (unquote(urlsplit(address).path),) if address is not None else ()
    except ValueError:  # such as brackets that are no IPv6 address
        return ()


def size_in(value: Mapping[str, Any], name: str) -> int | None:
    """A number of bytes; None if it is missing or is none."""
    number = value.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None


def object_in(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object of an object; empty if it is missing or is none."""
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def time_in(value: Mapping[str, Any], name: str) -> datetime | None:
    """An instant as text; None if it is missing or cannot be read. Without an offset it is in UTC."""
    text = text_in(value, name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
