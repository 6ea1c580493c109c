"""Reads uploads from requests: raw bytes, forms, JSON, and direct uploads."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any, NoReturn

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from image_store.domain.errors import InvalidRequest, UnsupportedMediaType
from image_store.domain.images.filenames import clean_filename
from image_store.domain.images.media import essence_of_type, is_generic
from image_store.domain.images.reservation import IdempotencyKey
from image_store.entrypoints.http.api import caller, header
from image_store.entrypoints.http.requests import (
    body_of,
    essence_of,
    json_of,
    json_text,
    query_values,
    validated,
)
from image_store.entrypoints.http.scalars import from_texts
from image_store.entrypoints.images import upload_requests as uploads
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.services.images.direct_uploads import DirectUpload
from image_store.services.images.sources import Content, ImageSource, RemoteUrl, in_base64, in_data_uri
from image_store.services.images.uploads import Upload

_MAX_IDEMPOTENCY_KEY_CHARS = 255
_REPEATABLE = {"tag": "tags", "group": "groups"}


def read_upload(api: APIGatewayHttpResolver, *, until: datetime) -> Upload:
    """Read an upload with the deadline `until`: raw bytes, a form, or JSON."""
    body = body_of(api)
    essence = essence_of(api)
    source: ImageSource
    content: tuple[bytes | str, ...]
    if essence.startswith("image/"):
        attributes, source = _attributes_in_query(api), Content(body, essence)
        content = ("bytes", essence, canonical(query_values(api)), body)
    elif essence == "multipart/form-data":
        attributes, source, fields = _form(body, header(api, "content-type") or "")
        declared = essence_of_type(source.declared_type or "")
        content = ("form", declared, canonical(fields), source.data)
    elif essence == "application/json":
        value = json_of(body)
        attributes, source = json_upload(value, at="body")
        content = ("json", canonical(value))
    else:
        raise UnsupportedMediaType(
            "Send an image type, multipart/form-data or application/json as Content-Type."
        )
    return Upload(
        owner=caller(api),
        source=not_empty(source),
        attributes=attributes.to_domain(),
        until=until,
        idempotency=idempotency_of(api, *content),
    )


def json_upload(value: Any, *, at: str | tuple[str | int, ...]) -> tuple[ImageAttributes, ImageSource]:
    """The attributes and the source of an upload in JSON; `at` is its place in the body, for errors."""
    upload = validated(uploads.ImageUpload, value, at=at)
    return upload, source_of(upload.source)


def not_empty(source: ImageSource) -> ImageSource:
    """The source, unless its bytes came with the request and are empty; then InvalidRequest."""
    if isinstance(source, Content) and not source.data:
        raise InvalidRequest("There are no bytes in this upload.")
    return source


def source_of(source: uploads.Source) -> ImageSource:
    """The source of an upload in JSON; the service fetches a URL later."""
    if [source.base64, source.data_uri, source.url].count(None) != 2:
        raise InvalidRequest("`source` takes exactly one of base64, data_uri and url.")
    if source.url is not None:
        return RemoteUrl(source.url)
    return in_base64(source.base64) if source.base64 is not None else in_data_uri(source.data_uri or "")


def read_upload_request(api: APIGatewayHttpResolver) -> DirectUpload:
    """Read a request for a direct upload."""
    value = json_of(json_text(api))
    request = validated(uploads.UploadRequest, value, at="body")
    return DirectUpload(
        owner=caller(api),
        media_type=request.content_type,
        size_bytes=request.size_bytes,
        sha256=request.sha256,
        attributes=request.to_domain(),
        idempotency=idempotency_of(api, "json", canonical(value)),
    )


def _attributes_in_query(api: APIGatewayHttpResolver) -> ImageAttributes:
    attributes: dict[str, Any] = {}
    for name, values in query_values(api).items():
        if name == "tag":
            attributes["tags"] = values
        elif name == "group":
            attributes["groups"] = _groups(values)
        elif name in _REPEATABLE.values() or name in {"metadata", "generation", "analysis"}:
            _refuse_query(name, "is not a query parameter: send JSON or a form")
        elif len(values) > 1:
            _refuse_query(name, "must be given once")
        else:
            attributes[name] = values[0]
    return validated(ImageAttributes, from_texts(ImageAttributes, attributes), at="query")


def _groups(values: list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for value in values:
        kind, colon, name = value.partition(":")
        if not colon:
            _refuse_query("group", "must have the form type:id")
        groups.setdefault(kind, []).append(name)
    return groups


def _refuse_query(name: str, message: str) -> NoReturn:
    raise InvalidRequest(
        "The query has a parameter that is wrong.", errors=((("query", name), "value_error", message),)
    )


def _form(body: bytes, content_type: str) -> tuple[ImageAttributes, Content, Any]:
    """The attributes and the file of a form, and its attributes as sent, for the fingerprint."""
    from image_store.entrypoints.http.forms import read_form  # other uploads do not load the parser

    parts = read_form(body, content_type)
    if set(parts) - {"file", "attributes"} or "file" not in parts:
        raise InvalidRequest(
            "A form has a part `file`, and may have a part `attributes` with JSON; nothing else."
        )
    file = parts["file"]
    fields = json_of(parts["attributes"].data) if "attributes" in parts else {}
    if (
        isinstance(fields, dict)
        and "filename" not in fields
        and (filename := clean_filename(file.filename or ""))
    ):
        fields["filename"] = filename
    declared = file.content_type
    if declared is not None and is_generic(declared):
        declared = None
    attributes = validated(ImageAttributes, fields, at="attributes")
    return attributes, Content(file.data, declared), fields


def idempotency_of(api: APIGatewayHttpResolver, *content: bytes | str) -> IdempotencyKey | None:
    """The caller's Idempotency-Key, bound to caller, route and content; None if the request has none.

    Only the content counts, not its form: the boundary of a form, parameters of a type, and order and spaces of JSON
    or query are ignored. The fingerprint is keyed with the Idempotency-Key, which is not stored, so a reader of the
    fingerprint cannot guess the content by trying.
    """
    key = header(api, "idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= _MAX_IDEMPOTENCY_KEY_CHARS or not key.isprintable():
        raise InvalidRequest("An Idempotency-Key has 1 to 255 printable characters.")
    event = api.current_event.raw_event
    name = "\0".join((caller(api), str(event.get("routeKey", "")), key))
    request = hmac.new(key.encode(), None, "sha256")
    for part in content:
        data = part if isinstance(part, bytes) else part.encode()
        request.update(len(data).to_bytes(8) + data)
    return IdempotencyKey(hashlib.sha256(name.encode()).hexdigest(), request.hexdigest())


def canonical(value: Any) -> str:
    """The canonical JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
