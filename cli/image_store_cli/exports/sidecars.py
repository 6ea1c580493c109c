"""The sidecar of an exported image: a JSON file beside it with what an upload takes, and the facts of the image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError
from image_store_client.schemas import ImageAttributes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = "image-store-export/1"
SUFFIX = ".json"
TRASHED = "trashed"
"""The status of an image in the trash; a sidecar has no other status."""
MOST_BYTES = 1024 * 1024
"""The attributes of an image have at most about 50 KB."""
FACTS = ("id", "created_at", "updated_at", "sha256", "size_bytes", "content_type", "width", "height")
NOT_EXPORTED = frozenset({"on_duplicate", "created_at"})
"""What an upload takes beside attributes: a rule for this upload, and a date that is one of the facts."""
ATTRIBUTES = tuple(name for name in ImageAttributes.__annotations__ if name not in NOT_EXPORTED)
OBJECTS = frozenset({"metadata", "generation", "analysis"})


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """The file of an exported image."""

    rendition: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says about its file."""

    attributes: Mapping[str, Any]
    image_id: str | None
    created_at: str | None
    owner: str | None
    is_trashed: bool
    """Whether the image was in the trash when it was exported."""
    sha256: str | None
    """The checksum of the image's original."""
    file_sha256: str | None
    """The checksum that the file has; None if the sidecar does not say."""


def sidecar_of(image: Mapping[str, Any], file: ExportedFile, *, with_owner: bool) -> dict[str, Any]:
    """The sidecar of an image; attributes without a value are left out, since an upload has the same defaults."""
    attributes = {name: image[name] for name in ATTRIBUTES if image.get(name) not in (None, [], {})}
    if image["alt_text_source"] != "given":  # the store derives it again
        attributes.pop("alt_text", None)
    return {
        "format": FORMAT,
        **{name: image[name] for name in FACTS},
        **({"status": TRASHED} if image["status"] == TRASHED else {}),
        **({"owner": image["owner_id"]} if with_owner else {}),
        "file": {"rendition": file.rendition, "size_bytes": file.size_bytes, "sha256": file.sha256},
        "attributes": attributes,
    }


def path_of_sidecar(path: Path) -> Path:
    """Where the sidecar of a file is."""
    return path.with_name(f"{path.name}{SUFFIX}")


def text_of(sidecar: Mapping[str, Any]) -> bytes:
    """A sidecar as it is written."""
    return (json.dumps(sidecar, ensure_ascii=False, indent=2) + "\n").encode(errors="replace")


def read_sidecar(path: Path) -> Sidecar | None:
    """Read a sidecar; None if there is none, or the file is JSON of another program.

    UsageError for a sidecar that is damaged or of a later version: without it attributes would be lost unnoticed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as failed:
        raise UsageError(f"{path} cannot be read: {failed.strerror}.") from failed
    if len(data) > MOST_BYTES:
        raise _damaged(path, f"it has more than {MOST_BYTES // 1024} KB")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise _damaged(path, "it is not JSON") from None
    if not isinstance(body, dict) or "format" not in body:
        return None
    if body["format"] != FORMAT:
        raise UsageError(f"{path} has the format {body['format']!r}, and this command line reads {FORMAT}.")
    return _sidecar(path, body)


def _sidecar(path: Path, body: Mapping[str, Any]) -> Sidecar:
    attributes, file = body.get("attributes", {}), body.get("file", {})
    if not isinstance(attributes, dict) or not isinstance(file, dict):
        raise _damaged(path, "attributes and file must be objects")
    if unknown := sorted(attributes.keys() - set(ATTRIBUTES)):
        raise UsageError(f"{path} has attributes that this command line does not know: {', '.join(unknown)}.")
    if wrong := sorted(name for name, value in attributes.items() if not _is_right(name, value)):
        raise _damaged(path, f"wrong type of {', '.join(wrong)}")
    texts = {
        "id": body.get("id"),
        "created_at": body.get("created_at"),
        "owner": body.get("owner"),
        "sha256": body.get("sha256"),
        "file.sha256": file.get("sha256"),
        "status": body.get("status"),
    }
    if wrong := sorted(name for name, value in texts.items() if not isinstance(value, str | None)):
        raise _damaged(path, f"wrong type of {', '.join(wrong)}")
    return Sidecar(
        attributes={name: value for name, value in attributes.items() if value is not None},
        image_id=texts["id"],
        created_at=texts["created_at"],
        owner=texts["owner"],
        is_trashed=texts["status"] == TRASHED,
        sha256=texts["sha256"],
        file_sha256=texts["file.sha256"],
    )


def _is_right(name: str, value: Any) -> bool:
    """Whether a value has the type of its attribute: in a query, every value would become a text."""
    if value is None:
        return True
    if name == "tags":
        return _are_texts(value)
    if name == "groups":
        return isinstance(value, dict) and all(map(_are_texts, value.values()))
    if name in OBJECTS:
        return isinstance(value, dict)
    if name == "rating":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(f"The sidecar {path} is damaged: {why}. Export it again, or delete it.")
