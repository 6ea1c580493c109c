"""Image ids and the times that lie in them (RFC 9562, version 7), and links to publications."""

import base64
import binascii
import re
import uuid
from datetime import UTC, datetime

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LINK_BYTES = 32
_MAX_MILLISECONDS = (1 << 48) - 1


def is_image_id(text: str) -> bool:
    """Whether a text has the one canonical form of an image id."""
    return _UUID7.fullmatch(text) is not None


def uuid7(at: datetime, random_bits: int) -> str:
    """Make an id from an instant and 74 random bits; ids of later milliseconds sort later."""
    milliseconds = int(at.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | random_bits & (1 << 62) - 1))


def first_id_at(at: datetime) -> str:
    """The lowest id that an instant can have; every id made at or after it is not lower."""
    milliseconds = min(max(int(at.timestamp() * 1000), 0), _MAX_MILLISECONDS)
    return str(uuid.UUID(int=milliseconds << 80))


def id_bounds(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    """The ids between which, both included, all lie that were made from `since` on and before `until`."""
    # No id made at `until` or later sorts below its first id, and no id is equal to it: version bits differ.
    return first_id_at(since) if since else "0", first_id_at(until) if until else "g"


def created_at(image_id: str) -> datetime:
    """The instant an id was made, to the millisecond."""
    return datetime.fromtimestamp((uuid.UUID(image_id).int >> 80) / 1000, UTC)


def link(image_id: str, publication: str) -> str:
    """The public name of a publication: 43 URL-safe characters."""
    raw = uuid.UUID(image_id).bytes + base64.urlsafe_b64decode(f"{publication}==")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def parse_link(text: str) -> tuple[str, str] | None:
    """The image and publication a link names; None for whatever is not a link."""
    try:
        raw = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _LINK_BYTES:
        return None
    image_id = str(uuid.UUID(bytes=raw[:16]))
    publication = base64.urlsafe_b64encode(raw[16:]).rstrip(b"=").decode("ascii")
    # Base64 has spare bits at its end: only the canonical spelling counts, so that a link has one address.
    if not is_image_id(image_id) or link(image_id, publication) != text:
        return None
    return image_id, publication
