"""Fields that several requests have, and the checks that all requests share."""

import json
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import PydanticCustomError

from image_store.domain.errors import AttributesTooLarge, InvalidRequest
from image_store.domain.images import details as limits
from image_store.domain.images.attributes import MAX_FILENAME_CHARS, normalize_text
from image_store.domain.images.filenames import REORDERING, clean_filename

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

# Not str.isprintable(): it refuses characters that names need in many scripts, such as the joiners of Persian and of
# emoji, the wide space of Japanese, and the narrow space that macOS puts into the names of screenshots.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")

_NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
"""Control characters, characters that reverse the order of others, and halves of surrogate pairs."""


def _one_line(text: str) -> str:
    if _NOT_IN_A_LINE.search(text):
        raise ValueError("must not contain control characters")
    return text


def _text(text: str) -> str:
    if _NOT_IN_A_TEXT.search(text):
        raise ValueError("must not contain control characters")
    return text


def _filename(text: str) -> str | None:
    return clean_filename(_one_line(REORDERING.sub("", text)))


def _composed(text: str) -> str:
    if len(text) > MAX_CHARS_TO_COMPOSE:
        raise PydanticCustomError(
            "string_too_long",
            "Input should have at most {most} characters before it is composed",
            {"most": MAX_CHARS_TO_COMPOSE},
        )
    return normalize_text(text)


MAX_URL_CHARS = 2048

MAX_CHARS_TO_COMPOSE = 1_024
"""Six times the longest of these lines, because a letter may arrive with its accents as separate characters.

Composing takes time that grows with the square of the accents on one letter, and it precedes the check of the length.
"""

Line = Annotated[str, AfterValidator(_one_line)]

ComparedLine = Annotated[Line, AfterValidator(_composed)]
"""A line that images are found by, in the normal form that texts are compared in."""

Text = Annotated[str, AfterValidator(_text)]

Tag = Annotated[ComparedLine, Field(min_length=1, max_length=limits.MAX_TAG_CHARS)]

GroupType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]

GroupId = Annotated[ComparedLine, Field(min_length=1, max_length=limits.MAX_GROUP_ID_CHARS)]

GroupName = Annotated[
    ComparedLine, Field(max_length=161, pattern=r"^[a-z][a-z0-9_-]{0,31}:.+$", description="`type:id`")
]


def _few_groups(value: Any) -> Any:
    """Refuse too many groups before checking any: each wrong one would add a fault to the response."""
    if isinstance(value, dict):
        count = sum(len(members) if isinstance(members, list) else 1 for members in value.values())
        if max(count, len(value)) > limits.MAX_GROUPS:
            raise InvalidRequest(f"An image belongs to at most {limits.MAX_GROUPS} groups.")
    return value


Groups = Annotated[dict[GroupType, list[GroupId]], BeforeValidator(_few_groups)]

GroupsPatch = Annotated[dict[GroupType, list[GroupId] | None], BeforeValidator(_few_groups)]

Filename = Annotated[
    str,
    Field(min_length=1, max_length=MAX_FILENAME_CHARS),
    AfterValidator(_filename),
]
"""A file name without the characters that no file name has; None if no character is left."""

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest whole number that a double holds exactly, and so the largest that JavaScript reads."""

_MAX_FIELDS = 64
"""More than any model has. Fields are counted before they are checked: each unknown one would add a fault."""


class Strict(BaseModel):
    """A request, whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > _MAX_FIELDS:
            raise PydanticCustomError(
                "too_long", "Input should have at most {most} fields", {"most": _MAX_FIELDS}
            )
        return value


class Changes(Strict):
    """Changes of something: a field that is not sent stays as it is, so defaults never apply."""


class MergePatch(Changes):
    """Changes as a merge patch (RFC 7396)."""


class OneOf(Strict):
    """Exactly one of the fields is sent; its schema is a choice between objects with one field each."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: "CoreSchema", handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        choices = []
        for name, field in schema.pop("properties").items():
            [value] = [each for each in field.pop("anyOf", [field]) if each != {"type": "null"}]
            texts = {key: field[key] for key in ("description", "examples") if key in field}
            choices.append(
                {
                    "type": "object",
                    "required": [name],
                    "properties": {name: {**value, **texts}},
                    "additionalProperties": False,
                }
            )
        del schema["type"], schema["additionalProperties"]
        return schema | {"oneOf": choices}


def unique(tags: list[str]) -> tuple[str, ...]:
    """Tags in their order, each once."""
    return tuple(dict.fromkeys(map(normalize_text, tags)))


def flat_groups(groups: dict[str, list[str]]) -> tuple[str, ...]:
    """Groups as `type:id`, each once; InvalidRequest beyond 20."""
    members = (f"{kind}:{member}" for kind, members in groups.items() for member in members)
    names = tuple(dict.fromkeys(map(normalize_text, members)))
    if len(names) > limits.MAX_GROUPS:
        raise InvalidRequest(f"An image belongs to at most {limits.MAX_GROUPS} groups.")
    return names


def sized(model: BaseModel | None, name: str, limit: int) -> dict[str, Any] | None:
    """A model as JSON; AttributesTooLarge beyond `limit` bytes."""
    return None if model is None else limited(model.model_dump(mode="json"), name, limit)


def limited(value: dict[str, Any], name: str, limit: int) -> dict[str, Any]:
    """The value of a field; AttributesTooLarge if its JSON has more than `limit` bytes."""
    if len(json.dumps(value, ensure_ascii=False).encode()) > limit:
        raise AttributesTooLarge(f"{name} is larger than {limit // 1024} KB.")
    return value
