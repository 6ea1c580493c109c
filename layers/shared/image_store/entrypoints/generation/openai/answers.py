"""Builds the response with the images of a job: JSON, or a stream of server-sent events in one piece.

A response of Lambda holds 6 MB. Where the originals do not fit, the largest are replaced by their renditions: the
images are paid and stored, so a smaller one is better than an error.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from image_store.domain.delivery.renditions import Rendition
from image_store.domain.generation.catalogue import model_named
from image_store.domain.generation.money import usd
from image_store.domain.ids import link
from image_store.domain.images.image import ImageRecord
from image_store.domain.images.media import MediaType
from image_store.entrypoints.generation.openai.errors import failed_job, unfinished_job
from image_store.entrypoints.generation.openai.requests import URL, ImagesJob
from image_store.services.generation.synchronous import GeneratedImage, GenerationResult

MAX_ANSWER_BYTES = 6 * 1024 * 1024
"""Lambda's limit for a response, as JSON."""
_FRAME_BYTES = 64 * 1024
"""Room for headers and for everything in the body but the images."""
_SMALLER = ("display", "thumb")
"""Renditions that can stand for an original, the larger first."""
ReadBytes = Callable[[ImageRecord, Rendition | None], bytes | None]
"""Reads an original or a rendition; None if it was deleted meanwhile."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """An image as the response carries it: its original, or a rendition."""

    image: GeneratedImage
    rendition: Rendition | None = None

    @property
    def media_type(self) -> MediaType:
        return self.rendition.media_type if self.rendition else self.image.record.media_type

    @property
    def size(self) -> str:
        form = self.rendition or self.image.record
        return f"{form.width}x{form.height}"

    def quality(self, requested: str | None) -> str | None:
        """The quality that its model has made; None if it has no choice, or is not known."""
        model = model_named(self.image.item.model or "")
        return requested if model is None else model.quality(requested)

    @property
    def encoded_bytes(self) -> int:
        """What its bytes take as base64."""
        size_bytes = self.rendition.size_bytes if self.rendition else self.image.record.size_bytes
        return (size_bytes + 2) // 3 * 4


def images_answer(
    result: GenerationResult, job: ImagesJob, *, api_url: str, read: ReadBytes
) -> dict[str, Any]:
    """The response with the images of a job; EndpointError if it has made none, or still runs."""
    if not result.job.has_ended:
        raise unfinished_job(result.job)
    images = result.images
    contents = _addresses(images, api_url) if job.response_format == URL else _base64(_fitting(images), read)
    if not contents:
        raise failed_job(result.job, result.items)
    shown = [each for each, _ in contents]
    data = [_item(each, content) for each, content in contents]
    about, created = _about(shown, job), int(result.job.created_at.timestamp())
    if job.is_streamed:
        kind = "image_edit.completed" if job.is_edit else "image_generation.completed"
        events = [_event(kind, {**item, "created_at": created, **about}) for item in data]
        return _answer("".join(events), "text/event-stream", result, shown)
    return _answer(_json({"created": created, "data": data, **about}), "application/json", result, shown)


def _addresses(images: Sequence[GeneratedImage], api_url: str) -> list[tuple[_Shown, dict[str, str]]]:
    """Images with their public addresses, without those that were made private since."""
    published = [(each, each.record.publication) for each in images]
    return [
        (_Shown(image), {"url": f"{api_url}/i/{quote(link(image.record.id, publication))}"})
        for image, publication in published
        if publication is not None
    ]


def _base64(shown: Sequence[_Shown], read: ReadBytes) -> list[tuple[_Shown, dict[str, str]]]:
    """Images with their bytes, without those that were deleted since."""
    contents = [(each, read(each.image.record, each.rendition)) for each in shown]
    return [
        (each, {"b64_json": base64.b64encode(data).decode("ascii")})
        for each, data in contents
        if data is not None
    ]


def _fitting(images: Sequence[GeneratedImage]) -> list[_Shown]:
    """The images, the largest of them as renditions until all fit into the response."""
    shown = [_Shown(image) for image in images]
    for preset in _SMALLER:
        for index in sorted(range(len(shown)), key=lambda at: shown[at].encoded_bytes, reverse=True):
            if sum(each.encoded_bytes for each in shown) <= MAX_ANSWER_BYTES - _FRAME_BYTES:
                return shown
            rendition = shown[index].image.record.rendition(preset)
            smaller = _Shown(shown[index].image, rendition)
            if rendition is not None and smaller.encoded_bytes < shown[index].encoded_bytes:
                shown[index] = smaller
    return shown


def _about(shown: Sequence[_Shown], job: ImagesJob) -> dict[str, Any]:
    """What is true of all images; what differs between them, or is not known, is left out."""
    formats = {each.media_type.value.partition("/")[2] for each in shown}
    sizes = {each.size for each in shown}
    about: dict[str, Any] = {}
    if len(sizes) == 1:
        about["size"] = sizes.pop()
    qualities = {each.quality(job.quality) for each in shown}
    if len(qualities) == 1 and (quality := qualities.pop()) is not None:
        about["quality"] = quality
    if len(formats) == 1:
        about["output_format"] = formats.pop()
    return about


def _item(shown: _Shown, content: dict[str, str]) -> dict[str, Any]:
    record, item = shown.image.record, shown.image.item
    reduced = {} if shown.rendition is None else {"rendition": shown.rendition.preset}
    return {**content, "image_id": record.id, "model": f"{item.provider}/{item.model}", **reduced}


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {_json({'type': kind, **data})}\n\n"


def _answer(body: str, media_type: str, result: GenerationResult, shown: Sequence[_Shown]) -> dict[str, Any]:
    headers = {
        "Content-Type": media_type,
        "Cache-Control": "private, no-store",
        "x-image-store-job-id": result.job.id,
        "x-image-store-image-ids": ",".join(each.image.record.id for each in shown),
    }
    if (cost := usd(result.job.cost)) is not None:
        headers["x-image-store-cost-usd"] = f"{cost:.6f}"
    if reduced := [each.image.record.id for each in shown if each.rendition is not None]:
        headers["x-image-store-reduced-image-ids"] = ",".join(reduced)
    return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": False}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
