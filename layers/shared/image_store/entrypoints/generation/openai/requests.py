"""Reads requests for generations and edits in OpenAI's form, and turns them into generation jobs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from image_store.domain.callers.key_allowance import allowance_of
from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.requests import (
    JobRequest,
    JoinRule,
    ModelPreference,
    NewReference,
    ReferenceAddress,
    VariationSet,
)
from image_store.domain.images.image import Visibility
from image_store.entrypoints.generation.jobs import key_budget_of
from image_store.entrypoints.generation.openai import form
from image_store.entrypoints.generation.openai.errors import (
    missing_parameter,
    unsupported_parameter,
    wrong_content_type,
    wrong_value,
)
from image_store.entrypoints.generation.openai.model_names import is_of_openai, preference_for
from image_store.entrypoints.generation.openai.request_schemas import (
    ImageAddressBody,
    ImageEditBody,
    ImagesBody,
    JsonImageEditBody,
)
from image_store.entrypoints.generation.request_schemas import GenerationItem
from image_store.entrypoints.http.idempotency import canonical, idempotency_of
from image_store.entrypoints.http.request import JSON, Request
from image_store.entrypoints.http.scalars import from_texts
from image_store.entrypoints.http.validation import ensure_storable, validate

URL, BASE64 = "url", "b64_json"
RETRY_COUNT = "x-stainless-retry-count"
"""How often OpenAI's clients have sent the request before."""
REPEAT_PERIOD = timedelta(minutes=15)
"""How long after the end of a job a repeat of its request finds it: longer than clients wait for a lost response."""
_SHORTEST_PAUSE = timedelta(seconds=1)
"""Shorter than the time after which clients repeat a request that failed (2 s in the AI SDK)."""
_SIZE = re.compile(r"[1-9][0-9]{1,3}x[1-9][0-9]{1,3}", re.ASCII)
_ONLY: dict[str, Any] = {
    "output_compression": 100,
    "moderation": "auto",
    "input_fidelity": "low",
    "mask": None,
}
"""Parameters of which the store can do only the usual value."""
_QUALITIES = {"auto": None, "standard": None, "hd": "high"}
"""Those that have another name in the store; None is the model's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesJob:
    """A generation job for a request, and the form of its answer."""

    request: JobRequest
    response_format: str
    """`url` or `b64_json`."""
    is_streamed: bool
    is_edit: bool
    model_name: str | None
    """As the client wrote it; None leaves the choice to the store."""
    quality: str | None
    """The requested one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesRequest:
    """A checked request for images. Those that it sends along are not stored yet."""

    body: ImagesBody
    preference: ModelPreference
    model: Model | None
    response_format: str
    images: tuple[NewReference, ...] = ()

    def job(self, request: Request, reference_ids: Sequence[str] = ()) -> ImagesJob:
        """The job for the request, with the ids of its stored images; InvalidRequest."""
        body, quality = self.body, _QUALITIES.get(self.body.quality, self.body.quality)
        users = [name for name in (body.user, body.safety_identifier) if name]
        fields = {
            "prompt": body.prompt,
            "n": body.n,
            "size": _size_of(body),
            "quality": quality,
            "background": body.background,
            "output_format": body.output_format,
            "reference_ids": list(reference_ids),
            "visibility": Visibility.UNLISTED if self.response_format == URL else Visibility.PRIVATE,
            "groups": {"user": users} if users else {},
        }
        item = validate(GenerationItem, fields, at="body")
        sent = canonical(body.model_dump(mode="json"))
        job_request = JobRequest(
            owner=request.owner,
            variation_sets=(VariationSet(request=item.to_domain(), count=item.n),),
            preference=self.preference,
            join=_join_rule(request),
            idempotency=idempotency_of(request, "openai", sent, *reference_ids),
            key_budget=key_budget_of(request.caller),
            allowance=allowance_of(request.caller),
        )
        return ImagesJob(
            request=job_request,
            response_format=self.response_format,
            is_streamed=body.stream,
            is_edit=bool(reference_ids),
            model_name=body.model,
            quality=quality,
        )


