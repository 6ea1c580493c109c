"""Uploads one image.

1. The source is opened and its first bytes are checked. Nothing is sent for a wrong type.
2. Up to `IN_REQUEST_BYTES`, the bytes are in one `POST /v1/images`.
3. Larger ones: hash, `POST /v1/uploads` for a link, PUT to the link, `POST …/complete`, which is repeated while the
   store still works on the image (202).

Every POST has the same idempotency key, so each step can be repeated after a lost response and the image is stored
once. A program that ends between the steps leaves at most a reservation, which the store removes after it expires.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias, cast

from image_store_client.errors import UnavailableError
from image_store_client.http.runtime import CHUNK_BYTES
from image_store_client.uploads.attributes import query_of
from image_store_client.uploads.sources import address_of, source_changed, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_store_client.http.transport import Transport
    from image_store_client.schemas import Image
    from image_store_client.uploads.sources import UploadSource

IN_REQUEST_BYTES = 4_000_000
"""The gateway takes about 4.5 MB."""
COMPLETION_SECONDS = 600
FIRST_POLL, LONGEST_POLL = 0.5, 5.0
HASHED_AT_ONCE = 8 * CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """How far one upload or download is; `loaded` begins again when bytes must be sent again."""

    loaded: int
    """Bytes of this phase so far."""
    total: int | None
    """All bytes; None if that is unknown."""
    phase: Literal["hashing", "sending", "finishing", "receiving"]


OnTransfer: TypeAlias = "Callable[[TransferProgress], object]"


class Upload:
    """One upload of one source."""

    def __init__(
        self,
        transport: Transport,
        attributes: Mapping[str, Any],
        *,
        on_progress: OnTransfer | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self._transport = transport
        self._attributes = {name: value for name, value in attributes.items() if value is not None}
        self._on_progress = on_progress
        self._headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}

    async def run(self, source: Any) -> Image:
        """Store the source and return its image."""
        if (url := address_of(source)) is not None:
            return await self._post(json={"source": {"url": url}, **self._attributes})
        with ExitStack() as closing:
            filename = self._attributes.get("filename")
            opened = await self._transport.runtime.call(lambda: source_of(source, closing, filename))
            if opened.filename is not None:
                self._attributes.setdefault("filename", opened.filename)
            if opened.size_bytes > IN_REQUEST_BYTES:
                return await self._direct(opened)
            return await self._in_request(opened)

    async def _in_request(self, source: UploadSource) -> Image:
        data = await self._transport.runtime.call(source.read)
        self._report(0, len(data), "sending")
        query = query_of(self._attributes)
        if query is not None:
            image = await self._post(params=_repeated(query), content=data, content_type=source.content_type)
        else:
            files = {
                "file": (None, data, source.content_type),
                "attributes": (None, json.dumps(self._attributes), "application/json"),
            }
            image = await self._post(files=files)
        self._report(len(data), len(data), "finishing")
        return image

    async def _post(self, *, content_type: str | None = None, **options: Any) -> Image:
        headers = self._headers | ({"Content-Type": content_type} if content_type else {})
        return cast(
            "Image",
            await self._transport.json("POST", "/v1/images", headers=headers, repeatable=True, **options),
        )

    async def _direct(self, source: UploadSource) -> Image:
        if source.sha256 is None:
            source = replace(source, sha256=await self._checksum(source))
        request = {
            "content_type": source.content_type,
            "size_bytes": source.size_bytes,
            "sha256": source.sha256,
            **self._attributes,
        }
        ticket = await self._transport.json(
            "POST", "/v1/uploads", json=request, headers=self._headers, repeatable=True
        )
        if "upload" not in ticket:  # stored already
            self._report(source.size_bytes, source.size_bytes, "finishing")
            return cast("Image", ticket)
        link = ticket["upload"]
        headers = {**link["headers"], "Content-Length": str(source.size_bytes)}
        await self._transport.put(link["url"], headers, lambda: self._counted(source))
        self._report(source.size_bytes, source.size_bytes, "finishing")
        return await self._complete(str(ticket["id"]))

    async def _checksum(self, source: UploadSource) -> str:
        digest, size = hashlib.sha256(), 0

        def add_some(file: IO[bytes]) -> int:
            data = file.read(HASHED_AT_ONCE)
            digest.update(data)
            return len(data)

        with source.open() as file:
            while count := await self._transport.runtime.call(lambda: add_some(file)):
                size += count
                if size > source.size_bytes:  # perhaps of a file that grows without end
                    break
                self._report(size, source.size_bytes, "hashing")
        if size != source.size_bytes:
            raise source_changed()
        return digest.hexdigest()

    def _counted(self, source: UploadSource) -> Iterator[bytes]:
        loaded = 0
        self._report(loaded, source.size_bytes, "sending")
        for chunk in source.chunks():
            yield chunk
            loaded += len(chunk)
            self._report(loaded, source.size_bytes, "sending")

    async def _complete(self, upload_id: str) -> Image:
        """Complete a direct upload; the store continues with a large one after the request."""
        waited, pause = 0.0, FIRST_POLL
        while True:
            answer = await self._transport.request(
                "POST", f"/v1/uploads/{upload_id}/complete", repeatable=True
            )
            if answer.status_code != 202:
                return cast("Image", answer.json())
            if waited > COMPLETION_SECONDS:
                raise UnavailableError(
                    f"The bytes of upload {upload_id} have arrived and are still being processed: "
                    "try the same upload again later.",
                    code="timeout",
                )
            await self._transport.runtime.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, LONGEST_POLL)

    def _report(self, loaded: int, total: int, phase: Literal["hashing", "sending", "finishing"]) -> None:
        if self._on_progress is not None:
            self._on_progress(TransferProgress(loaded, total, phase))


def _repeated(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    params: dict[str, list[str]] = {}
    for name, value in pairs:
        params.setdefault(name, []).append(value)
    return params
