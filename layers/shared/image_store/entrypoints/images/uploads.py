"""Reads uploads from requests: raw bytes, forms, JSON, and direct uploads."""

from datetime import datetime
from typing import Any, NoReturn

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_allowance import allowance_of
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import InvalidRequest, UnsupportedMediaType
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.filenames import clean_filename
from image_store.domain.images.media import essence_of_type, is_generic
from image_store.entrypoints.http.idempotency import canonical, idempotency_of
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.http.scalars import from_texts
from image_store.entrypoints.http.validation import parse_storable_json, validate
from image_store.entrypoints.images import upload_request_schemas as uploads
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.services.images.direct_uploads import DirectUpload
from image_store.services.images.sources import Content, ImageSource, RemoteUrl, in_base64, in_data_uri
from image_store.services.images.uploads import Upload

_REPEATABLE = {"tag": "tags", "group": "groups"}


def read_upload(request: Request, *, until: datetime) -> Upload:
    """Read an upload with the deadline `until`: raw bytes, a form, or JSON."""
    body, media_type = request.body, request.media_type
    source: ImageSource
    content: tuple[bytes | str, ...]
    if media_type.startswith("image/"):
        attributes, source = _attributes_in_query(request), Content(body, media_type)
        given = attributes.names_sent
        content = ("bytes", media_type, canonical(request.query_values), body)
    elif media_type == "multipart/form-data":
        attributes, source, fields, given = _form(body, request.header("content-type") or "")
        declared = essence_of_type(source.declared_type or "")
        content = ("form", declared, canonical(fields), source.data)
    elif media_type == "application/json":
        value = parse_storable_json(body)
        attributes, source = json_upload(value, at="body")
        given = attributes.names_sent
        content = ("json", canonical(value))
    else:
        raise UnsupportedMediaType(
            "Send an image type, multipart/form-data or application/json as Content-Type."
        )
    return Upload(
        owner=request.owner,
        source=not_empty(source),
        attributes=attributes_of(attributes, request.caller),
        until=until,
        idempotency=idempotency_of(request, *content),
        upload_token=request.caller.upload_token_id,
        allowance=allowance_of(request.caller),
        given=given,
    )


def json_upload(value: Any, *, at: str | tuple[str | int, ...]) -> tuple[ImageAttributes, ImageSource]:
    """The attributes and the source of an upload in JSON; `at` is its place in the body, for errors."""
    upload = validate(uploads.ImageUpload, value, at=at)
    return upload, source_of(upload.source)


def attributes_of(attributes: ImageAttributes, caller: Caller) -> Attributes:
    """The attributes of the domain; AdminRequired for a date that only admins may give."""
    if attributes.created_at is not None:
        caller.check_scope(Scope.ADMIN)
    return attributes.to_domain()


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


def read_direct_upload(request: Request) -> DirectUpload:
    """Read a request for a direct upload."""
    value = request.json_value
    upload = validate(uploads.DirectUploadRequest, value, at="body")
    return DirectUpload(
        owner=request.owner,
        media_type=upload.content_type,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        attributes=attributes_of(upload, request.caller),
        idempotency=idempotency_of(request, "json", canonical(value)),
        upload_token=request.caller.upload_token_id,
        allowance=allowance_of(request.caller),
        given=upload.names_sent,
    )


def _attributes_in_query(request: Request) -> ImageAttributes:
    attributes: dict[str, Any] = {}
    for name, values in request.query_values.items():
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
    return validate(ImageAttributes, from_texts(ImageAttributes, attributes), at="query")


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


def _form(body: bytes, content_type: str) -> tuple[ImageAttributes, Content, Any, frozenset[str]]:
    """The attributes and the file of a form, its attributes as sent, for the fingerprint, and the names of those.

    The name of the file becomes an attribute that was not sent: browsers add it to every form.
    """
    from image_store.entrypoints.http.forms import read_form  # other uploads do not load the parser

    parts = read_form(body, content_type)
    if set(parts) - {"file", "attributes"} or "file" not in parts:
        raise InvalidRequest(
            "A form has a part `file`, and may have a part `attributes` with JSON; nothing else."
        )
    file = parts["file"]
    fields = parse_storable_json(parts["attributes"].data) if "attributes" in parts else {}
    names_file = isinstance(fields, dict) and "filename" not in fields
    if names_file and (filename := clean_filename(file.filename or "")):
        fields["filename"] = filename
    declared = file.content_type
    if declared is not None and is_generic(declared):
        declared = None
    attributes = validate(ImageAttributes, fields, at="attributes")
    given = attributes.names_sent - ({"filename"} if names_file else set())
    return attributes, Content(file.data, declared), fields, given
