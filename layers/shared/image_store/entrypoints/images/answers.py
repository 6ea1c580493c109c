"""Builds the HTTP responses that show images."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.errors import ImageStoreError
from image_store.domain.ids import link
from image_store.domain.images.details import DETAIL_ATTRIBUTES
from image_store.domain.images.image import Image, ImageRecord, public_key
from image_store.domain.times import rfc3339
from image_store.entrypoints.callers.admission import note_refusal
from image_store.entrypoints.http.problems import item_problem
from image_store.entrypoints.http.request import JSON
from image_store.ports.objects import ObjectStore

if TYPE_CHECKING:  # only some functions load these modules
    from image_store.domain.finding.cards import Card
    from image_store.services.delivery.renditions import RenditionFile
    from image_store.services.delivery.shares import SharedRendition
    from image_store.services.images.batch_changes import ChangeResult
    from image_store.services.images.batch_deletion import DeletionResult
    from image_store.services.images.direct_uploads import Ticket
    from image_store.services.images.uploads import AcceptedImage

Method = Literal["GET", "HEAD"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Builds responses; links to private bytes are signed for each response and never stored."""

    private: ObjectStore
    public_url: str

    def image(self, image: Image, *, api_url: str, status: int = 200) -> "Response[str]":
        """An image with its ETag; a new one (201) also with its Location."""
        headers = {"ETag": etag(image.record), "Cache-Control": "private, no-cache"}
        if status == 201:
            headers["Location"] = f"{api_url}/v1/images/{image.record.id}"
        return Response(status, JSON, _json(self._image(image, api_url)), headers=headers)

    def ticket(self, ticket: "Ticket", *, api_url: str) -> "Response[str]":
        """201: the link of a direct upload."""
        body = {
            "id": ticket.image_id,
            "upload": {"method": "PUT", "url": ticket.put.url, "headers": dict(ticket.put.headers)},
            "expires_at": rfc3339(ticket.expires_at),
        }
        headers = {
            "Cache-Control": "no-store",
            "Location": f"{api_url}/v1/uploads/{ticket.image_id}/complete",
        }
        return Response(201, JSON, _json(body), headers=headers)

    def batch(
        self, outcomes: "Sequence[AcceptedImage | ImageStoreError]", *, api_url: str
    ) -> "Response[str]":
        """The result of each item of a batch, by its index."""
        successful, failed = [], []
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, ImageStoreError):
                note_refusal(outcome)
                failed.append({"index": index, "error": item_problem(outcome)})
            else:
                image = self._image(outcome.image, api_url)
                successful.append({"index": index, "image": image, "existed": outcome.existed})
        return _batch({"successful": successful, "failed": failed})

    def original(self, record: ImageRecord, *, method: Method) -> "Response[str]":
        """A redirect to the original, for its owner; the link works for this method only."""
        key = record.original_key
        return redirect(self.private.presigned_read(key, filename=record.filename, method=method))

    def rendition(self, file: "RenditionFile", *, method: Method) -> "Response[str]":
        """A redirect to a rendition, for its owner; the link works for this method only."""
        return redirect(self._rendition_url(file.record, file.rendition, method), vary="Accept")

    def public_redirect(self, file: "RenditionFile", *, method: Method = "GET") -> "Response[str]":
        """A redirect for a public link: to the CDN, or to a presigned link if there is none.

        A substitute for a missing rendition is not cached.
        """
        url = self._rendition_url(file.record, file.rendition, method)
        if self.public_url and file.is_exact:
            return redirect(url, "public, max-age=60", vary="Accept")
        return redirect(url, vary="Accept")

    def signed_redirect(self, file: "RenditionFile | str", *, method: Method = "GET") -> "Response[str]":
        """A redirect for a signed link, to a rendition or a private key; not cached, since the link expires."""
        if isinstance(file, str):
            return redirect(self.private.presigned_read(file, method=method))
        return redirect(self._rendition_url(file.record, file.rendition, method), vary="Accept")

    def shared_redirect(self, shared: "SharedRendition", *, method: Method = "GET") -> "Response[str]":
        """A redirect for a share, which a browser keeps for a minute at most and no other cache keeps.

        A substitute for a missing rendition is not cached.
        """
        file, seconds = shared.file, int(shared.cached_for.total_seconds())
        cache_control = f"private, max-age={seconds}" if file.is_exact else "private, no-store"
        return redirect(
            self._rendition_url(file.record, file.rendition, method), cache_control, vary="Accept"
        )

    def _image(self, image: Image, api_url: str) -> dict[str, Any]:
        record, details = image.record, image.details
        source = "given" if details.alt_text_given else "derived"
        return {
            "id": record.id,
            "owner_id": record.owner,
            "kind": record.kind,
            "visibility": record.visibility,
            "status": record.state,
            "filename": record.filename,
            "content_type": record.media_type,
            "size_bytes": record.size_bytes,
            "width": record.width,
            "height": record.height,
            "sha256": record.sha256,
            "category": record.category,
            **{name: getattr(details, name) for name in DETAIL_ATTRIBUTES},
            "alt_text_source": source if details.alt_text is not None else "none",
            "groups": groups_of(details.groups),
            "cache_control": record.cache_control,
            "placeholder": _placeholder(record.placeholder),
            "url": f"{api_url}/v1/images/{record.id}/content",
            "public_url": f"{api_url}/i/{quote(link(record.id, record.publication))}"
            if record.publication
            else None,
            "renditions": {
                rendition.preset: self._rendition(record, rendition)
                for rendition in record.renditions
                if rendition.making is None
            },
            "created_at": rfc3339(record.created_at),
            "updated_at": rfc3339(record.updated_at),
            "expires_at": rfc3339(record.expires_at) if record.expires_at else None,
            "restorable_until": rfc3339(record.restorable_until) if record.restorable_until else None,
            "warnings": details.warnings,
        }

    def _rendition(self, record: ImageRecord, rendition: Rendition) -> dict[str, Any]:
        return _rendition(rendition, self._rendition_url(record, rendition))

    def _rendition_url(self, record: ImageRecord, rendition: Rendition, method: Method = "GET") -> str:
        if record.publication and self.public_url:
            return f"{self.public_url}/{public_key(record.publication, rendition)}"
        return self.private.presigned_read(record.rendition_key(rendition), method=method)

    def rendition_of_card(self, card: "Card", rendition: Rendition) -> dict[str, Any]:
        """A rendition of an image of which only the card was read."""
        if card.publication and self.public_url:
            url = f"{self.public_url}/{public_key(card.publication, rendition)}"
        else:
            url = self.private.presigned_read(card.rendition_key(rendition))
        return _rendition(rendition, url)

    def card(self, card: "Card") -> dict[str, Any]:
        """An image in a list."""
        public_key_of_thumb = card.public_thumb_key if self.public_url else None
        return {
            "id": card.id,
            "kind": card.kind,
            "visibility": card.visibility,
            "filename": card.filename,
            "content_type": card.media_type,
            "size_bytes": card.size_bytes,
            "width": card.width,
            "height": card.height,
            "alt_text": card.alt_text,
            "placeholder": _placeholder(card.placeholder),
            "thumb_url": f"{self.public_url}/{public_key_of_thumb}"
            if public_key_of_thumb
            else self.private.presigned_read(card.thumb_key),
            "created_at": rfc3339(card.created_at),
            **({"restorable_until": rfc3339(card.restorable_until)} if card.restorable_until else {}),
        }


