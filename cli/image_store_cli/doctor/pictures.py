"""Checks of a picture's life: store, read back, list, publish, unpublish and delete it."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx

from image_store_cli.api import unreachable_because
from image_store_cli.doctor import cors
from image_store_cli.doctor.pixel import pixel
from image_store_cli.downloads import Expected, fetch, locate
from image_store_cli.errors import Broken, CommandError, Unavailable
from image_store_cli.ids import image_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from image_store_cli.api import ApiClient
    from image_store_cli.doctor.results import CheckResults

FILENAME = "image-store-doctor.png"
PNG = "image/png"
LISTED_SECONDS = 15
COMPLETED_SECONDS = 60
POLL_SECONDS = 0.5
STORAGE_MEND = (
    "503 storage_unavailable means that R2 refuses the key pair or a bucket is missing: check the R2 secret, that "
    "its token is for both buckets, R2AccountId and R2Endpoint. The function's log has the reason under the "
    "request id."
)
DELETE_MEND = "Delete it by hand: image-store delete --permanent"


class PictureChecks:
    """Stores two pictures of one pixel, and leaves nothing behind."""

    def __init__(
        self, findings: CheckResults, api: ApiClient, *, origin: str, api_origin: str, public_url: str | None
    ) -> None:
        self._findings = findings
        self._api = api
        self._origin = origin
        self._api_origin = api_origin
        self._public_url = public_url
        self._made: list[str] = []

    def run(self) -> None:
        """Do all of it; what was stored is deleted even when something fails or a person interrupts."""
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
                params=[("filename", FILENAME)],
                content=data,
                headers={"Content-Type": PNG},
                # Without a key: one that failed would be told to be under way still, which hides why.
            )
            image = answer.json()
            self._made.append(str(answer.json()["id"]))
            self._findings.ok("upload", "a picture of one pixel was stored")
        return image

    def _download(self, image: dict[str, Any]) -> None:
        mend = "Links lead into the private bucket: check R2Endpoint, R2AccountId, and that this machine reaches it."
        with self._findings.checking("download", mend):
            expected = Expected(size=int(image["size_bytes"]), sha256=str(image["sha256"]))
            fetch(self._api.http, locate(self._api, image["id"], None), BytesIO(), expected)
            thumb = BytesIO()
            fetch(self._api.http, locate(self._api, image["id"], "thumb"), thumb, Expected(size=None))
            if not thumb.getvalue():
                raise Broken("The thumbnail is empty.")
            self._findings.ok("download", "the original is byte for byte the same, and there is a thumbnail")
            link = locate(self._api, image["id"], "thumb")
            cors.check_download_link(self._findings, self._api.http, link, self._origin)

    def _list(self, image: dict[str, Any]) -> None:
        def is_listed() -> bool:
            return image["id"] in {card["id"] for card in self._api.get("/v1/images", limit=100)["items"]}

        with self._findings.checking("list", "Check the table's index by_owner."):
            if _soon(is_listed, LISTED_SECONDS):
                self._findings.ok("list", "the picture is in the list")
            else:
                raise Unavailable(f"The picture is not in the list after {LISTED_SECONDS} seconds.")

    def _publish(self, image: dict[str, Any]) -> None:
        mend = "PublicUrl must be the active custom domain of PublicBucket, and the R2 token be for that bucket too."
        link = ""
        with self._findings.checking("public link", mend):
            published = self._api.patch(image_path(image["id"]), {"visibility": "public"})
            link = str(published["public_url"])
            where = self._seen_by_a_stranger(link)
            is_presigned = "x-amz-signature" in {name.lower() for name in httpx.URL(where).params}
            behind = "a presigned link" if is_presigned else f"its copy at {httpx.URL(where).host}"
            self._findings.ok("public link", f"a stranger sees it, through {behind}")
            if not is_presigned:
                cors.check_public_copy(self._findings, self._api.http, where, self._origin)
            if self._public_url and not self._leads_to_the_cdn(where):
                self._findings.warn(
                    "PublicUrl", "the link leads past it", "Deploy with PublicBucket and PublicUrl together."
                )
        if not link:
            return
        with self._findings.checking(
            "unpublish", "Private images must not be seen: see the log of the update function."
        ):
            self._api.patch(image_path(image["id"]), {"visibility": "private"})
            status = self._stranger(link).status_code
            if status != 404:
                raise Broken(f"The link of an unpublished picture answers {status} and not 404.")
            self._findings.ok("unpublish", "the link is dead at once")

    def _leads_to_the_cdn(self, where: str) -> bool:
        return bool(self._public_url) and where.startswith(f"{self._public_url}/")

    def _seen_by_a_stranger(self, link: str) -> str:
        """Follow a public link without a token, and answer where it leads."""
        first = self._stranger(link)
        where = str(first.headers.get("location", ""))
        if first.status_code not in {301, 302, 303, 307, 308} or not where:
            raise Broken(f"The public link answers {first.status_code} and no redirect.")
        answer = self._stranger(where)
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200 or not kind.startswith("image/"):
            host = httpx.URL(where).host
            raise Broken(
                f"The public link leads to {host}, which answers {answer.status_code} ({kind or 'no type'})."
            )
        return where

    def _stranger(self, url: str) -> httpx.Response:
        try:
            return self._api.http.get(url)
        except httpx.TransportError as failed:
            host = httpx.URL(url).host
            raise Unavailable(f"{host} does not answer: {unreachable_because(failed)}.") from failed

    def _direct(self) -> None:
        data = pixel()
        checksum = hashlib.sha256(data).hexdigest()
        announced = {
            "content_type": PNG,
            "size_bytes": len(data),
            "sha256": checksum,
            "filename": FILENAME,
        }
        with self._findings.checking("direct upload", STORAGE_MEND):
            ticket = self._api.post("/v1/uploads", announced)
            put = ticket["upload"]
            origins = (self._origin, self._api_origin)
            cors.check_upload_link(self._findings, self._api.http, put["url"], origins, put["headers"])
            try:
                answer = self._api.http.put(put["url"], content=data, headers=put["headers"])
            except httpx.TransportError as failed:
                raise Unavailable(f"Storage does not answer: {unreachable_because(failed)}.") from failed
            if answer.status_code != 200:
                raise Broken(f"Storage answers {answer.status_code} to the PUT of a presigned link.")
            self._made.append(str(ticket["id"]))
            if not _soon(lambda: self._is_complete(ticket["id"]), COMPLETED_SECONDS):
                raise Unavailable(
                    "The upload is not completed after a minute: see the log of the work function."
                )
            self._findings.ok("direct upload", "a presigned PUT was stored and completed")

    def _is_complete(self, upload_id: str) -> bool:
        answer = self._api.request("POST", f"/v1/uploads/{upload_id}/complete", repeatable=True)
        return answer.status_code != 202

    def _delete(self) -> None:
        left: list[str] = []
        for image_id in self._made:
            with self._kept_as_left(image_id, left):
                self._api.delete(image_path(image_id), permanent="true")
        if left:
            self._findings.wrong(
                "delete", f"{len(left)} pictures could not be deleted", f"{DELETE_MEND} {' '.join(left)}"
            )
        elif self._made:
            self._findings.ok("delete", "what was stored is gone again")

    @contextmanager
    def _kept_as_left(self, image_id: str, left: list[str]) -> Iterator[None]:
        try:
            yield
        except CommandError:
            left.append(image_id)


def _soon(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition for a limited time; false if it never holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
