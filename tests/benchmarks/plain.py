"""The list handler that a tutorial would write: boto3's table resource, every attribute, a model validated.

What the store is measured against. Its table has one item for each image with all that the API tells of it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import boto3
from boto3.dynamodb.conditions import Key
from pydantic import BaseModel

from tests.benchmarks.answers import Item, Table, answer_with

PAGE = 100


class Rendition(BaseModel):
    """A rendition in the answer."""

    url: str
    content_type: str
    width: int
    height: int
    size_bytes: int


class Placeholder(BaseModel):
    """Blurhash and colour."""

    blurhash: str
    color: str


class Generation(BaseModel):
    """How an image was made."""

    prompt: str
    negative_prompt: str | None
    model: str
    provider: str
    seed: int
    size: str
    quality: str
    params: dict[str, Any]
    generated_at: datetime
    cost_usd: Decimal
    duration_ms: int


class PlainImage(BaseModel):
    """An image with all of its attributes."""

    id: str
    owner: str
    kind: Literal["generated", "reference", "upload"]
    visibility: Literal["private", "unlisted", "public"]
    status: Literal["ready", "trashed"]
    filename: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    sha256: str
    title: str | None
    alt_text: str
    alt_text_source: str
    category: str
    tags: list[str]
    rating: int | None
    groups: dict[str, list[str]]
    generation: Generation
    metadata: dict[str, Any]
    placeholder: Placeholder
    url: str
    public_url: str | None
    renditions: dict[str, Rendition]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


class PlainPage(BaseModel):
    """A page of images."""

    items: list[PlainImage]


class PlainHandler:
    """Lists the images of an owner, as plainly as it goes."""

    def __init__(self) -> None:
        session = boto3.session.Session(
            aws_access_key_id="example", aws_secret_access_key="example", region_name="eu-west-1"
        )
        self._table = session.resource("dynamodb").Table("images")
        answer_with(self._table.meta.client, Table([_item(index) for index in range(PAGE)]).answer)

    def list_images(self, owner: str) -> str:
        """The page as JSON."""
        page = self._table.query(KeyConditionExpression=Key("owner").eq(owner), Limit=PAGE)
        return PlainPage(items=[PlainImage.model_validate(item) for item in page["Items"]]).model_dump_json()


def _item(index: int) -> Item:
    text: dict[str, Any] = {
        "id": f"0199a3f0-0000-7000-8000-{index:012d}",
        "owner": "user_2abcdefghijklmnopqrstuvwxyz",
        "kind": "generated",
        "visibility": "private",
        "status": "ready",
        "filename": f"harbour-at-dawn-{index}.png",
        "content_type": "image/png",
        "sha256": f"{index:064x}",
        "alt_text": "A harbour at dawn, fishing boats in a row, seen from the pier in soft light",
        "alt_text_source": "derived",
        "category": "landscape",
        "url": f"https://images.example.com/v1/images/0199a3f0-0000-7000-8000-{index:012d}/content",
        "created_at": "2025-11-20T08:15:30.123456+00:00",
        "updated_at": "2025-11-20T08:15:30.123456+00:00",
    }
    numbers = {"size_bytes": 1_482_113 + index, "width": 1536, "height": 1024}
    return {
        **{name: {"S": value} for name, value in text.items()},
        **{name: {"N": str(value)} for name, value in numbers.items()},
        **{name: {"NULL": True} for name in ("title", "rating", "public_url", "expires_at")},
        "tags": {"L": [{"S": tag} for tag in ("harbour", "dawn", "boats")]},
        "groups": {"M": {"conversation": {"L": [{"S": "c1"}]}, "session": {"L": [{"S": "s1"}]}}},
        "metadata": {"M": {"project": {"S": "calendar"}, "page": {"N": "4"}}},
        "placeholder": {"M": {"blurhash": {"S": "LEHV6nWB2yk8pyo0adR*.7kCMdnj"}, "color": {"S": "#8899aa"}}},
        "generation": {"M": _generation()},
        "renditions": {"M": {name: {"M": _rendition(name)} for name in ("thumb", "display")}},
    }


def _generation() -> Item:
    return {
        "prompt": {"S": "a harbour at dawn, fishing boats in a row, soft light, 35 mm, wide angle, calm sea"},
        "negative_prompt": {"NULL": True},
        "model": {"S": "flux-1-schnell"},
        "provider": {"S": "cloudflare"},
        "seed": {"N": "123456789"},
        "size": {"S": "1536x1024"},
        "quality": {"S": "high"},
        "params": {"M": {"steps": {"N": "4"}, "guidance": {"N": "3.5"}}},
        "generated_at": {"S": "2025-11-20T08:15:28+00:00"},
        "cost_usd": {"N": "0.0021"},
        "duration_ms": {"N": "2210"},
    }


def _rendition(name: str) -> Item:
    return {
        "url": {"S": f"https://cdn.example.com/p/Q2hvb3NlIHdpc2VseSE/{name}.jpg"},
        "content_type": {"S": "image/jpeg"},
        "width": {"N": "300"},
        "height": {"N": "300"},
        "size_bytes": {"N": "14210"},
    }
