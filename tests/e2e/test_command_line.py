"""The command line as people run it, against the real stack: each test as an owner of its own (F3, F7, A16)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.main import run
from local.settings import AUDIENCE
from tests.e2e.conftest import ROOT
from tests.e2e.environment import changed_environment
from tests.e2e.test_images import UNKNOWN_ID, list_ids
from tests.pictures import jpeg, png

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stack

COMMAND_SECONDS = 60
DIRECT_BYTES = 4_000_000


def environment_of(stack: Stack, home: Path) -> dict[str, str]:
    """The environment of a person who has nothing configured and this stack running."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("IMAGE_STORE", "AWS_"))
    }
    return variables | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "cli"), str(ROOT / "clients/python")]),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "IMAGE_STORE_STACK_FILE": str(stack.state.stack_file),
    }


class Terminal:
    """Runs `image-store` as one owner, in a folder of its own."""

    def __init__(self, stack: Stack, home: Path, owner: str) -> None:
        self.home = home
        self.owner = owner
        self.environment = environment_of(stack, home)
        self.begin: tuple[str, ...] = ("--subject", owner)
        """The words before each command: who calls, unless the environment says so."""

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command in a process of its own, which can be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "image_store_cli", *self.begin, *words],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, exit_code: int = 0, stdin: str = "") -> str:
        """Run a command in this process, check its exit code and answer what it printed on stdout."""
        args = build_parser().parse_args([*self.begin, *words])
        stdout, complained = io.StringIO(), io.StringIO()
        context = Context(
            args,
            environment=self.environment,
            folder=self.home,
            stdin=io.StringIO(stdin),
            out=Output(as_json=args.json, quiet=args.quiet, stdout=stdout, stderr=complained),
        )
        with contextlib.chdir(self.home):
            ended = run(context)
        assert ended == exit_code, stdout.getvalue() + complained.getvalue()
        return stdout.getvalue()

    def lines(self, *words: str, exit_code: int = 0, stdin: str = "") -> list[dict[str, Any]]:
        """The JSON lines of a command."""
        stdout = self.run(*words, "--json", exit_code=exit_code, stdin=stdin)
        return [json.loads(line) for line in stdout.splitlines()]

    def document(self, *words: str, exit_code: int = 0) -> Any:
        """The JSON document of a command."""
        return json.loads(self.run(*words, "--json", exit_code=exit_code))


