"""Checks that a picture can be stored, downloaded, listed, published, unpublished and deleted."""

from __future__ import annotations

import hashlib
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx

from image_store_cli.display.texts import plural
from image_store_cli.doctor import cors
from image_store_cli.doctor.pixel import pixel
from image_store_cli.errors import Broken, CommandError, Unavailable
from image_store_client.downloads import ExpectedBytes
from image_store_client.http.transport import unreachable_because

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store_cli.doctor.results import CheckResults
    from image_store_cli.store.api import ApiClient

FILENAME = "image-store-doctor.png"
PNG = "image/png"
LISTED_SECONDS = 15
COMPLETED_SECONDS = 60
POLL_SECONDS = 0.5
STORAGE_MEND = (
    "503 storage_unavailable means that the store of bytes refuses the keys or a bucket is missing: check the store "
    "secret, that its keys are for both buckets, ByteStore, R2AccountId and R2Endpoint. The function's log has the "
    "reason with the request id."
)
DELETE_MEND = "Delete it by hand: image-store delete --permanent"


class PictureChecks:
    """Stores two pictures of one pixel, and deletes them at the end."""

    def __init__(
        self, findings: CheckResults, api: ApiClient, *, origin: str, api_origin: str, public_url: str | None
    ) -> None:
        self._findings = findings
        self._api = api
        self._origin = origin
        self._api_origin = api_origin
        self._public_url = public_url
        self._stored_ids: list[str] = []

    def run(self) -> None:
        """Run all checks; the stored pictures are deleted even after an error or an interruption."""
        try:
            image = self._upload()
            if image is not None:
                self._download(image)
                self._list(image)
                self._publish(image)
            self._direct()
        finally:
            self._delete()

    def _upload(self) -> dict[str, Any] | None:
        data = pixel()
        image: dict[str, Any] | None = None
        with self._findings.checking("upload", STORAGE_MEND):
            answer = self._api.request(
                "POST",
                "/v1/images",
                params={"filename": FILENAME},
                content=data,
                headers={"Content-Type": PNG},
                # Without an idempotency key: after a failure it would answer that the upload is still running.
            )
            image = answer.json()
            self._stored_ids.append(str(answer.json()["id"]))
            self._findings.ok("upload", "a picture of one pixel was stored")
        return image

    def _download(self, image: dict[str, Any]) -> None:
        mend = (
            "Links lead into the private bucket: check ByteStore, R2Endpoint, R2AccountId, and that this machine "
            "reaches it."
        )
        with self._findings.checking("download", mend):
            expected = ExpectedBytes(size=int(image["size_bytes"]), sha256=str(image["sha256"]))
            self._api.fetch(self._api.images.content_link(image["id"]), BytesIO(), expected)
            thumb = BytesIO()
            self._api.fetch(
                self._api.images.content_link(image["id"], preset="thumb"), thumb, ExpectedBytes()
            )
            if not thumb.getvalue():
                raise Broken("The thumbnail is empty.")
            self._findings.ok("download", "the original is identical, and there is a thumbnail")
            link = self._api.images.content_link(image["id"], preset="thumb")
            cors.check_download_link(self._findings, self._api.http, link, self._origin)

    def _list(self, image: dict[str, Any]) -> None:
        def is_listed() -> bool:
            return image["id"] in {card["id"] for card in self._api.images.list(page_size=100).page().items}

        with self._findings.checking("list", "Check the table's index by_owner."):
            if _becomes_true(is_listed, LISTED_SECONDS):
                self._findings.ok("list", "the picture is in the list")
            else:
                raise Unavailable(f"The picture is not in the list after {LISTED_SECONDS} seconds.")

    def _publish(self, image: dict[str, Any]) -> None:
        mend = (
            "PublicUrl must be the active custom domain of PublicBucket, and the keys of its store must include that "
            "bucket."
        )
        link = ""
        with self._findings.checking("public link", mend):
            published = self._api.images.update(image["id"], {"visibility": "public"})
            link = str(published["public_url"])
            target = self._follow_without_token(link)
            is_presigned = "x-amz-signature" in {name.lower() for name in httpx.URL(target).params}
            place = "a presigned link" if is_presigned else f"its copy at {httpx.URL(target).host}"
            self._findings.ok("public link", f"it works without a token, through {place}")
            if not is_presigned:
                cors.check_public_copy(self._findings, self._api.http, target, self._origin)
            if self._public_url and not self._is_at_public_url(target):
                self._findings.warn(
                    "PublicUrl",
                    "the link does not lead to it",
                    "Deploy with PublicBucket and PublicUrl together.",
                )
        if not link:
            return
        with self._findings.checking(
            "unpublish", "The link of a private image must not work: see the log of the update function."
        ):
            self._api.images.update(image["id"], {"visibility": "private"})
            status = self._get_without_token(link).status_code
            if status != 404:
                raise Broken(f"The link of an unpublished picture answers {status} and not 404.")
            self._findings.ok("unpublish", "the link stops working at once")

    def _is_at_public_url(self, target: str) -> bool:
        return bool(self._public_url) and target.startswith(f"{self._public_url}/")

    def _follow_without_token(self, link: str) -> str:
        """Follow a public link, and return the target of its redirect; Broken unless that is a picture."""
        redirect = self._get_without_token(link)
        target = str(redirect.headers.get("location", ""))
        if redirect.status_code not in {301, 302, 303, 307, 308} or not target:
            raise Broken(f"The public link answers {redirect.status_code} and no redirect.")
        answer = self._get_without_token(target)
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200 or not kind.startswith("image/"):
            host = httpx.URL(target).host
            raise Broken(
                f"The public link leads to {host}, which answers {answer.status_code} ({kind or 'no type'})."
            )
        return target

    def _get_without_token(self, url: str) -> httpx.Response:
        try:
            return self._api.http.get(url)
        except httpx.TransportError as failed:
            host = httpx.URL(url).host
            raise Unavailable(f"{host} does not answer: {unreachable_because(failed)}.") from failed

    def _direct(self) -> None:
        data = pixel()
        checksum = hashlib.sha256(data).hexdigest()
        request = {
            "content_type": PNG,
            "size_bytes": len(data),
            "sha256": checksum,
            "filename": FILENAME,
        }
        with self._findings.checking("direct upload", STORAGE_MEND):
            ticket = self._api.request_json("POST", "/v1/uploads", json=request)
            put = ticket["upload"]
            origins = (self._origin, self._api_origin)
            cors.check_upload_link(self._findings, self._api.http, put["url"], origins, put["headers"])
            try:
                answer = self._api.http.put(put["url"], content=data, headers=put["headers"])
            except httpx.TransportError as failed:
                raise Unavailable(f"Storage does not answer: {unreachable_because(failed)}.") from failed
            if answer.status_code != 200:
                raise Broken(f"Storage answers {answer.status_code} to the PUT of a presigned link.")
            self._stored_ids.append(str(ticket["id"]))
            if not _becomes_true(lambda: self._is_complete(ticket["id"]), COMPLETED_SECONDS):
                raise Unavailable(
                    "The upload is not complete after a minute: see the log of the work function."
                )
            self._findings.ok("direct upload", "a presigned PUT was stored and completed")

    def _is_complete(self, upload_id: str) -> bool:
        answer = self._api.request("POST", f"/v1/uploads/{upload_id}/complete", repeatable=True)
        return answer.status_code != 202

    def _delete(self) -> None:
        remaining: list[str] = []
        for image_id in self._stored_ids:
            try:
                self._api.images.delete(image_id, permanent=True)
            except CommandError:
                remaining.append(image_id)
        if remaining:
            self._findings.wrong(
                "delete",
                f"{plural(len(remaining), 'picture')} could not be deleted",
                f"{DELETE_MEND} {' '.join(remaining)}",
            )
        elif self._stored_ids:
            self._findings.ok("delete", "the pictures are deleted again")


def _becomes_true(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition for a limited time; False if it never becomes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
