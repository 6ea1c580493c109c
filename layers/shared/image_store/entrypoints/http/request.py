"""A request to the API: everything that a handler may read from it.

Who calls, about whose images and with which scopes is decided in this module alone: `caller`, `owner` and `actor`.
pydantic is imported with the first model that a request is read into: routes without one start faster.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.callers.caller import Caller
from image_store.domain.errors import (
    ImageStoreError,
    InvalidRequest,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from image_store.domain.images.media import essence_of_type
from image_store.entrypoints.callers.verdicts import caller_of
from image_store.entrypoints.deadlines import deadline

if TYPE_CHECKING:
    from pydantic import BaseModel

    from image_store.ports.system import Clock

JSON = "application/json"
OWNER_HEADER = "image-store-owner"
"""Names the owner that a caller with the scope `act-as` acts for, percent-encoded."""
MAX_BODY_BYTES = 4_700_000
"""A Lambda event holds 6 MB, and binary bodies travel in it as base64."""
LARGEST_BODY = f"{MAX_BODY_BYTES / 1024**2:.1f} MB"
"""The same in words."""

_MAX_ETAG_CHARS = 20
"""Far longer than any version; int() raises for thousands of digits."""
_MAX_PARAMETERS = 100


class Request:
    """A request as the gateway hands it over (HTTP API, payload 2.0), with the verdict of the authorizer."""

    def __init__(self, event: Mapping[str, Any], context: LambdaContext) -> None:
        self._event = event
        self._context = context
        self._gateway: Mapping[str, Any] = event.get("requestContext", {})

    @cached_property
    def caller(self) -> Caller:
        """Who sends the request and what it may do, about the images of `Image-Store-Owner` if the request names one.

        Raises
        ------
        InvalidToken, KeyRevoked, KeyExpired, IssuerUnavailable, StorageUnavailable
            the authorizer found no caller
        ActAsRequired, InvalidRequest
            the request names an owner that the caller may not act for, or that is none
        """
        caller, owner = caller_of(self._gateway), self.header(OWNER_HEADER)
        if owner is None:
            return caller
        try:
            return caller.acting_for(unquote(owner, errors="strict"))
        except UnicodeDecodeError:
            raise InvalidRequest(f"{OWNER_HEADER} is not percent-encoded UTF-8.") from None

    @property
    def owner(self) -> str:
        """Whose images the request is about."""
        return self.caller.owner

    @property
    def named_owner(self) -> str | None:
        """The owner that `Image-Store-Owner` names; None if the request does not name one."""
        return None if self.header(OWNER_HEADER) is None else self.owner

    @property
    def credential(self) -> str:
        """The token or key of a request whose caller is known."""
        return (self.header("authorization") or "").strip().partition(" ")[2].strip()

    @property
    def actor(self) -> Actor:
        """Who signs the changes that the request makes; unnamed if the request has no caller."""
        try:
            return Actor(caller_of(self._gateway).name, self.id)
        except ImageStoreError:
            return UNNAMED

    @property
    def id(self) -> str:
        """The gateway's id of the request."""
        return str(self._gateway.get("requestId", ""))

    @property
    def route(self) -> str:
        """The method and the path of the route, such as `GET /v1/images/{image_id}`."""
        return str(self._event.get("routeKey", ""))

    @property
    def read_method(self) -> Literal["GET", "HEAD"]:
        """Which of the two methods for reading the request has."""
        return "HEAD" if self._gateway.get("http", {}).get("method") == "HEAD" else "GET"

    def api_url(self, configured: str) -> str:
        """The base URL of the API: the configured one, or the host name that the request was sent to."""
        return configured or f"https://{self._gateway['domainName']}"

    def deadline(self, clock: "Clock") -> datetime:
        """When the work for the request has to be done, so that its response still leaves in time."""
        return deadline(self._context, clock)

    @property
    def headers(self) -> dict[str, str]:
        """All headers, by their lower-case names."""
        headers: Mapping[str, Any] = self._event.get("headers") or {}
        return {name: str(value) for name, value in headers.items() if value is not None}

    def header(self, name: str) -> str | None:
        """A header by its lower-case name."""
        value = (self._event.get("headers") or {}).get(name)
        return str(value) if value is not None else None

    @property
    def if_version(self) -> int | None:
        """The version that If-Match names; None if any will do. PreconditionFailed if it can name no version."""
        value = self.header("if-match")
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

    def client_has(self, etag: str) -> bool:
        """Whether If-None-Match names this version (weak comparison, RFC 9110, section 13.1.2)."""
        tags = {tag.strip().removeprefix("W/") for tag in (self.header("if-none-match") or "").split(",")}
        return etag in tags or "*" in tags

    @property
    def raw_query(self) -> str:
        """The query string as it was sent."""
        return str(self._event.get("rawQueryString", ""))

    @property
    def query_values(self) -> dict[str, list[str]]:
        """All values of each query parameter, decoded."""
        # The gateway joins repeated parameters with commas, which values may hold: the raw query tells them apart.
        try:
            return parse_qs(
                self.raw_query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
            )
        except (UnicodeDecodeError, ValueError):
            raise InvalidRequest("The query string cannot be read.") from None

    def query[M: "BaseModel"](self, model: type[M]) -> M:
        """The query string as a model; each parameter at most once."""
        from image_store.entrypoints.http.scalars import from_texts
        from image_store.entrypoints.http.validation import validate

        values = self.query_values
        repeated = [name for name, texts in values.items() if len(texts) > 1]
        if repeated:
            raise InvalidRequest(
                "A parameter is given more than once.",
                errors=((("query", repeated[0]), "repeated", "must be given once"),),
            )
        single = {name: texts[0] for name, texts in values.items()}
        return validate(model, from_texts(model, single), at="query")

    def choice(self, name: str, *, among: tuple[str, ...]) -> str | None:
        """The value of the only query parameter that a route takes; InvalidRequest for any other query."""
        values = parse_qs(self.raw_query, keep_blank_values=True)
        choices = values.pop(name, [])
        if values or len(choices) > 1 or not set(choices) <= set(among):
            fault = (
                ("query", name),
                "enum",
                f"must be one of {', '.join(among)}, given once, and nothing else",
            )
            raise InvalidRequest("The query is wrong.", errors=(fault,))
        return choices[0] if choices else None

    @property
    def media_type(self) -> str:
        """The media type of the body, without its parameters."""
        return essence_of_type(self.header("content-type") or "")

    @property
    def body(self) -> bytes:
        """The body; PayloadTooLarge beyond what an event holds."""
        text = str(self._event.get("body") or "")
        try:
            if self._event.get("isBase64Encoded"):
                body = base64.b64decode(text)
            else:
                body = text.encode("utf-8", "surrogatepass")
        except (binascii.Error, ValueError):
            raise InvalidRequest("The body cannot be read.") from None
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(
                f"The body is larger than {LARGEST_BODY}; use a direct upload for larger images."
            )
        return body

    def json[M: "BaseModel"](self, model: type[M], *, media_types: tuple[str, ...] = (JSON,)) -> M:
        """The body as a model; UnsupportedMediaType unless the body has one of these types."""
        from image_store.entrypoints.http.validation import parse_storable_json, validate

        return validate(model, parse_storable_json(self._body_of(media_types)), at="body")

    @property
    def json_value(self) -> Any:
        """The JSON body as a value that can be stored."""
        from image_store.entrypoints.http.validation import parse_storable_json

        return parse_storable_json(self._body_of((JSON,)))

    @property
    def unchecked_json(self) -> Any:
        """The JSON body as a value, parts of which may be impossible to store."""
        from image_store.entrypoints.http.validation import parse_json

        return parse_json(self._body_of((JSON,)))

    def _body_of(self, media_types: tuple[str, ...]) -> bytes:
        if self.media_type not in media_types:
            raise UnsupportedMediaType(f"Send {' or '.join(media_types)} as Content-Type.")
        return self.body