def etag(record: ImageRecord) -> str:
    """The strong validator of an image: its version. Signed links do not count."""
    return f'"{record.version}"'


def not_modified(record: ImageRecord) -> "Response[str]":
    """304 for a client that has this version already."""
    return Response(304, body="", headers={"ETag": etag(record), "Cache-Control": "private, no-cache"})


def redirect(
    url: str, cache_control: str = "private, no-store", *, vary: str | None = None
) -> "Response[str]":
    """302 to the bytes; `vary` names the request header that decides which bytes."""
    headers = {"Location": url, "Cache-Control": cache_control}
    return Response(302, body="", headers=headers if vary is None else headers | {"Vary": vary})


def signed_link(url: str, expires_at: datetime) -> "Response[str]":
    """201: a signed link and when it expires."""
    body = {"url": url, "expires_at": rfc3339(expires_at)}
    return Response(201, JSON, _json(body), headers={"Cache-Control": "no-store"})


def processing(image_id: str, *, api_url: str) -> "Response[str]":
    """202: the image will be at Location; completing the upload again returns the result."""
    headers = {
        "Cache-Control": "no-store",
        "Location": f"{api_url}/v1/images/{image_id}",
        "Retry-After": "2",
    }
    return Response(202, JSON, _json({"id": image_id, "status": "processing"}), headers=headers)


def batch_deletion(result: "DeletionResult") -> "Response[str]":
    """The result for each image of a batch deletion."""
    return _batch(
        {
            "successful": result.successful,
            "failed": [{"id": image_id, "error": item_problem(error)} for image_id, error in result.failed],
            "next_cursor": result.next_cursor,
        }
    )


def batch_change(result: "ChangeResult") -> "Response[str]":
    """The result for each image of a batch of changes."""
    failed = [{"id": image_id, "error": item_problem(error)} for image_id, error in result.failed]
    return _batch({"successful": result.successful, "failed": failed})


def no_content() -> "Response[str]":
    """204."""
    return Response(204, body="")


def _batch(body: dict[str, Any]) -> "Response[str]":
    return Response(200, JSON, _json(body), headers={"Cache-Control": "private, no-store"})


def groups_of(names: Sequence[str]) -> dict[str, list[str]]:
    """Groups by their types."""
    groups: dict[str, list[str]] = {}
    for name in names:
        kind, _, member = name.partition(":")
        groups.setdefault(kind, []).append(member)
    return groups


def _rendition(rendition: Rendition, url: str) -> dict[str, Any]:
    return {
        "url": url,
        "content_type": rendition.media_type,
        "width": rendition.width,
        "height": rendition.height,
        "size_bytes": rendition.size_bytes,
    }


def _placeholder(placeholder: Placeholder) -> dict[str, str]:
    return {"blurhash": placeholder.blurhash, "color": placeholder.color}


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
