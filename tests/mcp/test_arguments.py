"""Arguments are checked by the schema of the tool; each wrong field is named."""

from __future__ import annotations

from typing import Any

import pytest

from image_store_mcp.tools import schemas
from image_store_mcp.tools.arguments import check_arguments
from image_store_mcp.tools.failures import ToolError

SCHEMA = schemas.arguments(
    ("id",),
    id={"type": "string", "minLength": 1, "maxLength": 5},
    title=schemas.nullable(schemas.TEXT),
    n=schemas.whole(1, 10),
    whole=schemas.FLAG,
    tags={**schemas.TEXTS, "maxItems": 2},
    kind=schemas.KIND,
    groups={"type": "object", "additionalProperties": schemas.TEXTS},
)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "id", "is missing"),
    ({"id": 1}, "id", "must be string"),
    ({"id": None}, "id", "is missing"),
    ({"id": ""}, "id", "must not be empty"),
    ({"id": "123456"}, "id", "must have at most 5 characters"),
    ({"id": "1", "title": 1}, "title", "must be string or null"),
    ({"id": "1", "n": 0}, "n", "must be from 1 to 10"),
    ({"id": "1", "n": True}, "n", "must be integer"),
    ({"id": "1", "n": 10**400}, "n", "must be from 1 to 10"),
    ({"id": "1", "n": float("nan")}, "n", "must be integer"),
    ({"id": "1", "whole": "yes"}, "whole", "must be boolean"),
    ({"id": "1", "tags": ["a", 1]}, "tags.1", "must be string"),
    ({"id": "1", "tags": "a"}, "tags", "must be array"),
    ({"id": "1", "tags": ["a", "b", "c"]}, "tags", "must have 0 to 2 items"),
    ({"id": "1", "kind": "other"}, "kind", "must be one of generated, reference, upload"),
    ({"id": "1", "groups": {"trip": [1]}}, "groups.trip.0", "must be string"),
    ({"id": "1", "colour": "red"}, "colour", "is not an argument of this tool; there are: id, title"),
]


@pytest.mark.parametrize(("arguments", "field", "problem"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_argument_is_named(arguments: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(ToolError) as failed:
        check_arguments(SCHEMA, arguments)

    [only] = failed.value.fields
    assert (only.field, only.problem[: len(problem)]) == (field, problem)


def test_null_counts_as_left_out_where_it_means_nothing_else() -> None:
    arguments = {"id": "1", "title": None, "n": None, "tags": None}

    assert check_arguments(SCHEMA, arguments) == {"id": "1", "title": None}


def test_the_number_and_length_of_problems_is_bounded() -> None:
    with pytest.raises(ToolError) as failed:
        check_arguments(SCHEMA, {"id": "1"} | {f"{index}{'x' * 1000}": 1 for index in range(100)})

    assert len(failed.value.fields) == 10
    assert max(len(each.field) for each in failed.value.fields) == 60
