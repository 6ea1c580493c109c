"""The everyday commands as people run them, against the real stack: edit, link, share, sync, login and others (H5)."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.main import run
from tests.cli.running_issuer import Person, device_address
from tests.e2e import anyone
from tests.e2e.test_command_line import Terminal, folder_of, owned, terminal
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.e2e.conftest import Stack

__all__ = ["terminal"]  # the fixture


@pytest.fixture
def image_id(terminal: Terminal) -> str:
    """An image of the terminal's owner."""
    (terminal.home / "a.jpg").write_bytes(jpeg(320, 240))
    [stored] = terminal.lines("upload", "a.jpg", "--tag", "draft", "--group", "trip:1")
    return str(stored["id"])


def got(url: str) -> httpx.Response:
    """The picture at an address, without a token."""
    return anyone.get(url, follow_redirects=True, trust_env=False)


def test_an_image_is_edited_and_an_old_etag_changes_nothing(terminal: Terminal, image_id: str) -> None:
    before = terminal.document("show", image_id)

    [edited] = terminal.lines(
        "edit", image_id, "--title", "A cat", "--rating", "5", "--add-tag", "holiday", "--remove-tag", "draft",
        "--add-group", "album:x", "--remove-group", "trip:1", "--metadata", '{"order": 17, "paid": true}',
        "--expires-at", "2099-01-01",
    )  # fmt: skip
    [cleared] = terminal.lines(
        "edit", image_id, "--clear", "expires-at", "--clear", "rating", "--metadata", '{"paid": null}'
    )
    terminal.run("edit", image_id, "--title", "Late", "--if-match", before["etag"], exit_code=6)

    assert (edited["title"], edited["rating"], edited["tags"]) == ("A cat", 5, ["holiday"])
    assert (edited["groups"], edited["expires_at"][:10]) == ({"album": ["x"]}, "2099-01-01")
    assert (cleared["rating"], cleared["expires_at"], cleared["metadata"]) == (None, None, {"order": 17})
    after = terminal.document("show", image_id)
    assert after["title"] == "A cat"
    assert after["etag"] != before["etag"]


def test_a_link_and_a_share_show_a_private_picture_to_everyone(terminal: Terminal, image_id: str) -> None:
    link = terminal.run(
        "link", image_id, "--width", "80", "--height", "60", "--fit", "cover", "--for", "1h"
    ).strip()
    share = terminal.document("share", image_id, "--for", "30m", "--name", "for Bob")
    picture = f"{share['url_prefix']}/{image_id}/thumb"
    seen = [got(link).status_code, got(picture).status_code]
    terminal.run("shares", "revoke", share["id"])

    listed_shares = terminal.lines("shares", "list")

    assert seen == [200, 200]
    assert [(each["id"], each["status"]) for each in listed_shares] == [(share["id"], "revoked")]


def test_providers_and_jobs_are_listed_and_a_key_is_stored_and_deleted(terminal: Terminal) -> None:
    key = "sk-a-made-up-key-of-the-tests"

    stored = terminal.run("providers", "set-key", "openai", stdin=f"{key}\n")
    own = {each["provider"]: each["own_key"] for each in terminal.document("providers", "list")["items"]}
    terminal.run("providers", "delete-key", "openai", "--yes")
    later = {each["provider"]: each["own_key"] for each in terminal.document("providers", "list")["items"]}
    terminal.run("providers", "set-key", "nobody", exit_code=6, stdin=key)

    assert (own["openai"], later["openai"], key in stored) == (True, False, False)
    assert terminal.lines("jobs", "list") == []
    terminal.run("jobs", "show", "019ca945-0a00-7000-8000-000000000001", exit_code=4)


def test_the_store_refuses_to_fetch_from_this_network(terminal: Terminal) -> None:
    [refused] = terminal.lines("upload", "http://169.254.169.254/cat.png", exit_code=6)

    assert (refused["status"], refused["error"]["code"]) == ("failed", "url_not_allowed")