def read_generation(request: Request) -> ImagesRequest:
    """Read a request for new images; InvalidRequest, EndpointError."""
    if request.media_type != JSON:
        raise wrong_content_type(JSON)
    return _checked(validate(ImagesBody, _without_null(request.json_value), at="body"), ())


def read_edit(request: Request) -> ImagesRequest:
    """Read a request for images made from others, a form or JSON; as `read_generation`."""
    match request.media_type:
        case "multipart/form-data":
            texts, images = form.read(request.body, request.header("content-type") or "")
            values = from_texts(ImageEditBody, dict(ensure_storable(texts)))
            body: ImageEditBody = validate(ImageEditBody, values, at="body")
            if not images:
                raise missing_parameter("image")
        case "application/json":
            in_json = validate(JsonImageEditBody, _without_null(request.json_value), at="body")
            body, images = in_json, [_address(image) for image in in_json.images]
        case _:
            raise wrong_content_type("multipart/form-data", JSON)
    return _checked(body, images)


def _checked(body: ImagesBody, images: Sequence[NewReference]) -> ImagesRequest:
    preference, model = preference_for(body.model)
    for name, usual in _ONLY.items():
        if getattr(body, name, usual) != usual:
            words = "is not supported here" if usual is None else "can only have its usual value here"
            raise unsupported_parameter(name, f"'{name}' {words}: leave it out.")
    if body.partial_images and not body.stream:
        raise wrong_value("partial_images", "'partial_images' needs 'stream'.")
    if body.stream and body.response_format == URL:
        raise wrong_value("response_format", "A stream carries images only as 'b64_json'.")
    usual = BASE64 if body.stream or is_of_openai(model) else URL
    request = ImagesRequest(
        body=body,
        preference=preference,
        model=model,
        response_format=body.response_format or usual,
        images=tuple(images),
    )
    _check_model(request)
    return request


def _check_model(request: ImagesRequest) -> None:
    """Refuse a size that the named model cannot make, and images before they are stored; its choice finds the rest."""
    model, size = request.model, _size_of(request.body)
    if model is None or not model.is_listed:
        return
    if not model.fits(size):
        raise wrong_value("size", f"Invalid value: '{size}'. {_sizes_of(model)}")
    if request.images and not model.max_references:
        raise wrong_value(
            "model", f"{model.name} makes no images from others: name another model, or 'auto'."
        )
    if len(request.images) > model.max_references:
        raise wrong_value("image", f"{model.name} takes at most {model.max_references} images for an edit.")


def _size_of(body: ImagesBody) -> str | None:
    if body.size in {None, "auto"}:
        return None
    if not _SIZE.fullmatch(body.size or ""):
        raise wrong_value("size", "A size is 'auto' or WIDTHxHEIGHT, such as '1024x1024'.")
    return body.size


def _sizes_of(model: Model) -> str:
    if model.sizes:
        sizes = ", ".join(f"'{size}'" for size in model.sizes)
        return f"Supported values are: {sizes} and 'auto'."
    return f"{model.name} makes sides of {model.min_side} to {model.max_side} pixels, in steps of {model.multiple_of}."


def _address(image: ImageAddressBody) -> ReferenceAddress:
    if image.image_url is None or image.file_id is not None:
        raise unsupported_parameter(
            "images", "Send 'image_url' with each image: there are no files to name by 'file_id'."
        )
    return ReferenceAddress(image.image_url)


def _without_null(value: Any) -> Any:
    """A JSON object without the fields that are null: OpenAI allows null for every optional field."""
    if not isinstance(value, dict):
        return value
    return {
        name: [_without_null(each) for each in field] if isinstance(field, list) else field
        for name, field in value.items()
        if field is not None
    }


def _join_rule(request: Request) -> JoinRule:
    """Which job a request joins: a first try none, a repeat that of the first try, also after its end.

    A client that does not say which of both it sends joins a job that has run for a moment: equal requests at the same
    time are for different images, and a repeat after a failure comes later.
    """
    count = request.header(RETRY_COUNT) or ""
    if not (count.isascii() and count.isdecimal()):
        return JoinRule(min_age=_SHORTEST_PAUSE)
    return JoinRule(ended_within=REPEAT_PERIOD) if count.strip("0") else JoinRule(min_age=None)