@pytest.fixture
def terminal(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Terminal:
    """A terminal whose owner is named after the test, and has nothing."""
    owner = hashlib.sha256(request.node.name.encode()).hexdigest()[:16]
    return Terminal(stack, tmp_path, f"cli-{owner}")


def folder_of(home: Path, number: int) -> Path:
    """A folder with so many small pictures, half of them one folder deeper, and a text."""
    folder = home / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for index in range(number):
        name = f"deeper/{index:02}.jpg" if index % 2 else f"{index:02}.jpg"
        (folder / name).write_bytes(jpeg(96 + index, 64))
    (folder / "notes.txt").write_text("no picture")
    return folder


def owned(stack: Stack, terminal: Terminal) -> list[str]:
    """The ids of the images of a terminal's owner."""
    with stack.http(terminal.owner) as client:
        return list_ids(client)


# Uploads -------------------------------------------------------------------------------------------------


def test_a_folder_is_uploaded_and_list_ids(stack: Stack, terminal: Terminal) -> None:
    folder_of(terminal.home, 4)

    results = terminal.lines("upload", "pictures", "--tag", "holiday", "--group", "trip:1")

    assert [result["status"] for result in results] == ["stored"] * 4
    assert {result["id"] for result in results} == set(owned(stack, terminal))
    cards = terminal.lines("list", "--group", "trip:1")
    assert {card["filename"] for card in cards} == {"00.jpg", "01.jpg", "02.jpg", "03.jpg"}
    shown = terminal.document("show", results[0]["id"])
    assert (shown["tags"], shown["groups"]) == (["holiday"], {"trip": ["1"]})


def test_a_killed_upload_continues_without_duplicates(stack: Stack, terminal: Terminal) -> None:
    folder_of(terminal.home, 12)
    command = ("upload", "pictures", "--on-duplicate", "keep", "--parallel", "2")
    process = terminal.start(*command, "--json")
    assert process.stdout is not None
    before = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == -signal.SIGKILL

    after = terminal.lines(*command)

    statuses = {result["path"]: result["status"] for result in after}
    assert len(statuses) == 12
    assert set(statuses.values()) <= {"resumed", "stored", "existing"}
    assert all(statuses[result["path"]] == "resumed" for result in before)
    assert "stored" in statuses.values()
    assert sorted(result["id"] for result in after) == sorted(owned(stack, terminal))
    assert len(owned(stack, terminal)) == 12


def test_a_repeated_upload_stores_nothing_twice_even_without_a_journal(
    stack: Stack, terminal: Terminal
) -> None:
    folder_of(terminal.home, 2)
    command = ("upload", "pictures", "--on-duplicate", "keep")

    first, second = terminal.lines(*command), terminal.lines(*command)

    assert {result["id"] for result in first} == {result["id"] for result in second}
    assert len(owned(stack, terminal)) == 2


def test_the_same_bytes_are_one_image_unless_another_is_wanted(stack: Stack, terminal: Terminal) -> None:
    for name in ("a.jpg", "b.jpg"):
        (terminal.home / name).write_bytes(jpeg(120, 80))

    [first] = terminal.lines("upload", "a.jpg")
    [same] = terminal.lines("upload", "b.jpg")
    (terminal.home / "c.jpg").write_bytes(jpeg(121, 80))
    (terminal.home / "d.jpg").write_bytes(jpeg(121, 80))
    both = terminal.lines("upload", "c.jpg", "d.jpg", "--parallel", "1")
    terminal.run("delete", both[0]["id"], "--permanent", "--yes")
    [refused] = terminal.lines("upload", "b.jpg", "--on-duplicate", "reject", exit_code=6)
    [kept_image] = terminal.lines("upload", "b.jpg", "--on-duplicate", "keep")

    assert same["id"] == first["id"]
    assert ([each["status"] for each in both], both[0]["id"]) == (["stored", "existing"], both[1]["id"])
    assert (refused["status"], refused["error"]["code"]) == ("failed", "duplicate_image")
    assert refused["error"]["existing_id"] == first["id"]
    assert sorted(owned(stack, terminal)) == sorted([first["id"], kept_image["id"]])


def test_a_large_file_is_sent_straight_to_storage(terminal: Terminal) -> None:
    data = png(1300, 1300)
    assert len(data) > DIRECT_BYTES / 2
    large = data + b"\0" * max(0, DIRECT_BYTES + 1 - len(data))
    (terminal.home / "large.png").write_bytes(large)

    [result] = terminal.lines("upload", "large.png", "--tag", "large", "--title", "A large one")
    terminal.run("get", result["id"], "--output", "back.png")

    assert result["sha256"] == hashlib.sha256(large).hexdigest()
    assert (terminal.home / "back.png").read_bytes() == large
    shown = terminal.document("show", result["id"])
    assert (shown["title"], shown["tags"], shown["filename"]) == ("A large one", ["large"], "large.png")


def test_a_picture_that_was_deleted_is_stored_again(stack: Stack, terminal: Terminal) -> None:
    (terminal.home / "a.jpg").write_bytes(jpeg(121, 80))
    [first] = terminal.lines("upload", "a.jpg")
    terminal.run("delete", first["id"], "--yes")
    [second] = terminal.lines("upload", "a.jpg")
    terminal.run("delete", second["id"], "--yes", "--permanent")

    [third] = terminal.lines("upload", "a.jpg")

    assert len({first["id"], second["id"], third["id"]}) == 3
    assert owned(stack, terminal) == [third["id"]]


# Images --------------------------------------------------------------------------------------------------


def test_an_image_is_got_back_as_it_was_and_as_its_thumbnail(terminal: Terminal) -> None:
    data = jpeg(320, 240)
    (terminal.home / "a.jpg").write_bytes(data)
    [stored] = terminal.lines("upload", "a.jpg")

    terminal.run("get", stored["id"], "--output", "into/")
    terminal.run("get", stored["id"], "--output", "into/", exit_code=2)
    terminal.run("get", stored["id"], "--rendition", "thumb", "--output", "thumb.jpg")

    assert (terminal.home / "into/a.jpg").read_bytes() == data
    assert (terminal.home / "thumb.jpg").read_bytes().startswith(b"\xff\xd8")
    assert sorted(path.name for path in (terminal.home / "into").iterdir()) == ["a.jpg"]


def test_images_are_published_deleted_and_restored(stack: Stack, terminal: Terminal) -> None:
    folder_of(terminal.home, 3)
    ids = [result["id"] for result in terminal.lines("upload", "pictures")]

    [published] = terminal.lines("publish", ids[0])
    [hidden] = terminal.lines("unpublish", ids[0])
    terminal.run("delete", "-", exit_code=2, stdin="\n".join(ids))
    terminal.run("delete", "-", "--yes", stdin="\n".join(ids))
    trashed = terminal.lines("list", "--trashed")
    terminal.run("restore", *ids[:2])
    half = terminal.lines("restore", ids[0], UNKNOWN_ID, exit_code=1)

    assert (published["visibility"], hidden["public_url"]) == ("public", None)
    assert {card["id"] for card in trashed} == set(ids)
    assert set(owned(stack, terminal)) == set(ids[:2])
    assert half[1]["error"]["code"] == "image_not_found"


def test_a_group_is_deleted_for_good(stack: Stack, terminal: Terminal) -> None:
    folder_of(terminal.home, 2)
    terminal.run("upload", "pictures", "--group", "trip:2")

    terminal.run("delete", "--group", "trip:2", "--permanent", "--yes")

    assert owned(stack, terminal) == []
    assert terminal.lines("list", "--trashed") == []


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("show", UNKNOWN_ID), 4),
        (("show", "../etc"), 2),
        (("upload", "nowhere.jpg"), 2),
        (("--token", "no.good.token", "list"), 3),
        (("--local", "--stack-file", "nowhere.json", "list"), 2),
    ],
    ids=["unknown image", "no id", "no file", "bad token", "no stack"],
)
def test_the_exit_code_says_why(terminal: Terminal, words: tuple[str, ...], exit_code: int) -> None:
    terminal.run(*words, exit_code=exit_code)


