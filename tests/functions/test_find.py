"""The functions by which images are found: lists by projections, search and feed (C1, C2, C3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.functions.deployment import (
    Deployment,
    assert_refused,
    event,
    from_owner,
    with_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ATTRIBUTES = (
    "tag=harbour&tag=dawn&category=ships&title=Boats%20at%20dawn&group=session%3As1&filename=squares.png"
)


@pytest.fixture
def ids(store: Deployment) -> list[str]:
    """Three images, oldest first: of a group, public, and with much said about it; all projected."""
    stored = []
    described = with_query(event("upload/raw"), ATTRIBUTES)
    for sent in (event("upload/raw"), event("upload/public"), described):
        stored.append(store.call(sent, function="upload").json["id"])
        store.set_clock.instant += timedelta(seconds=1)
    store.projected()
    return stored


def search_ids(store: Deployment, name: str) -> list[str]:
    answer = store.answer_to(name)
    assert answer.status == 200, answer.text
    return [card["id"] for card in answer.json["items"]]


def after(sent: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    assert cursor is not None
    return with_query(sent, f"{sent['rawQueryString']}&cursor={quote(cursor)}".lstrip("&"))


# Lists ------------------------------------------------------------------------------------------------


def generated(store: Deployment, **changes: str) -> str:
    generation = {"prompt": "a harbour", "model": "flux-1", "provider": "cloudflare"} | changes
    form = event("upload/data-uri")
    attributes = {"generation": generation, "kind": "generated", "category": "ships", "tags": ["harbour"]}
    body = json.dumps({**json.loads(form["body"]), **attributes})
    answer = store.call(form | {"body": body}, function="upload")
    assert answer.status == 201, answer.text
    store.set_clock.instant += timedelta(seconds=1)
    return str(answer.json["id"])


def test_lists_know_tag_category_model_and_provider(store: Deployment) -> None:
    first, _, last = generated(store), generated(store, provider="other"), generated(store)
    generated(store, model="another")

    store.projected()

    assert search_ids(store, "list/by-tag") == [last, first]


# Search -----------------------------------------------------------------------------------------------


def test_words_and_beginnings_are_found_whatever_their_case_and_accents(
    store: Deployment, ids: list[str]
) -> None:
    # The first one has the word in its title, the last one in its filename alone.
    assert search_ids(store, "search/words") == [ids[0], ids[2]]


def test_a_search_takes_the_filters_of_a_list(store: Deployment, ids: list[str]) -> None:
    assert search_ids(store, "search/among") == [ids[0], ids[2]]


def test_the_trash_is_searched_on_its_own(store: Deployment, ids: list[str]) -> None:
    store.answer_to("delete/trash")
    store.projected()

    assert search_ids(store, "search/trash") == [ids[0]]


def test_a_trashed_image_is_not_found_even_before_its_projection(store: Deployment, ids: list[str]) -> None:
    store.answer_to("delete/trash")

    assert ids[0] not in search_ids(store, "search/words")


@pytest.mark.usefixtures("ids")
def test_a_search_finds_only_images_of_its_owner(store: Deployment) -> None:
    """A8."""
    assert search_ids(store, "search/of-somebody-else") == []


@pytest.mark.usefixtures("ids")
def test_a_search_without_words_finds_nothing(store: Deployment) -> None:
    assert search_ids(store, "search/no-words") == []


def test_a_cursor_of_a_search_leads_to_the_rest(store: Deployment, ids: list[str]) -> None:
    sent, seen, cursor = event("search/page-of-one"), [], None
    while True:
        answer = store.call(sent if cursor is None else after(sent, cursor), function="search")
        seen += [card["id"] for card in answer.json["items"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(ids)


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    "misuse",
    [
        lambda sent: from_owner(sent, "mallory"),
        lambda sent: with_query(sent, sent["rawQueryString"] + "&kind=upload"),
    ],
    ids=["of somebody else", "of another search"],
)
def test_a_cursor_of_a_search_is_valid_for_that_search_only(
    store: Deployment, misuse: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    cursor = store.answer_to("search/page-of-one").json["next_cursor"]

    answer = store.call(misuse(after(event("search/page-of-one"), cursor)), function="search")

    assert_refused(answer, 400, "invalid_cursor")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("search/nothing-asked", "invalid_request"),
        ("search/trash-of-a-group", "invalid_request"),
        ("search/forged-cursor", "invalid_cursor"),
    ],
)
def test_an_invalid_search_is_refused(store: Deployment, name: str, code: str) -> None:
    assert_refused(store.answer_to(name), 400, code)


# Feed -------------------------------------------------------------------------------------------------


def test_the_feed_shows_public_images_without_private_fields(store: Deployment, ids: list[str]) -> None:
    """C2."""
    answer = store.answer_to("feed/newest")

    (card,) = answer.json["items"]
    assert card.pop("thumb_url").removeprefix("https://cdn.example.com/") in store.public_bucket.objects
    assert card.pop("placeholder")["color"].startswith("#")
    assert card.pop("public_url").startswith("https://abcdef1234.execute-api.eu-central-1.amazonaws.com/i/")
    assert card == {
        "id": ids[1],
        "kind": "upload",
        "filename": None,
        "content_type": "image/png",
        "size_bytes": 97,
        "width": 16,
        "height": 12,
        "alt_text": None,
        "created_at": "2026-03-01T12:00:01.000Z",
    }


@pytest.mark.parametrize(
    ("variable", "details", "shown"),
    [
        ("title=a%20secret%20plan", "false", (None, None)),
        ("title=a%20secret%20plan", "true", ("a secret plan", "cat.png")),
        ("title=a%20secret%20plan&alt_text=a%20cat", "false", ("a cat", None)),
    ],
    ids=["derived", "derived, as the deployment says", "given"],
)
def test_filenames_and_derived_texts_are_shown_only_where_the_deployment_says_so(
    deployed: Callable[..., Deployment], variable: str, details: str, shown: tuple[str | None, str | None]
) -> None:
    store = deployed(FEED_DETAILS=details)
    store.call(
        with_query(event("upload/public"), f"visibility=public&filename=cat.png&{variable}"),
        function="upload",
    )
    store.projected()

    (card,) = store.answer_to("feed/newest").json["items"]

    assert (card["alt_text"], card["filename"]) == shown


def test_an_unpublished_image_leaves_the_feed_before_any_projection(
    store: Deployment, ids: list[str]
) -> None:
    assert search_ids(store, "feed/newest") == [ids[1]]
    sent = event("update/made-private")
    path = {"image_id": ids[1]}
    answer = store.call(sent | {"pathParameters": path, "rawPath": f"/v1/images/{ids[1]}"}, function="update")
    assert answer.status == 200, answer.text

    assert search_ids(store, "feed/newest") == []


def test_the_feed_continues_over_months_the_newest_first(store: Deployment) -> None:
    stored = []
    for _ in range(3):
        stored.append(store.call(event("upload/public"), function="upload").json["id"])
        store.set_clock.instant += timedelta(days=31)
    store.projected()
    seen, cursor = [], None
    while True:
        sent = event("feed/page-of-one")
        answer = store.call(sent if cursor is None else after(sent, cursor), function="feed")
        seen += [card["id"] for card in answer.json["items"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break

    assert seen == stored[::-1]


@pytest.mark.parametrize(
    ("name", "code"),
    [("feed/forged-cursor", "invalid_cursor"), ("feed/unknown-parameter", "invalid_request")],
)
def test_an_invalid_feed_query_is_refused(store: Deployment, name: str, code: str) -> None:
    assert_refused(store.answer_to(name), 400, code)


def test_a_cache_may_keep_the_feed_for_some_seconds(deployed: Callable[..., Deployment]) -> None:
    usual = deployed().answer_to("feed/newest")
    longer = deployed(FEED_CACHE_SECONDS="60").answer_to("feed/newest")
    never = deployed(FEED_CACHE_SECONDS="0").answer_to("feed/newest")

    assert [answer.headers["Cache-Control"] for answer in (usual, longer, never)] == [
        "public, max-age=10",
        "public, max-age=60",
        "no-store",
    ]
    # The gateway's CORS headers depend on the origin.
    assert "Origin" in usual.headers["Vary"]


def stored(store: Deployment, query: str) -> str:
    answer = store.call(with_query(event("upload/raw"), query), function="upload")
    assert answer.status == 201, answer.text
    store.set_clock.instant += timedelta(seconds=1)
    return str(answer.json["id"])


def image(store: Deployment, image_id: str) -> dict[str, Any]:
    sent = event("retrieve/image") | {
        "pathParameters": {"image_id": image_id},
        "rawPath": f"/v1/images/{image_id}",
    }
    answer = store.call(sent, function="retrieve")
    assert answer.status == 200, answer.text
    read: dict[str, Any] = answer.json
    return read


def answer_of(store: Deployment, function: str, query: str) -> Any:
    names = {"list": "list/newest", "search": "search/words", "feed": "feed/newest"}
    return store.call(with_query(event(names[function]), query), function=function)


def ids_of(store: Deployment, function: str, query: str) -> list[str]:
    answer = answer_of(store, function, query)
    assert answer.status == 200, answer.text
    return [item["id"] for item in answer.json["items"]]


def test_a_visitor_lists_public_images_of_a_group_or_an_owner(store: Deployment) -> None:
    """G7."""
    public = stored(store, "visibility=public&group=post%3Ap1")
    stored(store, "visibility=private&group=post%3Ap1")
    stored(store, "visibility=unlisted&group=post%3Ap1")
    other = stored(store, "visibility=public&group=post%3Ap2")
    owner = event("upload/raw")["requestContext"]["authorizer"]["lambda"]["owner"]

    assert ids_of(store, "feed", "group=post%3Ap1") == [public]
    assert ids_of(store, "feed", f"owner={quote(owner)}") == [other, public]
    assert ids_of(store, "feed", f"owner={quote(owner)}&group=post%3Ap2") == [other]
    assert ids_of(store, "feed", "owner=somebody-else") == []


def test_a_cursor_of_a_part_of_the_feed_is_valid_for_that_part_only(store: Deployment) -> None:
    for _ in range(2):
        stored(store, "visibility=public&group=post%3Ap1")
    cursor = answer_of(store, "feed", "limit=1&group=post%3Ap1").json["next_cursor"]

    for query in (f"cursor={cursor}", f"group=post%3Ap2&cursor={cursor}", f"owner=x&cursor={cursor}"):
        assert_refused(answer_of(store, "feed", query), 400, "invalid_cursor")
    assert len(ids_of(store, "feed", f"group=post%3Ap1&cursor={cursor}")) == 1


# Fields -----------------------------------------------------------------------------------------------

FIELDS = "title,prompt,model,provider,tags,groups,owner_id,renditions"


def described(store: Deployment, **attributes: Any) -> str:
    form = event("upload/data-uri")
    payload = {
        "title": "Boats",
        "tags": ["harbour"],
        "groups": {"post": ["p1"]},
        "generation": {"prompt": "boats at dawn", "model": "flux-1", "provider": "cloudflare"},
    }
    body = json.dumps({**json.loads(form["body"]), **payload, **attributes})
    answer = store.call(form | {"body": body}, function="upload")
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


@pytest.mark.parametrize(
    ("function", "query"),
    [
        ("list", ""),
        ("list", "tag=harbour&"),
        ("list", "group=post%3Ap1&"),
        ("list", "model=flux-1&"),
        ("search", "q=boats&"),
    ],
)
def test_cards_carry_the_requested_fields(store: Deployment, function: str, query: str) -> None:
    image_id = described(store)
    store.projected()

    plain = answer_of(store, function, query.rstrip("&")).json["items"]
    (card,) = answer_of(store, function, f"{query}fields={FIELDS}").json["items"]

    assert card["id"] == image_id
    assert set(card) - set(plain[0]) == set(FIELDS.split(","))
    renditions = card.pop("renditions")
    assert {name: card[name] for name in FIELDS.split(",") if name != "renditions"} == {
        "title": "Boats",
        "prompt": "boats at dawn",
        "model": "flux-1",
        "provider": "cloudflare",
        "tags": ["harbour"],
        "groups": {"post": ["p1"]},
        "owner_id": event("upload/raw")["requestContext"]["authorizer"]["lambda"]["owner"],
    }
    whole = image(store, image_id)
    assert renditions == whole["renditions"]
    assert card["owner_id"] == whole["owner_id"]


def test_an_unknown_field_is_refused_with_a_list_of_the_known_ones(store: Deployment) -> None:
    for function, query in (("list", ""), ("search", "q=cat&"), ("feed", "")):
        for fields in ("secret", "title,", "", "title,title2"):
            answer = answer_of(store, function, f"{query}fields={fields}")
            assert_refused(answer, 400, "invalid_request")
            assert FIELDS.replace(",", ", ") in answer.json["errors"][0]["msg"]


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, {"renditions"}),
        ({"FEED_DETAILS": "true"}, set(FIELDS.split(",")) - {"owner_id"}),
        ({"FEED_DETAILS": "true", "FEED_OWNERS": "true"}, set(FIELDS.split(","))),
        ({"FEED_OWNERS": "true"}, {"owner_id", "renditions"}),
    ],
    ids=["as it comes", "details", "details and owners", "owners"],
)
def test_the_feed_carries_what_the_deployment_shows_and_null_for_the_rest(
    deployed: Callable[..., Deployment], settings: dict[str, str], shown: set[str]
) -> None:
    store = deployed(**settings)
    described(store, visibility="public")

    (card,) = answer_of(store, "feed", f"fields={FIELDS}").json["items"]

    assert {name for name in FIELDS.split(",") if card[name] is not None} == shown
    assert set(card["renditions"]) == {"thumb", "display"}
    assert card["renditions"]["thumb"]["url"] == card["thumb_url"]


@pytest.mark.parametrize("query", ["", f"fields={FIELDS}", "owner={owner}"])
def test_public_answers_name_no_owner_unless_the_deployment_shows_owners(
    store: Deployment, query: str
) -> None:
    image_id = described(store, visibility="public")
    owner = image(store, image_id)["owner_id"]

    answer = answer_of(store, "feed", query.format(owner=owner))

    assert [card["id"] for card in answer.json["items"]] == [image_id]
    assert owner not in answer.text


def test_encrypted_fields_are_in_no_list(deployed: Callable[..., Deployment]) -> None:
    store = deployed(FEED_DETAILS="true", ENCRYPT_SENSITIVE_FIELDS="true")
    described(store, visibility="public")

    for function in ("list", "feed"):
        (card,) = answer_of(store, function, f"fields={FIELDS}").json["items"]
        assert card["prompt"] is None
        assert card["title"] == "Boats"


# Checksums --------------------------------------------------------------------------------------------


def test_images_are_found_by_their_checksum(store: Deployment) -> None:
    """G7."""
    first, second = stored(store, "category=a"), stored(store, "category=b")
    sha256 = image(store, first)["sha256"]

    assert ids_of(store, "list", f"sha256={sha256}") == [second, first]
    assert ids_of(store, "list", f"sha256={sha256.upper()}&order=asc") == [first, second]
    assert ids_of(store, "list", f"sha256={sha256}&category=a") == [first]
    assert ids_of(store, "list", f"sha256={'0' * 64}") == []
    page = answer_of(store, "list", f"sha256={sha256}&limit=1").json
    assert [item["id"] for item in page["items"]] == [second]
    rest = answer_of(store, "list", f"sha256={sha256}&limit=1&cursor={quote(page['next_cursor'])}").json
    assert [item["id"] for item in rest["items"]] == [first]
    answer = store.call(
        from_owner(with_query(event("list/newest"), f"sha256={sha256}"), "mallory"), function="list"
    )
    assert answer.json["items"] == []


@pytest.mark.parametrize(
    "query",
    ["sha256=abc", f"sha256={'g' * 64}", f"sha256={'0' * 65}"]
    + [f"sha256={'0' * 64}&{more}" for more in ("tag=a", "group=post%3Ap1", "trashed=true")],
)
def test_a_checksum_must_be_complete_and_without_group_tag_or_trash(store: Deployment, query: str) -> None:
    assert_refused(answer_of(store, "list", query), 400, "invalid_request")


# Times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "rest"), [("list", ""), ("search", "&q=squares"), ("feed", "")])
def test_times_are_days_or_instants_in_every_list(store: Deployment, function: str, rest: str) -> None:
    image_id = stored(store, "visibility=public&filename=squares.png")
    store.projected()

    def found_in(query: str) -> list[str]:
        return ids_of(store, function, query + rest)

    assert found_in("from=2026-03-01&to=2026-03-02") == [image_id]
    assert found_in("from=2026-03-01T12:00:00Z&to=2026-03-01T12:00:01%2B00:00") == [image_id]
    assert found_in("from=2026-03-01T13:00:00%2B01:00") == [image_id]
    assert found_in("from=2026-03-02") == []
    assert found_in("to=2026-03-01") == []
    for wrong in (
        "2026-3-1",
        "2026-02-30",
        "1772366400",
        "2026-03-01T12:00:00",
        "0001-01-01T00:00:00%2B01:00",
    ):
        assert_refused(answer_of(store, function, f"from={wrong}{rest}"), 400, "invalid_request")


# One form of texts ------------------------------------------------------------------------------------

COMPOSED, APART = quote("Café"), quote("Cafe\u0301")


def test_texts_are_compared_in_one_unicode_form(store: Deployment) -> None:
    sent = f"tag={APART}&group=post%3A{APART}&category={APART}&filename={APART}.png&visibility=public"
    image_id = stored(store, sent)
    store.projected()

    for spelled in (COMPOSED, APART):
        for query in (f"tag={spelled}", f"group=post%3A{spelled}", f"category={spelled}"):
            assert ids_of(store, "list", query) == [image_id]
        assert ids_of(store, "search", f"q={spelled}&tag={spelled}") == [image_id]
        assert ids_of(store, "feed", f"group=post%3A{spelled}") == [image_id]
    shown = image(store, image_id)
    assert (shown["tags"], shown["groups"], shown["category"]) == (["Café"], {"post": ["Café"]}, "Café")
    assert shown["filename"] == "Cafe\u0301.png"  # shown as it was sent; a search finds both
    for spelled in (COMPOSED, APART):
        assert ids_of(store, "search", f"q={spelled}") == [image_id]


def test_a_tag_in_two_forms_is_one_tag(store: Deployment) -> None:
    image_id = stored(store, f"tag={APART}&tag={COMPOSED}&group=post%3A{APART}&group=post%3A{COMPOSED}")

    shown = image(store, image_id)

    assert (shown["tags"], shown["groups"]) == (["Café"], {"post": ["Café"]})
