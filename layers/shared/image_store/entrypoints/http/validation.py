"""Values of requests as models and as JSON that can be stored; a refusal names each fault and never the input."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from image_store.domain.errors import InvalidRequest
from image_store.domain.json_values import UnreadableJson, check_storable, read_json


def validate[M: BaseModel](model: type[M], value: Any, *, at: str | tuple[str | int, ...]) -> M:
    """A value as a model; InvalidRequest names each fault by its place below `at`, without the input."""
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
    """Pydantic's message in the words of JSON; it would name Python's classes and count characters as items."""
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


def parse_storable_json(body: bytes) -> Any:
    """A JSON text as a value that can be stored; InvalidRequest for anything else."""
    return ensure_storable(parse_json(body))


def parse_json(body: bytes) -> Any:
    """A JSON text as a value, parts of which may be impossible to store; InvalidRequest for anything else."""
    try:
        return read_json(body)
    except UnreadableJson as error:
        raise _not_json(error) from None


def ensure_storable(value: Any) -> Any:
    """The value, if it can be stored; InvalidRequest says why not."""
    try:
        check_storable(value)
    except UnreadableJson as error:
        raise _not_json(error) from None
    return value


def _not_json(error: UnreadableJson) -> InvalidRequest:
    return InvalidRequest(f"The JSON cannot be read. {error}")