def test_the_process_ends_with_the_exit_code_and_says_why_on_stderr(terminal: Terminal) -> None:
    process = terminal.start("show", UNKNOWN_ID, "--json")

    stdout, complained = process.communicate(timeout=COMMAND_SECONDS)

    assert (process.returncode, stdout) == (4, "")
    assert json.loads(complained)["error"]["code"] == "image_not_found"


# Administration ------------------------------------------------------------------------------------------


def test_json_lines_are_put_and_migrated(stack: Stack, terminal: Terminal) -> None:
    lines = [
        {
            "id": f"m{index}",
            "owner": terminal.owner,
            "image": base64.b64encode(jpeg(100 + index, 70)).decode(),
        }
        for index in range(3)
    ]
    (terminal.home / "cli.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    source = terminal.document("migrate", "put", "cli.jsonl", "--name", f"{terminal.owner}.jsonl")
    migration = terminal.document("migrate", "start", "--jsonl", source["jsonl"])
    again = terminal.document("migrate", "status", migration["id"], "--watch")

    assert (migration["status"], migration["progress"]["moved"]) == ("succeeded", 3)
    assert again["id"] == migration["id"]
    assert len(owned(stack, terminal)) == 3


def test_cleanup_shows_what_it_would_do_and_asks(terminal: Terminal) -> None:
    plan = terminal.document("cleanup", "--dry-run")

    assert plan["dry_run"] is True
    assert isinstance(terminal.document("cleanup", "--reports"), list)


# Doctor --------------------------------------------------------------------------------------------------


def by_name(findings: list[dict[str, Any]]) -> dict[str, str]:
    """The status of each check."""
    return {finding["check"]: finding["status"] for finding in findings}


def test_the_doctor_finds_a_healthy_stack_healthy_and_leaves_nothing(
    stack: Stack, terminal: Terminal
) -> None:
    """F3: end to end, each line ok."""
    findings = terminal.lines("doctor")

    statuses = by_name(findings)
    assert set(statuses.values()) <= {"ok", "skipped"}, findings
    looked_at = {
        "API", "clock", "token", "audience", "issuer", "issuer's keys", "token accepted", "upload", "download",
        "list", "public link", "unpublish", "direct upload", "delete", "CORS of the API", "CORS of storage, PUT",
        "stack", "table", "indexes", "queues", "store secret", "private bucket", "public bucket",
        "conditional put", "conditional copy", "checksums", "list of objects", "batch delete",
        "backup secret", "backup store", "backup writes",
    }  # fmt: skip
    assert looked_at <= {name for name, status in statuses.items() if status == "ok"}
    assert owned(stack, terminal) == []
    assert terminal.lines("list", "--trashed") == []


def test_the_doctor_names_an_issuer_that_is_not_the_stacks(terminal: Terminal) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {
        "iss": "http://localhost:9/",
        "aud": AUDIENCE,
        "sub": terminal.owner,
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "another"})

    findings = terminal.lines("--token", token, "doctor", exit_code=1)

    wrong = {finding["check"]: finding for finding in findings if finding["status"] == "wrong"}
    assert set(wrong) == {"issuer", "token accepted"}
    assert "http://localhost:9/" in wrong["issuer"]["detail"]
    assert token not in json.dumps(findings)


