"""Reading requests: bodies, queries and conditional headers, each refused with a reason or understood in full."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel, ValidationError

from image_store.domain.errors import (
    InvalidRequest,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from image_store.domain.images.media import essence_of_type
from image_store.domain.json_values import UnreadableJson, check_storable, read_json
from image_store.entrypoints.http.api import header
from image_store.entrypoints.http.scalars import from_texts

MAX_BODY_BYTES = 4_700_000
"""A Lambda event holds 6 MB, and binary bodies travel in it as base64."""

_MAX_ETAG_CHARS = 20
"""Far longer than any version; int() raises for thousands of digits."""


def query[M: BaseModel](api: APIGatewayHttpResolver, model: type[M]) -> M:
    """The query string as a model; each parameter at most once."""
    values = query_values(api)
    repeated = [name for name, given in values.items() if len(given) > 1]
    if repeated:
        raise InvalidRequest(
            "A parameter is given more than once.",
            errors=((("query", repeated[0]), "repeated", "must be given once"),),
        )
    single = {name: given[0] for name, given in values.items()}
    return validated(model, from_texts(model, single), at="query")


def json_body[M: BaseModel](api: APIGatewayHttpResolver, model: type[M]) -> M:
    """A JSON body as a model."""
    return validated(model, storable(any_json(api)), at="body")


def any_json(api: APIGatewayHttpResolver) -> Any:
    """A JSON body, parts of which may be such as cannot be stored."""
    return parsed(json_text(api))


def json_text(api: APIGatewayHttpResolver) -> bytes:
    """A body that says it is JSON."""
    if essence_of(api) != "application/json":
        raise UnsupportedMediaType("Send application/json as Content-Type.")
    return body_of(api)


def if_version(api: APIGatewayHttpResolver) -> int | None:
    """The version that If-Match asks for; None when any will do."""
    value = header(api, "if-match")
    if value is None or value.strip() == "*":
        return None
    tag = value.strip()
    if (
        2 < len(tag) <= _MAX_ETAG_CHARS
        and tag[0] == tag[-1] == '"'
        and tag[1:-1].isascii()
        and tag[1:-1].isdecimal()
    ):
        return int(tag[1:-1])
    raise PreconditionFailed("If-Match does not name the current version of the image.")


def validated[M: BaseModel](model: type[M], value: Any, *, at: str | tuple[str | int, ...]) -> M:
    """A value as a model; InvalidRequest tells each fault below `at`, without the input."""
    place = (at,) if isinstance(at, str) else at
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = tuple(
            ((*place, *fault["loc"]), fault["type"], _words(fault))
            for fault in error.errors(include_url=False)
        )
        raise InvalidRequest("The request has fields that are wrong or unknown.", errors=faults) from None


def _words(fault: Mapping[str, Any]) -> str:
    """Pydantic's message in the words of JSON: it names classes of Python, and counts texts in items."""
    match fault["type"]:
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
        case "model_type":
            return "Input should be an object"
        case "too_short" if isinstance(fault["input"], str):
            return f"String should have at least {_characters(fault['ctx']['min_length'])}"
        case "too_long" if isinstance(fault["input"], str):
            return f"String should have at most {_characters(fault['ctx']['max_length'])}"
        case _:
            return str(fault["msg"])


def _characters(number: int) -> str:
    return "1 character" if number == 1 else f"{number} characters"


def essence_of(api: APIGatewayHttpResolver) -> str:
    """The media type of the body, without its parameters."""
    return essence_of_type(header(api, "content-type") or "")


def body_of(api: APIGatewayHttpResolver) -> bytes:
    """The body; PayloadTooLarge beyond what an event holds."""
    event = api.current_event.raw_event
    text = str(event.get("body") or "")
    try:
        body = (
            base64.b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
        )
    except (binascii.Error, ValueError):
        raise InvalidRequest("The body cannot be read.") from None
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge("The body is larger than 4.5 MB; use a direct upload for larger images.")
    return body


def query_values(api: APIGatewayHttpResolver) -> dict[str, list[str]]:
    """All values of each query parameter, decoded."""
    # The gateway joins repeated parameters with commas, which values may hold: the raw query tells them apart.
    raw = str(api.current_event.raw_event.get("rawQueryString", ""))
    try:
        return parse_qs(raw, keep_blank_values=True, errors="strict", max_num_fields=100)
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest("The query string cannot be read.") from None


def json_of(body: bytes) -> Any:
    """A JSON text as a value that can be stored; InvalidRequest for anything else."""
    return storable(parsed(body))


def parsed(body: bytes) -> Any:
    """A JSON text as a value, parts of which may be such as cannot be stored; InvalidRequest for anything else."""
    try:
        return read_json(body)
    except UnreadableJson as error:
        raise _not_json(error) from None


def storable(value: Any) -> Any:
    """A value of JSON, if it can be stored; InvalidRequest tells why not."""
    try:
        check_storable(value)
    except UnreadableJson as error:
        raise _not_json(error) from None
    return value


def _not_json(error: UnreadableJson) -> InvalidRequest:
    return InvalidRequest(f"The JSON cannot be read. {error}")
