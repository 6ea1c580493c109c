"""Image ids, which contain their time (RFC 9562, version 7), and links to publications."""

import base64
import binascii
import re
import uuid
from datetime import UTC, datetime, timedelta

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LINK_BYTES = 32
_MAX_MILLISECONDS = (1 << 48) - 1


def is_image_id(text: str) -> bool:
    """Whether a text is an image id in its canonical form."""
    return _UUID7.fullmatch(text) is not None


def uuid7(at: datetime, random_bits: int) -> str:
    """Make an id from a time and 74 random bits; ids of later milliseconds sort later."""
    milliseconds = int(at.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | random_bits & (1 << 62) - 1))


def with_time(image_id: str, at: datetime) -> str:
    """The id with another time; its random bits stay."""
    return uuid7(at, _random_bits(image_id))


def later_id(image_id: str, than: str) -> str:
    """The id itself if it sorts after another; else one of the next millisecond, with the same random bits.

    Ids of one chain keep their order with it, even if the clock of whoever made the last one ran ahead.
    """
    return image_id if image_id > than else with_time(image_id, created_at(than) + timedelta(milliseconds=1))


def first_id_at(at: datetime) -> str:
    """The lowest id of a time; ids made at that time or later are not lower."""
    milliseconds = min(max(int(at.timestamp() * 1000), 0), _MAX_MILLISECONDS)
    return str(uuid.UUID(int=milliseconds << 80))


def id_bounds(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    """The inclusive bounds of all ids made from `since` on and before `until`."""
    # No id made at `until` or later sorts below its first id, and no id is equal to it: version bits differ.
    return first_id_at(since) if since else "0", first_id_at(until) if until else "g"


def created_at(image_id: str) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((uuid.UUID(image_id).int >> 80) / 1000, UTC)


def _random_bits(image_id: str) -> int:
    value = uuid.UUID(image_id).int
    return (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1


def link(image_id: str, publication: str) -> str:
    """The public name of a publication: 43 URL-safe characters."""
    raw = uuid.UUID(image_id).bytes + base64.urlsafe_b64decode(f"{publication}==")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def parse_link(text: str) -> tuple[str, str] | None:
    """The image and the publication of a link; None for any other text."""
    try:
        raw = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _LINK_BYTES:
        return None
    image_id = str(uuid.UUID(bytes=raw[:16]))
    publication = base64.urlsafe_b64encode(raw[16:]).rstrip(b"=").decode("ascii")
    # Base64 has unused bits at its end. Only the canonical form is accepted, so that a link has one spelling.
    if not is_image_id(image_id) or link(image_id, publication) != text:
        return None
    return image_id, publication
