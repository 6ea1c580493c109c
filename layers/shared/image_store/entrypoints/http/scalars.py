"""Single values, read strictly: a number is not a flag, a text is not a number, and a number is not an instant.

pydantic would accept `"off"`, `0` or `t` as a flag and `4102444800` as an instant. A client that sends these has a
mistake that it should see.
"""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

_FLAGS = {"true": True, "false": False}
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})",
    re.ASCII,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _instant(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    raise PydanticCustomError(
        "datetime_type", "Input should be an instant of RFC 3339 such as 2026-03-01T12:00:00Z"
    )


def _in_the_calendar(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError(
            "datetime_range", "Input should be within the years 1 to 9999 in UTC"
        ) from None


def _moment(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return f"{value}T00:00:00Z"
    try:
        return _instant(value)
    except PydanticCustomError:
        raise PydanticCustomError(
            "datetime_type",
            "Input should be a day such as 2026-03-01, or an instant of RFC 3339 such as 2026-03-01T12:00:00Z",
        ) from None


Flag = Annotated[bool, Strict()]

Whole = Annotated[int, Strict()]

Number = Annotated[float, Strict()]

Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_in_the_calendar)]
"""An instant with an offset, converted to UTC."""

Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    AfterValidator(_in_the_calendar),
    WithJsonSchema(
        {
            "type": "string",
            "description": "A day, which begins at midnight UTC, or an instant as RFC 3339 writes it.",
            "examples": ["2026-03-01", "2026-03-01T12:00:00Z"],
        }
    ),
]
"""An instant, or a day, which stands for its first instant; converted to UTC."""


def from_texts(model: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """The values of a query, with texts converted for fields of a model that are numbers or flags.

    A text that cannot be converted stays, and the model refuses it.
    """
    kinds = _kinds_of(model)
    return {name: _read(value, kinds.get(name, frozenset())) for name, value in values.items()}


def _read(text: Any, kinds: frozenset[Any]) -> Any:
    if not isinstance(text, str):
        return text
    if bool in kinds:
        return _FLAGS.get(text, text)
    return int(text) if int in kinds and _WHOLE.fullmatch(text) else text


@cache
def _kinds_of(model: type[BaseModel]) -> dict[str, frozenset[Any]]:
    return {
        field.alias or name: frozenset(_parts(field.annotation)) for name, field in model.model_fields.items()
    }


def _parts(annotation: Any) -> list[Any]:
    inner = get_args(annotation)
    return [part for each in inner for part in _parts(each)] if inner else [annotation]
