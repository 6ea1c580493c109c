"""Uploads one image.

1. The source is opened and its first bytes are checked. Nothing is sent for a wrong type.
2. Up to `IN_REQUEST_BYTES`, the bytes are in one `POST /v1/images`.
3. Larger ones: hash, `POST /v1/uploads` for a link, PUT to the link, `POST …/complete`, which is repeated while the
   store still works on the image (202). It follows whatever the PUT seemed to do: its answer may be lost, and only the
   store knows whether the bytes have arrived. If it says that they have not (`upload_incomplete`, `upload_not_found`),
   all but the hash is repeated: the store then gives a link that works, and replaces a reservation that has expired.

Every POST has the same idempotency key, so each step can be repeated after a lost response and the image is stored
once. A program that ends between the steps leaves at most a reservation, which the store removes after it expires.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, cast

from image_store_client.errors import ImageStoreError, UnavailableError, source_changed
from image_store_client.http.runtime import CHUNK_BYTES
from image_store_client.http.transport import body_of
from image_store_client.progress import UploadProgress
from image_store_client.uploads.attributes import query_of
from image_store_client.uploads.sources import address_of, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client.http.transport import Transport
    from image_store_client.progress import OnUploadProgress, UploadPhase
    from image_store_client.uploads.image_of_upload import ImageOfUpload
    from image_store_client.uploads.sources import UploadSource

IN_REQUEST_BYTES = 4_000_000
"""The gateway takes about 4.5 MB."""
COMPLETION_SECONDS = 600
FIRST_POLL, LONGEST_POLL = 0.5, 5.0
HASHED_AT_ONCE = 8 * CHUNK_BYTES
NOT_ARRIVED = {"upload_incomplete", "upload_not_found"}
"""Codes of a direct upload without its bytes."""
REFUSED = {"storage_refused", "source_changed"}
"""Codes of a PUT that may be refused once: a link expires, and bytes are damaged on their way."""


OK = 200
"""The status of an image that existed; a new one has 201."""


class Upload:
    """One upload of one source."""

    def __init__(
        self,
        transport: Transport,
        attributes: Mapping[str, Any],
        *,
        on_progress: OnUploadProgress | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self._transport = transport
        self._attributes = {name: value for name, value in attributes.items() if value is not None}
        self._on_progress = on_progress
        self._headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        self._is_new_key = idempotency_key is None

    async def run(self, source: Any) -> ImageOfUpload:
        """Store the source and return its image."""
        if (url := address_of(source)) is not None:
            self._report(0, 0, "finishing")
            return await self._post(json={"source": {"url": url}, **self._attributes})
        with ExitStack() as closing:
            filename = self._attributes.get("filename")
            opened = await self._transport.runtime.call(lambda: source_of(source, closing, filename))
            send = self._direct if opened.size_bytes > IN_REQUEST_BYTES else self._in_request
            if opened.filename is None or "filename" in self._attributes:
                return await send(opened)
            self._attributes["filename"] = opened.filename
            try:
                return await send(opened)
            except ImageStoreError as failed:
                # An upload token may forbid to set the name, which the caller has not chosen.
                if failed.code != "upload_not_allowed":
                    raise
            del self._attributes["filename"]
            return await send(opened)

    async def _in_request(self, source: UploadSource) -> ImageOfUpload:
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

    async def _post(self, *, content_type: str | None = None, **options: Any) -> ImageOfUpload:
        headers = self._headers | ({"Content-Type": content_type} if content_type else {})
        answer = await self._transport.request(
            "POST", "/v1/images", headers=headers, repeatable=True, **options
        )
        return _with(body_of(answer), existed=answer.status_code == OK)

    async def _direct(self, source: UploadSource) -> ImageOfUpload:
        if source.sha256 is None:
            source = replace(source, sha256=await self._checksum(source))
        policy, retries, refusals = self._transport.policy, 0, 0
        has_sent = False
        while True:
            reserved = await self._reserve(source)
            if "upload" not in reserved:  # stored already, perhaps by an earlier upload with this key
                self._report(source.size_bytes, source.size_bytes, "finishing")
                return _with(reserved, existed=self._is_new_key and not has_sent)
            has_sent = True
            failure = await self._put(reserved["upload"], source)
            try:
                return await self._complete(str(reserved["id"]))
            except ImageStoreError as not_complete:
                if not_complete.code not in NOT_ARRIVED:
                    raise
                reason = failure or not_complete
            refusals += failure is not None and failure.code in REFUSED
            pause = policy.wait(retries, failure.retry_after if failure else None)
            if pause is None or refusals > 1:
                raise reason
            await self._transport.runtime.sleep(pause)
            retries += 1

    async def _reserve(self, source: UploadSource) -> Any:
        announced = {
            "content_type": source.content_type,
            "size_bytes": source.size_bytes,
            "sha256": source.sha256,
            **self._attributes,
        }
        return await self._transport.json(
            "POST", "/v1/uploads", json=announced, headers=self._headers, repeatable=True
        )

    async def _put(self, link: Mapping[str, Any], source: UploadSource) -> ImageStoreError | None:
        """Send the bytes and return what failed."""
        size = source.size_bytes
        self._report(0, size, "sending")
        failure = await self._transport.put(
            link["url"],
            {**link["headers"], "Content-Length": str(size)},
            source.chunks,
            on_bytes=lambda loaded: self._report(loaded, size, "sending"),
        )
        if failure is None:
            self._report(size, size, "finishing")
        return failure

    async def _checksum(self, source: UploadSource) -> str:
        digest, size = hashlib.sha256(), 0

        def add_some(file: IO[bytes]) -> int:
            data = file.read(HASHED_AT_ONCE)
            digest.update(data)
            return len(data)

        self._report(0, source.size_bytes, "hashing")
        with source.open() as file:
            while count := await self._transport.runtime.call(lambda: add_some(file)):
                size += count
                if size > source.size_bytes:  # perhaps of a file that grows without end
                    break
                self._report(size, source.size_bytes, "hashing")
        if size != source.size_bytes:
            raise source_changed()
        return digest.hexdigest()

    async def _complete(self, upload_id: str) -> ImageOfUpload:
        """Complete a direct upload; the store continues with a large one after the request."""
        waited, pause = 0.0, FIRST_POLL
        while True:
            answer = await self._transport.request(
                "POST", f"/v1/uploads/{upload_id}/complete", repeatable=True
            )
            if answer.status_code != 202:
                return _with(answer.json(), existed=False)
            if waited > COMPLETION_SECONDS:
                raise UnavailableError(
                    f"The store is still processing image {upload_id}: upload it again with the same "
                    "idempotency key to wait on.",
                    code="upload_pending",
                    status=answer.status_code,
                )
            await self._transport.runtime.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, LONGEST_POLL)

    def _report(self, loaded: int, total: int, phase: UploadPhase) -> None:
        if self._on_progress is not None:
            self._on_progress(UploadProgress(loaded, total, phase))


def _repeated(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    params: dict[str, list[str]] = {}
    for name, value in pairs:
        params.setdefault(name, []).append(value)
    return params


def _with(image: dict[str, Any], *, existed: bool) -> ImageOfUpload:
    return cast("ImageOfUpload", {**image, "existed": existed})
