"""Commands whose answers a test plays: what is asked of the store, what is printed, and how they end (F7)."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.command_line.completion import script
from image_store_cli.command_line.parser import build_parser
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command, problem

if TYPE_CHECKING:
    from pathlib import Path

COMPLETION_SECONDS = 30
CARD = {
    "id": "0199", "created_at": "2026-01-31T12:00:00Z", "size_bytes": 1200, "width": 3, "height": 2,
    "kind": "upload", "visibility": "private", "filename": "a\x1b[2Jb.png",
}  # fmt: skip


class Store:
    """Answers by method and path, the last answer of a list for ever; what it does not know is the gateway's 404."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {name.replace("_", " ", 1): list(replies) for name, replies in answers.items()}
        self.bodies: list[Any] = []
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The next answer."""
        replies = self._answers.get(f"{request.method} {request.url.path.removeprefix('/v1/')}")
        if replies is None:
            return httpx.Response(404, json={"message": "Not Found"})
        self.queries.append(dict(request.url.params))
        if request.content:
            self.bodies.append(json.loads(request.content))
        answer = replies.pop(0) if len(replies) > 1 else replies[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def job(status: str, *items: dict[str, Any]) -> dict[str, Any]:
    """A job as the API answers it."""
    counted = {
        state: sum(item["status"] == state for item in items) for state in ("succeeded", "failed", "running")
    }
    progress = {"total": len(items), **counted}
    listed_items = [{"index": index, **item} for index, item in enumerate(items)]
    return {"id": "j1", "status": status, "cost_usd": 0.02, "progress": progress, "items": listed_items}


MADE = {
    "status": "succeeded",
    "provider": "openai",
    "model": "m",
    "duration_ms": 1500,
    "cost_usd": 0.02,
    "image_id": "i1",
}
RUNS = {"status": "running"}
REFUSED = {"status": "failed", "error": {"code": "content_policy", "detail": "Not this."}}


@pytest.mark.parametrize(
    "words",
    [
        ("search", "cat"),
        ("similar", "0199"),
        ("feed",),
        ("stats",),
        ("generate", "a cat"),
        ("migrate", "status", "m1"),
        ("cleanup", "--dry-run"),
    ],
    ids=lambda words: words[0],
)
def test_a_missing_route_of_the_deployment_has_its_own_exit_code(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = command(Store(), *words, folder=tmp_path)

    assert (result.exit_code, result.out) == (Exit.NOT_OFFERED, "")
    assert "This store does not offer" in result.err
    assert "older than this command" in result.err


def test_an_unknown_filter_of_the_deployment_is_reported_the_same_way(tmp_path: Path) -> None:
    fault = {"loc": ["query", "tag"], "type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
    refusal = httpx.Response(400, json={"title": "Bad Request", "code": "invalid_request", "errors": [fault]})

    result = command(Store(GET_images=[refusal]), "list", "--tag", "cat", folder=tmp_path)

    assert result.exit_code == Exit.NOT_OFFERED
    assert "cannot filter images by tag" in result.err


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_search_reports_on_stderr_what_was_not_searched(tmp_path: Path, more: tuple[str, ...]) -> None:
    """C3."""
    page = {"items": [], "next_cursor": None, "not_searched": ["generation.prompt"]}

    result = command(Store(GET_search=[page]), "search", "cat", *more, folder=tmp_path)

    assert result.exit_code == Exit.OK
    assert "Not searched, because the deployment encrypts it: generation.prompt." in result.err


def test_similar_images_are_a_table_for_people_and_a_card_a_line_for_programs(tmp_path: Path) -> None:
    body = {"items": [{"card": CARD, "distance": 0}, {"card": {**CARD, "id": "0200"}, "distance": 7}]}
    store = Store(**{"GET_images/0199/similar": [body]})

    table = command(store, "similar", "0199", folder=tmp_path)
    lines = command(store, "similar", "0199", "--json", folder=tmp_path)

    assert [row.split()[:2] for row in table.out.splitlines()] == [
        ["id", "distance"], ["0199", "0"], ["0200", "7"],
    ]  # fmt: skip
    assert [json.loads(line) for line in lines.out.splitlines()] == [
        {**CARD, "distance": 0}, {**CARD, "id": "0200", "distance": 7},
    ]  # fmt: skip


def test_no_similar_image_is_not_a_failure_and_prints_nothing(tmp_path: Path) -> None:
    store = Store(**{"GET_images/0199/similar": [{"items": []}]})

    result = command(store, "similar", "0199", folder=tmp_path)

    assert (result.exit_code, result.out) == (Exit.OK, "")
    assert "No other image looks like it." in result.err


def test_more_similar_images_than_the_store_gives_are_a_wrong_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--limit: must be at most 50"):
        command(Store(), "similar", "0199", "--limit", "51", folder=tmp_path)


def test_an_error_is_json_on_stderr_where_json_was_asked_for(tmp_path: Path) -> None:
    store = Store(**{"GET_images/0199": [problem(404, "image_not_found")]})

    result = command(store, "show", "0199", "--json", folder=tmp_path)

    assert (result.exit_code, result.out) == (Exit.NOT_FOUND, "")
    error = json.loads(result.err)["error"]
    assert (error["code"], error["exit_code"], error["request_id"]) == ("image_not_found", 4, "r-1")


def test_a_job_is_watched_until_it_ends_and_each_item_is_reported_once(tmp_path: Path) -> None:
    store = Store(
        POST_generations=[job("queued", RUNS, RUNS)],
        **{
            "GET_generations/j1": [
                job("running", MADE, RUNS),
                job("running", MADE, RUNS),
                job("partial", MADE, REFUSED),
            ]
        },
    )

    result = command(
        store, "generate", "a cat", "a dog", "--size", "1024x1024", "--background", "opaque", "--format", "webp",
        "--group", "post:1", folder=tmp_path,
    )  # fmt: skip

    assert (result.exit_code, result.out, len(result.waits)) == (Exit.SOME_FAILED, "i1\n", 3)
    assert result.err.count("0: succeeded by openai m, 1.5 s, $0.0200") == 1
    assert result.err.count("1: failed: Not this.") == 1
    [body] = store.bodies
    assert [item["prompt"] for item in body["items"]] == ["a cat", "a dog"]
    assert body["items"][0] | {"prompt": ""} == {
        "prompt": "",
        "size": "1024x1024",
        "background": "opaque",
        "output_format": "webp",
        "groups": {"post": ["1"]},
    }


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (b'{"prompt": "a cat"}\nnothing\n', "prompts.jsonl, line 2 is not JSON."),
        (b"\xff\xfe", "prompts.jsonl is not UTF-8 text."),
        (None, "prompts.jsonl cannot be read: No such file or directory."),
    ],
)
def test_a_file_of_prompts_that_cannot_be_read_is_reported_with_the_reason(
    lines: bytes | None, complaint: str, tmp_path: Path
) -> None:
    file = tmp_path / "prompts.jsonl"
    if lines is not None:
        file.write_bytes(lines)

    result = command(Store(), "generate", "--from", str(file), folder=tmp_path)

    assert result.exit_code == Exit.USAGE
    assert complaint in result.err


def test_a_job_with_json_is_one_document(tmp_path: Path) -> None:
    store = Store(POST_generations=[job("succeeded", MADE)])

    result = command(store, "generate", "a cat", "--json", folder=tmp_path)

    assert (result.exit_code, json.loads(result.out)["status"]) == (Exit.OK, "succeeded")


def test_a_list_is_a_table_whose_names_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    store = Store(GET_images=[{"items": [CARD], "next_cursor": None}])

    result = command(store, "list", folder=tmp_path)

    assert "0199" in result.out
    assert "1.2 kB" in result.out
    assert "\x1b" not in result.out


PUBLIC_CARD = {name: value for name, value in CARD.items() if name not in {"visibility", "filename"}} | {
    "filename": None, "public_url": "https://images.example.com/i/0199.a\x1b[2Jb",
}  # fmt: skip


def test_the_feed_is_a_table_with_links_and_needs_no_token(tmp_path: Path) -> None:
    store = Store(GET_feed=[{"items": [PUBLIC_CARD], "next_cursor": None}])
    tokens: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers.get("Authorization"))
        return store(request)

    result = command(
        handler,
        "feed",
        "--url",
        "https://store.example.com",
        folder=tmp_path,
        environment={"IMAGE_STORE_TOKEN": ""},
    )

    assert result.exit_code == Exit.OK
    assert tokens == [None]
    assert "https://images.example.com/i/0199.a" in result.out.replace("\n", "")
    assert "\x1b" not in result.out


def test_the_feed_passes_on_its_filters_and_goes_through_its_pages(tmp_path: Path) -> None:
    pages = [
        {"items": [PUBLIC_CARD], "next_cursor": "c"},
        {"items": [{**PUBLIC_CARD, "id": "0200"}], "next_cursor": None},
    ]
    store = Store(GET_feed=pages)

    result = command(
        store, "feed", "--group", "post:p1", "--owner", "alice", "--from", "2026-01-01", "--all", "--json",
        folder=tmp_path,
    )  # fmt: skip

    assert [json.loads(line)["id"] for line in result.out.splitlines()] == ["0199", "0200"]
    query = {"group": "post:p1", "owner": "alice", "from": "2026-01-01T00:00:00+00:00", "limit": "100"}
    assert store.queries == [query, query | {"cursor": "c"}]


def test_the_feed_shows_so_many_and_says_that_there_are_more(tmp_path: Path) -> None:
    cards = [{**PUBLIC_CARD, "id": f"020{number}"} for number in range(3)]
    store = Store(GET_feed=[{"items": cards, "next_cursor": None}])

    result = command(store, "feed", "--limit", "2", "--json", folder=tmp_path)

    assert [json.loads(line)["id"] for line in result.out.splitlines()] == ["0200", "0201"]
    assert "There are more" in result.err


def test_an_empty_feed_says_so(tmp_path: Path) -> None:
    result = command(Store(GET_feed=[{"items": [], "next_cursor": None}]), "feed", folder=tmp_path)

    assert (result.exit_code, result.out) == (Exit.OK, "")
    assert "No images." in result.err


def test_a_list_finds_images_by_their_checksum(tmp_path: Path) -> None:
    store = Store(GET_images=[{"items": [CARD], "next_cursor": None}])

    result = command(store, "list", "--sha256", "ab" * 32, folder=tmp_path)

    assert result.exit_code == Exit.OK
    assert store.queries[-1]["sha256"] == "ab" * 32


def test_statistics_of_any_shape_are_shown(tmp_path: Path) -> None:
    stats = {
        "count": 2,
        "bytes": 2_000_000,
        "by_kind": {"upload": {"count": 2, "bytes": 2_000_000}},
        "days": [],
    }

    result = command(Store(GET_stats=[stats]), "stats", folder=tmp_path)

    assert result.exit_code == Exit.OK
    assert "2.0 MB" in result.out
    assert "upload" in result.out


STATS = {
    "scope": "own",
    "images": 2,
    "size_bytes": 2_000_000,
    "by_kind": {"upload": {"images": 2, "size_bytes": 2_000_000}},
    "by_model": {},
    "trash": {"images": 1, "size_bytes": 5},
    "days": [{"date": "2026-01-31", "images": 2, "size_bytes": 2_000_000}],
    "generation": {
        "days": [
            {
                "date": "2026-01-31",
                "by_provider": {
                    "openai": {"succeeded": 3, "failed": 0, "average_ms": None, "cost_usd": 0.06},
                    "google": {"succeeded": 1, "failed": 2, "average_ms": 900, "cost_usd": 0.0},
                },
            }
        ]
    },
}
IMAGE = CARD | {
    "filename": "b.png", "status": "ready", "content_type": "image/png", "sha256": "ab",
    "updated_at": "2026-01-31T12:00:00Z", "metadata": {"order": {"lines": [1, 2]}, "paid": True},
    "generation": {"prompt": "a cat", "params": {"steps": 4, "stages": [{"name": "one"}, {"name": "two"}]}},
    "analysis": {"tone_analysis": {"themes": ["calm", "warm"]}},
}  # fmt: skip


def test_prompts_are_read_from_stdin(tmp_path: Path) -> None:
    store = Store(POST_generations=[job("queued", RUNS)])

    result = command(
        store, "generate", "--from", "-", "--no-wait", folder=tmp_path, stdin='{"prompt": "a cat"}\n'
    )

    assert (result.exit_code, store.bodies) == (Exit.OK, [{"items": [{"prompt": "a cat"}]}])


def test_figures_of_providers_are_a_row_for_each_day_and_provider(tmp_path: Path) -> None:
    result = command(Store(GET_stats=[STATS]), "stats", folder=tmp_path)

    rows = [line.split() for line in result.out.splitlines()]
    assert ["images", "2,", "1", "of", "them", "in", "the", "trash"] in rows
    assert ["date", "provider", "succeeded", "failed", "average", "ms", "cost", "usd"] in rows
    assert ["2026-01-31", "openai", "3", "0", "0.06"] in rows
    assert ["2026-01-31", "google", "1", "2", "900", "0.0"] in rows
    assert "generation, days" in result.out
    assert not set("{}[]'") & set(result.out)


def test_an_image_is_shown_with_all_its_parts_in_words(tmp_path: Path) -> None:
    result = command(
        Store(**{"GET_images/0199": [httpx.Response(200, json=IMAGE, headers={"ETag": '"1"'})]}),
        "show",
        "0199",
        folder=tmp_path,
    )

    rows = {line.partition("  ")[0]: line.partition("  ")[2].strip() for line in result.out.splitlines()}
    assert rows["generation params steps"] == "4"
    assert rows["generation params stages 2 name"] == "two"
    assert rows["analysis tone analysis themes"] == "calm, warm"
    assert rows["metadata order lines"] == "1, 2"
    assert rows["metadata paid"] == "yes"
    assert not set("{}[]'") & set(result.out)


@pytest.mark.parametrize(
    "words",
    [
        ("delete", "0199", "--yes"),
        ("cleanup", "--yes"),
        ("repair", "--no-wait"),
        ("unpublish", "0199"),
        ("migrate", "start", "--jsonl", "migrations/a.jsonl", "--no-wait"),
        ("jobs", "cancel", "j1"),
    ],
    ids=lambda words: words[0],
)
def test_what_a_command_acts_on_is_shown_before_it_acts(tmp_path: Path, words: tuple[str, ...]) -> None:
    acted: list[str] = []

    def store(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        if body.get("dry_run"):
            return httpx.Response(200, json=REPORT)
        acted.append(request.url.path)
        return problem(403, "admin_required")

    result = command(store, *words, folder=tmp_path)

    assert acted
    target, failure = (
        result.err.index("Target: https://store.example (the variable"),
        result.err.index("A title"),
    )
    assert target < failure


REPORT = {"dry_run": True, "orphans": 2, "bytes_freed": 1, "failed": 0, "stopped_because": None}


def test_a_request_too_large_for_the_gateway_is_pointed_to_direct_uploads(tmp_path: Path) -> None:
    refusal = httpx.Response(413, json={"message": "Request Entity Too Large"})

    result = command(Store(POST_generations=[refusal]), "generate", "a cat", folder=tmp_path)

    assert result.exit_code == Exit.REFUSED
    assert "direct upload" in result.err
    assert "about 4.5 MB" in result.err


@pytest.mark.parametrize(
    ("answer", "somebody", "exit_code", "requests"),
    [("y", True, Exit.OK, 1), ("n", True, Exit.OK, 0), ("", True, Exit.OK, 0), ("y", False, Exit.USAGE, 0)],
    ids=["yes", "no", "nothing", "nobody is there"],
)
def test_nothing_is_deleted_without_a_yes(
    tmp_path: Path, answer: str, somebody: bool, exit_code: Exit, requests: int
) -> None:
    store = Store(**{"POST_images/batch-delete": [{"successful": ["0199"], "failed": []}]})

    result = command(store, "delete", "0199", folder=tmp_path, stdin=f"{answer}\n", somebody=somebody)

    assert (result.exit_code, len(store.bodies)) == (exit_code, requests)


def test_the_records_of_a_migration_are_listed_to_the_last_page(tmp_path: Path) -> None:
    pages = [
        {"items": [{"record_id": "m\x1b1", "image_id": "i1"}], "next_cursor": "c"},
        {"items": [{"record_id": "m2", "image_id": "i2"}], "next_cursor": None},
    ]

    result = command(
        Store(**{"GET_admin/migrations/m1/records": pages}), "migrate", "records", "m1", folder=tmp_path
    )

    assert result.exit_code == Exit.OK
    rows = [line.split() for line in result.out.splitlines()]
    assert [row[-1] for row in rows] == ["i1", "i2"]
    assert "\x1b" not in result.out


def test_cleanup_removes_only_after_a_yes_and_shows_first_what_it_will(tmp_path: Path) -> None:
    report = {"dry_run": True, "orphans": 2, "bytes_freed": 1200, "failed": 0, "stopped_because": None}
    store = Store(**{"POST_admin/cleanup": [report, report | {"dry_run": False}]})

    result = command(store, "cleanup", folder=tmp_path)
    bodies = list(store.bodies)
    done = command(store, "cleanup", "--yes", "--max-deletions", "5", folder=tmp_path)

    assert (result.exit_code, bodies) == (Exit.USAGE, [{"dry_run": True}])
    assert "2  objects without an image" in result.err
    assert done.exit_code == Exit.OK
    assert store.bodies[1:] == [
        {"dry_run": True, "max_deletions": 5},
        {"dry_run": False, "max_deletions": 5},
    ]


def completed(words: str) -> set[str]:
    """What bash offers after words, the last of which is being typed."""
    lines = f"""{script(build_parser(), "bash")}
COMP_WORDS=({words}); [[ "{words}" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _image_store; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", lines],
        capture_output=True,
        text=True,
        check=True,
        timeout=COMPLETION_SECONDS,
    )
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("image-store up", {"upload"}),
        ("image-store --json pub", {"publish"}),
        ("image-store upload --vis", {"--visibility"}),
        ("image-store upload --visibility ", {"private", "unlisted", "public"}),
        ("image-store migrate st", {"start", "status"}),
        ("image-store completion ", {"bash", "zsh", "fish"}),
        ("image-store jobs c", {"cancel"}),
        ("image-store providers set-key --acc", {"--account-id"}),
        ("image-store edit ID --visibility un", {"unlisted"}),
        ("image-store login --dev", {"--device"}),
    ],
)
def test_bash_completes_commands_options_and_values(words: str, offered: set[str]) -> None:
    assert completed(words) == offered
