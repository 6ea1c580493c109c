"""Shares of the Python client: their addresses, and shares that are used again."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_client import ImageStoreError, src, srcset
from image_store_client.http.answer_cache import MAX_CACHED_ANSWERS, AnswerCache
from image_store_client.http.runtime import ThreadRuntime, finish
from tests.python.both import ASYNC, SYNC, quick_store
from tests.python.scripted_server import Answer, ScriptedServer, problem

if TYPE_CHECKING:
    from tests.python.both import AnyStore

HOUR = {"created_at": "2026-01-01T00:00:00+00:00", "expires_at": "2026-01-01T01:00:00+00:00"}
GONE = Answer(204)


def share(number: int, **more: Any) -> Answer:
    """A share for an hour."""
    return Answer(201, {"id": f"s{number}", "url_prefix": f"https://x/s/{number}", **HOUR} | more)


def test_addresses_are_built_without_a_request() -> None:
    assert src("https://x/s/1", "a/b") == "https://x/s/1/a%2Fb/display"
    assert src("https://x/s/1", {"id": "i1"}, "thumb") == "https://x/s/1/i1/thumb"
    assert srcset("https://x/s/1", "i1", [640]) == "https://x/s/1/i1/w640 640w"


def test_a_share_whose_address_is_hidden_gives_none() -> None:
    with pytest.raises(TypeError, match="lacks images:write"):
        src(None, "i1")  # type: ignore[arg-type]


def test_a_share_is_used_again_while_half_of_its_life_is_left(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(share(1), share(2))
    ids: list[str] = []

    for seconds in (0, 1_799, 1):
        store.now += seconds
        ids.append(store(lambda s: s.share(all=True, expires_in=3_600, reuse=True)).id)

    assert ids == ["s1", "s1", "s2"]
    assert json.loads(server.requests[0].body) == {"all": True, "expires_in": 3600}


def test_a_share_is_not_used_again_unless_the_caller_wants_it(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(share(1), share(2), share(3))

    first = store(lambda s: s.share(all=True, reuse=True))
    others = [store(lambda s: s.share(all=True)) for _ in range(2)]

    assert [each.id for each in (first, *others)] == ["s1", "s2", "s3"]


@pytest.mark.parametrize(
    "other",
    [{"group": "a:1"}, {"image": "i1"}, {"all": True, "presets": ["thumb"]}, {"all": True, "name": "B"}],
)
def test_another_thing_has_another_share(
    store: AnyStore, server: ScriptedServer, other: dict[str, Any]
) -> None:
    server.answer(share(1), share(2))

    first = store(lambda s: s.share(all=True, name="A", reuse=True))
    second = store(lambda s: s.share(**other, reuse=True))
    third = store(lambda s: s.share(name="A", all=True, reuse=True))

    assert (first.id, second.id, third.id) == ("s1", "s2", "s1")


def test_each_owner_has_shares_of_their_own_which_all_stores_of_a_connection_know(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(share(1), share(2), share(3))

    ids = [
        (store.as_owner(owner) if owner else store)(lambda s: s.share(all=True, reuse=True)).id
        for owner in (None, "alice", "bob", "alice", None, "bob")
    ]

    assert ids == ["s1", "s2", "s3", "s2", "s1", "s3"]
    owners = [request.headers["Image-Store-Owner"] for request in server.requests]
    assert owners == [None, "alice", "bob"]


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_a_share_is_not_given_to_the_caller_of_another_token(server: ScriptedServer, kind: str) -> None:
    tokens = iter(["alice", "bob"])
    server.answer(share(1), Answer(401, {"message": "Unauthorized"}), Answer(200, {"id": "i1"}), share(2))

    with quick_store(kind, server.url, token=lambda: next(tokens)) as store:
        first = store(lambda s: s.share(all=True, reuse=True))
        store(lambda s: s.images.get("i1"))
        second = store(lambda s: s.share(all=True, reuse=True))

    assert (first.id, second.id) == ("s1", "s2")


def test_calls_at_the_same_time_make_one_request(store: AnyStore, server: ScriptedServer) -> None:
    answer = share(1)
    server.answer(Answer(answer.status, answer.body, delay_seconds=0.1), share(2))

    shares = store.together(lambda s: s.share(all=True, reuse=True), 8)

    assert [each.id for each in shares] == ["s1"] * 8
    assert len(server.requests) == 1


def test_a_call_that_is_cancelled_takes_nobody_with_it(server: ScriptedServer) -> None:
    answer = share(1)
    server.answer(Answer(answer.status, answer.body, delay_seconds=0.2), share(2))

    async def cancelled(store: Any) -> tuple[bool, Any]:
        first = asyncio.create_task(store.share(all=True, reuse=True))
        while not server.requests:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(store.share(all=True, reuse=True))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        return first.cancelled(), await second

    with quick_store(ASYNC, server.url, token="a.b.c") as store:
        is_cancelled, other = store(cancelled)

    assert (is_cancelled, other.id, len(server.requests)) == (True, "s2", 2)


def test_a_failure_is_that_of_all_who_waited_and_of_nobody_after_them(
    store: AnyStore, server: ScriptedServer
) -> None:
    refused = problem(429, "too_many_shares")
    server.answer(Answer(refused.status, refused.body, delay_seconds=0.1), share(1))

    failures = store.together(lambda s: s.share(all=True, reuse=True), 4)
    later = store(lambda s: s.share(all=True, reuse=True))

    assert [type(each) for each in failures] == [ImageStoreError] * 4
    assert (later.id, len(server.requests)) == ("s1", 2)


def test_a_revoked_share_is_not_used_again(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(share(1), share(2), GONE, share(3))
    store(lambda s: s.share(all=True, reuse=True))
    store(lambda s: s.share(group="a:1", reuse=True))

    store(lambda s: s.shares.revoke("s1"))
    again = store(lambda s: s.share(all=True, reuse=True))
    other = store(lambda s: s.share(group="a:1", reuse=True))

    assert (again.id, other.id) == ("s3", "s2")


def test_the_answers_that_are_kept_have_a_bound() -> None:
    questions: list[int] = []
    with httpx.Client() as http:
        answers = AnswerCache[str](ThreadRuntime(http))

        for number in (*range(MAX_CACHED_ANSWERS + 1), MAX_CACHED_ANSWERS, 0):

            async def ask(number: int = number) -> tuple[str, float]:
                questions.append(number)
                return "an answer", 3_600

            finish(answers.get(number, ask))

    assert questions == [*range(MAX_CACHED_ANSWERS + 1), 0]
