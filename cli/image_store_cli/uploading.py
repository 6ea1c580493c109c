"""Uploads one picture: a small one in the request, a larger one straight to storage.

A picture is stored once, even if the upload is repeated. Its idempotency key is made from its bytes and attributes, and
the store returns the same image for a day. After that `on_duplicate` decides.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import httpx

from image_store_cli.api import unreachable_because
from image_store_cli.errors import Broken, RequestRefused, Unavailable
from image_store_cli.ids import image_path
from image_store_cli.problems import problem_of
from image_store_cli.retries import RetryPolicy, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from image_store_cli.api import ApiClient
    from image_store_cli.sources import PictureFile

IN_REQUEST_BYTES = 4_000_000  # the gateway takes about 4.5 MB
CHUNK = 256 * 1024
KEY_VERSION = "image-store-cli/1"
MOST_KEYS = 8
COMPLETION_SECONDS = 600
FIRST_POLL, LONGEST_POLL = 0.5, 5.0
COMPARED = ("kind", "visibility", "title", "alt_text", "category")
MULTIPLE = {"tag": "tags", "group": "groups"}


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The size and checksum of a file."""

    size: int
    sha256: str


def read_digest(path: Path) -> FileDigest:
    """Read a whole file for its size and checksum."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileDigest(size, digest.hexdigest())


def idempotency_key(
    picture: PictureFile, digest: FileDigest, attributes: Mapping[str, Any], *, number: int
) -> str:
    """Derive the key of one upload from its bytes and attributes; `number` makes another key after a deletion."""
    parts = [
        KEY_VERSION,
        picture.name,
        picture.filename,
        picture.content_type,
        digest.sha256,
        dict(attributes),
        number,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Uploader:
    """Uploads pictures that share their attributes; safe to use from several threads."""

    def __init__(
        self,
        api: ApiClient,
        attributes: Mapping[str, Any],
        *,
        in_request_bytes: int = IN_REQUEST_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._api = api
        self._attributes = dict(attributes)
        self._in_request_bytes = in_request_bytes
        self._sleep = sleep
        self._policy = policy or RetryPolicy()

    def upload(
        self,
        picture: PictureFile,
        digest: FileDigest,
        *,
        advance: Callable[[int], None],
        begun: Callable[[str], None] = lambda _: None,
    ) -> dict[str, Any]:
        """Store a picture and return the image; `begun` gets the id of a direct upload.

        An idempotency key keeps its image even after a deletion; then the next key is used.
        """
        direct = digest.size > self._in_request_bytes
        for number in range(MOST_KEYS):
            key = idempotency_key(picture, digest, self._attributes, number=number)
            try:
                image = (
                    self._direct(picture, digest, key, advance=advance, begun=begun)
                    if direct
                    else self._in_request(picture, digest, key, advance=advance)
                )
            except RequestRefused as refused:
                if refused.problem.code not in {"image_not_found", "upload_not_found"}:
                    raise
            else:
                if image.get("status") != "trashed":
                    return image
        raise Broken(
            "This picture was stored and deleted too often today: try again tomorrow, or rename the file."
        )

    def stored_image(self, image_id: str) -> dict[str, Any] | None:
        """An image that was stored before; None if it was deleted since."""
        try:
            image: dict[str, Any] = self._api.get(image_path(image_id))
        except RequestRefused as refused:
            if refused.problem.status == 404:
                return None
            raise
        return image if image.get("status") == "ready" else None

    def has_given_attributes(self, image: Mapping[str, Any] | None) -> bool:
        """Whether an image has the attributes of these uploads; an existing image may have others."""
        if image is None:
            return True
        own = _json(self._attributes)
        groups = image.get("groups", {})
        return (
            set(own.get("tags", ())) <= set(image.get("tags", ()))
            and all(
                set(members) <= set(groups.get(kind, ())) for kind, members in own.get("groups", {}).items()
            )
            and all(image.get(name) == own[name] for name in COMPARED if name in own)
        )

    def _in_request(
        self, picture: PictureFile, digest: FileDigest, key: str, *, advance: Callable[[int], None]
    ) -> dict[str, Any]:
        data = picture.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest.sha256:
            raise Broken("The file changed while it was being uploaded.")
        answer = self._api.request(
            "POST",
            "/v1/images",
            params=[("filename", picture.filename), *_query(self._attributes)],
            content=data,
            headers={"Content-Type": picture.content_type, "Idempotency-Key": key},
            repeatable=True,
        )
        advance(len(data))
        image: dict[str, Any] = answer.json()
        return image

    def _direct(
        self,
        picture: PictureFile,
        digest: FileDigest,
        key: str,
        *,
        advance: Callable[[int], None],
        begun: Callable[[str], None],
    ) -> dict[str, Any]:
        request = {
            "content_type": picture.content_type,
            "size_bytes": digest.size,
            "sha256": digest.sha256,
            "filename": picture.filename,
            **_json(self._attributes),
        }
        ticket: dict[str, Any] = self._api.post("/v1/uploads", request, key=key)
        if "upload" not in ticket:  # stored already
            advance(digest.size)
            return ticket
        begun(str(ticket["id"]))
        self._send(picture, digest, ticket["upload"], advance=advance)
        return self._complete(str(ticket["id"]))

    def _send(
        self,
        picture: PictureFile,
        digest: FileDigest,
        upload: dict[str, Any],
        *,
        advance: Callable[[int], None],
    ) -> None:
        """PUT the bytes to the link of a ticket, without a token; a 412 means that they have arrived already."""
        headers = {**upload["headers"], "Content-Length": str(digest.size)}
        attempt = 0
        while True:
            counter = _ByteCounter(advance)
            answer: httpx.Response | None = None
            try:
                with picture.path.open("rb") as file:
                    answer = self._api.http.put(upload["url"], content=counter.read(file), headers=headers)
            except httpx.TransportError as failed:
                pause = self._policy.wait(attempt, None)
                if pause is None:
                    raise Unavailable(f"Storage does not answer: {unreachable_because(failed)}.") from failed
            except RuntimeError as changed:  # h11 got fewer or more bytes than Content-Length says
                raise Broken("The file changed while it was being uploaded.") from changed
            else:
                if answer.status_code < 300:
                    return
                if answer.status_code == 412:
                    counter.undo()
                    advance(digest.size)
                    return
                waits = answer.status_code in {429, 500, 502, 503, 504}
                pause = self._policy.wait(attempt, retry_after(answer)) if waits else None
                if pause is None:
                    raise _storage_error(answer)
            counter.undo()
            self._sleep(pause)
            attempt += 1

    def _complete(self, upload_id: str) -> dict[str, Any]:
        """Complete a direct upload; a large one continues after the request, and is polled until it ends."""
        deadline = time.monotonic() + COMPLETION_SECONDS
        pause = FIRST_POLL
        while True:
            answer = self._api.request("POST", f"/v1/uploads/{upload_id}/complete", repeatable=True)
            if answer.status_code != 202:
                image: dict[str, Any] = answer.json()
                return image
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The bytes of upload {upload_id} have arrived and are still being processed: "
                    "repeat the command later."
                )
            self._sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)


class _ByteCounter:
    """Reports the bytes that were sent, and subtracts them if they must be sent again."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._sent = 0

    def read(self, file: IO[bytes]) -> Any:
        while chunk := file.read(CHUNK):
            yield chunk
            self._sent += len(chunk)
            self._advance(len(chunk))

    def undo(self) -> None:
        self._advance(-self._sent)
        self._sent = 0


def _storage_error(answer: httpx.Response) -> Unavailable | RequestRefused:
    if answer.status_code >= 500:
        return Unavailable(f"Storage answered {answer.status_code}.")
    return RequestRefused(problem_of(answer))


def _query(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Attributes as query parameters; those with several values are repeated."""
    return [
        (name, str(each))
        for name, value in attributes.items()
        for each in (value if isinstance(value, list) else [value])
    ]


def _json(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as the members of a JSON body."""
    body: dict[str, Any] = {}
    for name, value in attributes.items():
        if name == "group":
            groups: dict[str, list[str]] = {}
            for each in value:
                kind, _, member = each.partition(":")
                groups.setdefault(kind, []).append(member)
            body["groups"] = groups
        else:
            body[MULTIPLE.get(name, name)] = value
    return body