def test_a_folder_and_a_group_are_synced_both_ways(stack: Stack, terminal: Terminal) -> None:
    folder = folder_of(terminal.home, 4)

    planned = terminal.lines("sync", "pictures", "group:trip:7", "--dry-run")
    up = terminal.lines("sync", "pictures", "group:trip:7")
    again = terminal.lines("sync", "pictures", "group:trip:7")
    (folder / "00.jpg").unlink()
    terminal.run("sync", "pictures", "group:trip:7", "--delete", "--yes")
    terminal.run("sync", "group:trip:7", "copy")
    back = terminal.lines("sync", "copy", "group:trip:7", "--delete")

    assert [line["action"] for line in planned + up] == ["upload"] * 8
    assert (again, back) == ([], [])
    copies = {path.name: path.read_bytes() for path in (terminal.home / "copy").iterdir()}
    assert copies == {path.name: path.read_bytes() for path in folder.rglob("*.jpg")}
    assert sorted(copies) == ["01.jpg", "02.jpg", "03.jpg"]
    assert len(owned(stack, terminal)) == 3
    assert len(terminal.lines("list", "--trashed")) == 1


def test_all_images_are_exported_and_imported_again_equal(stack: Stack, terminal: Terminal) -> None:
    folder_of(terminal.home, 4)
    terminal.lines("upload", "pictures", "--group", "trip:1", "--tag", "x", "--on-duplicate", "keep")
    target = Terminal(stack, terminal.home, f"{terminal.owner}-2")

    exported = terminal.lines("export", "out", "--parallel", "5")
    process = target.start("import", "folder", "out", "--parallel", "2", "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    imported = target.lines("import", "folder", "out", "--map", "ids.csv")
    again = terminal.lines("export", "out")

    assert ([line["status"] for line in exported], again) == (["exported"] * 4, [])
    new_ids = {line["old_id"]: line["id"] for line in imported}
    assert sorted(new_ids.values()) == sorted(owned(stack, target))
    for old_id, new_id in new_ids.items():
        old, new = terminal.document("show", old_id), target.document("show", new_id)
        same = ("sha256", "filename", "tags", "groups", "created_at", "metadata", "cache_control")
        assert [new[name] for name in same] == [old[name] for name in same]


class SignedOut:
    """A terminal of a person who signs in to the stack, and has no token."""

    def __init__(self, terminal: Terminal, person: Person) -> None:
        self.err = io.StringIO()
        self.person = person
        self._terminal = terminal
        self.on_wait: Callable[[], None] = lambda: None

    def run(self, *words: str) -> Any:
        """Run a command that succeeds, and return its JSON document."""
        args = build_parser().parse_args([*words, "--json"])
        out = io.StringIO()
        context = Context(
            args,
            environment=self._terminal.environment,
            folder=self._terminal.home,
            out=Output(as_json=True, stdout=out, stderr=self.err),
            sleep=lambda _: self.on_wait(),
            browser=self.person,
            find_keyring=lambda: None,
        )
        ended = run(context)
        self.person.wait()
        assert ended == 0, self.err.getvalue()
        return json.loads(out.getvalue())


@pytest.mark.parametrize("has_browser", [True, False], ids=["browser", "device"])
def test_a_person_signs_in_and_is_the_owner_of_what_they_upload(
    stack: Stack, terminal: Terminal, has_browser: bool
) -> None:
    desk = SignedOut(terminal, Person(terminal.owner, is_here=has_browser))
    desk.on_wait = lambda: desk.person.sign_in(device_address(desk.err.getvalue()))
    (terminal.home / "a.jpg").write_bytes(jpeg(100, 80))

    signed_in = desk.run("login")
    who = desk.run("whoami")
    image = desk.run("upload", str(terminal.home / "a.jpg"))

    assert (signed_in["subject"], who["subject"]) == (terminal.owner, terminal.owner)
    assert owned(stack, terminal) == [image["id"]]