def test_the_doctor_names_a_public_bucket_that_is_missing(stack: Stack, terminal: Terminal) -> None:
    with changed_environment(stack, "update", PUBLIC_BUCKET="there-is-none"):
        findings = terminal.lines("doctor", exit_code=1)

    wrong = {finding["check"]: finding for finding in findings if finding["status"] == "wrong"}
    assert set(wrong) == {"public link"}
    assert "PublicBucket" in wrong["public link"]["mend"]
    assert owned(stack, terminal) == []


# API keys ------------------------------------------------------------------------------------------------


def test_a_key_of_the_command_line_acts_for_an_owner_until_it_is_revoked(
    stack: Stack, terminal: Terminal
) -> None:
    key = terminal.run("keys", "create", "job", "--scope", "images:read", "--scope", "images:write").strip()
    free = terminal.run("keys", "create", "free", "--scope", "images:write", "--scope", "act-as").strip()
    bound_id = key.split("_")[1]
    other = f"{terminal.owner}-other"
    (terminal.home / "a.png").write_bytes(png(40, 30))

    with_key = Terminal(stack, terminal.home, terminal.owner)
    with_key.environment |= {"IMAGE_STORE_KEY": free, "IMAGE_STORE_OWNER": other}
    with_key.begin = ()
    with_key.lines("upload", "a.png")
    with stack.http(other) as client:
        assert len(list_ids(client)) == 1

    with_key.environment |= {"IMAGE_STORE_KEY": key}
    refused = with_key.lines("doctor", exit_code=1)
    [wrong] = [line for line in refused if line["status"] == "wrong"]
    assert (wrong["check"], "act-as" in wrong["mend"]) == ("token accepted", True)

    del with_key.environment["IMAGE_STORE_OWNER"]
    assert {line["status"] for line in with_key.lines("doctor", "--read-only")} <= {
        "ok",
        "skipped",
        "warning",
    }

    changed = terminal.document("keys", "change", bound_id, "--images-per-day", "5")
    assert changed["limits"]["images_per_day"] == 5
    assert terminal.document("keys", "usage", bound_id)["total"]["images"] == 0

    rotated = terminal.run("keys", "rotate", bound_id, "--grace-hours", "0").strip()
    assert rotated.startswith(f"isk_{bound_id}_")
    terminal.run("keys", "revoke", bound_id, "--yes")
    assert terminal.document("keys", "show", bound_id)["status"] == "revoked"
    assert {each["id"] for each in terminal.lines("keys", "list")} >= {bound_id, free.split("_")[1]}
    with_key.environment |= {"IMAGE_STORE_KEY": rotated}
    error = with_key.lines("doctor", "--read-only", exit_code=1)
    [wrong] = [line for line in error if line["status"] == "wrong"]
    assert (wrong["check"], "never works again" in wrong["mend"]) == ("token accepted", True)
