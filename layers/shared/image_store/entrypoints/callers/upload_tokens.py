"""Reads requests to create upload tokens, and builds the response."""

import json
from datetime import datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.upload_tokens import (
    MAX_IMAGES,
    MAX_LIFETIME,
    MIN_LIFETIME,
    NEVER_SENT,
    USUAL_LIFETIME,
    UploadToken,
)
from image_store.domain.images.media import MediaType
from image_store.domain.times import rfc3339
from image_store.entrypoints.callers.request_schemas import Owner
from image_store.entrypoints.http.fields import MAX_SAFE_INTEGER, Strict
from image_store.entrypoints.http.request import JSON, Request
from image_store.entrypoints.http.scalars import Whole
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.entrypoints.images.upload_request_schemas import declared_media_type
from image_store.services.callers.upload_tokens import NewUploadToken

_SETTABLE = sorted(ImageAttributes.model_fields.keys() - NEVER_SENT)


def _settable(name: str) -> str:
    if name not in _SETTABLE:
        raise ValueError(f"must be one of {', '.join(_SETTABLE)}")
    return name


SettableAttribute = Annotated[
    str, AfterValidator(_settable), WithJsonSchema({"type": "string", "enum": _SETTABLE})
]


class UploadTokenRequest(Strict):
    """An upload token to create."""

    owner: Owner | None = Field(
        None,
        description="Whose images are uploaded; by default yours. Others need a key with the scope `act-as`.",
    )
    expires_in: Whole = Field(
        int(USUAL_LIFETIME.total_seconds()),
        ge=int(MIN_LIFETIME.total_seconds()),
        le=int(MAX_LIFETIME.total_seconds()),
        description="In seconds.",
    )
    max_images: Whole = Field(
        1, ge=1, le=MAX_IMAGES, description="How many images can be uploaded with the token."
    )
    max_bytes: Whole | None = Field(
        None,
        ge=1,
        le=MAX_SAFE_INTEGER,
        description="The most bytes of one image; by default as many as the deployment accepts.",
    )
    content_types: list[Annotated[MediaType, BeforeValidator(declared_media_type)]] = Field(
        [],
        max_length=len(MediaType),
        description="The formats that the token accepts, by the bytes of the image; empty for all.",
    )
    attributes: ImageAttributes = Field(
        default_factory=lambda: ImageAttributes.model_validate({}),
        description="Every image of the token gets these attributes; the browser cannot change them. Anything but "
        "`generation` and `analysis`.",
    )
    may_set: list[SettableAttribute] = Field(
        [], max_length=len(_SETTABLE), description="The attributes that the browser can set."
    )


class UploadTokenAnswer(BaseModel):
    """An upload token, which no other response shows."""

    token: str = Field(description="What a browser sends as `Authorization: Bearer`.")
    expires_at: datetime


def read_new_upload_token(request: Request) -> tuple[Caller, NewUploadToken]:
    """Read the request to create an upload token, and for whose images it is; ActAsRequired for another owner."""
    body = request.json(UploadTokenRequest)
    caller = request.caller if body.owner is None else request.caller.acting_for(body.owner)
    return caller, NewUploadToken(
        lifetime=timedelta(seconds=body.expires_in),
        max_images=body.max_images,
        max_bytes=body.max_bytes,
        content_types=frozenset(body.content_types),
        attributes=body.attributes.to_domain(),
        fixed=body.attributes.names_sent,
        may_set=frozenset(body.may_set),
    )


def created_upload_token(token: UploadToken, text: str) -> "Response[str]":
    """201 with the text of the token, and when it expires."""
    body = {"token": text, "expires_at": rfc3339(token.expires_at)}
    return Response(
        201, JSON, json.dumps(body, separators=(",", ":")), headers={"Cache-Control": "private, no-store"}
    )
