"""Reads requests about groups and tags, and builds the responses."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from image_store.domain.errors import GroupNotFound, InvalidRequest
from image_store.domain.finding.groups import GroupQuery, GroupSummary, TagQuery, TagSummary
from image_store.domain.times import rfc3339
from image_store.entrypoints.finding.group_schemas import (
    GroupDeleteQuery,
    GroupImages,
    GroupPatch,
    GroupPath,
    GroupRequest,
    GroupsQuery,
    TagsQuery,
)
from image_store.entrypoints.http.problems import item_problem
from image_store.entrypoints.http.request import JSON, Request
from image_store.entrypoints.http.validation import validate
from image_store.entrypoints.images.answers import Answers

if TYPE_CHECKING:  # a function loads the services of its own routes alone
    from image_store.domain.finding.cards import Card
    from image_store.services.groups.administration import GroupChange, NewGroup
    from image_store.services.groups.members import MemberResult

_QUESTION_MARK = "%3F"
_COVER = ("id", "thumb_url", "placeholder", "width", "height")


def name_in_path(text: str) -> str:
    """The group, `type:id`, in a path; GroupNotFound for what cannot be one.

    The gateway decodes a path but for `%25`, the escape of the percent sign, and ends it at a question mark. So a
    client sends `%253F` for a question mark, which arrives as it is.
    """
    name = text.replace("%25", "%").replace(_QUESTION_MARK, "?")
    try:
        return validate(GroupPath, {"group": name}, at="path").group
    except InvalidRequest:
        raise GroupNotFound from None


def _in_path(name: str) -> str:
    return quote(name.replace("?", _QUESTION_MARK), safe=":")


def read_groups_query(request: Request) -> tuple[GroupQuery, str | None]:
    """Read which groups to list, and the cursor."""
    query = request.query(GroupsQuery)
    domain_query = GroupQuery(
        owner=request.owner, limit=query.limit, group_type=query.type, prefix=query.prefix or ""
    )
    return domain_query, query.cursor


def read_tags_query(request: Request) -> tuple[TagQuery, str | None]:
    """Read which tags to list, and the cursor."""
    query = request.query(TagsQuery)
    return TagQuery(owner=request.owner, limit=query.limit, prefix=query.prefix or ""), query.cursor


def read_new(request: Request) -> "NewGroup":
    """Read the group to create."""
    from image_store.services.groups.administration import NewGroup

    body = request.json(GroupRequest)
    return NewGroup(group_type=body.type, group_id=body.id, title=body.title)


def read_change(request: Request) -> "GroupChange":
    """Read the changes of a merge patch."""
    from image_store.services.groups.administration import GroupChange

    patch = request.json(GroupPatch, media_types=("application/merge-patch+json", JSON))
    return GroupChange(
        names=frozenset(patch.model_fields_set), title=patch.title, cover_image_id=patch.cover_image_id
    )


def read_deletion(request: Request) -> tuple[bool, str | None]:
    """Read whether the images go to the trash, and the cursor."""
    query = request.query(GroupDeleteQuery)
    return query.images is GroupImages.TRASH, query.cursor


def group_page(answers: Answers, groups: Sequence[GroupSummary], next_cursor: str | None) -> "Response[str]":
    """A page of groups."""
    return _answer(200, {"items": [_group(answers, each) for each in groups], "next_cursor": next_cursor})


def group(answers: Answers, shown: GroupSummary) -> "Response[str]":
    """200 with a group."""
    return _answer(200, _group(answers, shown))


def created(answers: Answers, new: GroupSummary, *, api_url: str) -> "Response[str]":
    """201 with the new group, and its address in `Location`."""
    return _answer(
        201,
        _group(answers, new),
        {"Location": f"{api_url}/v1/groups/{_in_path(new.name)}"},
    )


def deletion(result: "MemberResult") -> "Response[str]":
    """200 with what was done to the images of a group."""
    body = {
        "images": len(result.successful),
        "failed": [{"id": image_id, "error": item_problem(error)} for image_id, error in result.failed],
        "next_cursor": result.next_cursor,
    }
    return _answer(200, body)


def tag_page(tags: Sequence[TagSummary], next_cursor: str | None) -> "Response[str]":
    """A page of tags."""
    items = [
        {
            "tag": each.tag,
            "images": each.images,
            "newest_at": None if each.newest_at is None else rfc3339(each.newest_at),
        }
        for each in tags
    ]
    return _answer(200, {"items": items, "next_cursor": next_cursor})


def _group(answers: Answers, shown: GroupSummary) -> dict[str, Any]:
    group_type, _, group_id = shown.name.partition(":")
    return {
        "group": shown.name,
        "type": group_type,
        "id": group_id,
        "title": shown.title,
        "images": shown.images,
        "newest_at": None if shown.newest is None else rfc3339(shown.newest.created_at),
        "cover": None if shown.cover is None else _cover(answers, shown.cover),
    }


def _cover(answers: Answers, card: "Card") -> dict[str, Any]:
    shown = answers.card(card)
    return {name: shown[name] for name in _COVER}


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> "Response[str]":
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status, JSON, text, headers={"Cache-Control": "private, no-store", **(headers or {})})
