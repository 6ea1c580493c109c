"""Apps that receive webhooks beside the stack: those of docs/webhooks.md, and two with libraries of others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local import bootstrap
from local.ports import any_free_port
from tests.e2e.conftest import REMOTE_ADDRESS
from tests.e2e.test_command_line import Terminal
from tests.pictures import jpeg
from tools import client

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tests.e2e.conftest import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/webhooks.md").read_text()
RECEIVERS = ROOT / "tests/receivers"
READY_SECONDS = 30
MIRRORED_SECONDS = 90
"""An app that was off hears again after 5 s, or after a minute."""
POLL_SECONDS = 0.25


def printed(name: str) -> str:
    """The file of this name that the page prints."""
    [text] = re.findall(
        rf"^```\w+\n(?://|#) {re.escape(name)}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL
    )
    return str(text)


@dataclass(kw_only=True)
class App:
    """An app that mirrors images, its webhook, and how it is started."""

    command: list[str | Path]
    folder: Path
    port: int = field(default_factory=any_free_port)
    webhook: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{REMOTE_ADDRESS}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*self.command],
                cwd=self.folder,
                env=os.environ
                | {"PORT": str(self.port), "WEBHOOK_SECRET": self.webhook["secret"]}
                | self.variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with suppress(httpx.TransportError):
                httpx.get(f"{self.url}/images", timeout=READY_SECONDS).raise_for_status()
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((self.folder / "output").read_text(), pytrace=False)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End it; what it kept in memory is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def mirror(self) -> dict[str, Any]:
        """What it knows of each image that it believes to exist."""
        rows = httpx.get(f"{self.url}/images", timeout=READY_SECONDS).raise_for_status().json()
        return {row["id"]: row for row in rows}


@pytest.fixture(scope="module")
def owner() -> str:
    return f"mirrored-{uuid.uuid4()}"


@pytest.fixture(scope="module")
def http(stack: Stack, owner: str) -> Iterator[httpx.Client]:
    with stack.http(owner) as http:
        yield http


@pytest.fixture(scope="module")
def apps(
    stack: Stack, http: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, App]]:
    """The apps with a webhook each, running."""
    assert bootstrap.main(["client", "receivers"], root=ROOT) == 0
    client.build()
    environment = ROOT / bootstrap.ENVIRONMENTS["receivers"].folder
    node = bootstrap.node_of(environment)
    key = (
        http.post("/v1/keys", json={"name": "app", "scopes": ["images:read"]})
        .raise_for_status()
        .json()["key"]
    )
    variables = {"IMAGE_STORE_URL": stack.api_url, "IMAGE_STORE_KEY": key}

    def node_app(name: str, text: str) -> App:
        folder = tmp_path_factory.mktemp(name)
        (folder / "app.mjs").write_text(text)
        shutil.copytree(environment / "packages/node_modules", folder / "node_modules", symlinks=True)
        (folder / "node_modules/@image-store").mkdir()
        (folder / "node_modules/@image-store/client").symlink_to(client.PACKAGE)
        return App(command=[node, "app.mjs"], folder=folder, variables=variables)

    def python_app(name: str, text: str) -> App:
        folder = tmp_path_factory.mktemp(name)
        (folder / "app.py").write_text(text)
        app = App(
            command=[], folder=folder, variables={**variables, "PYTHONPATH": str(ROOT / "clients/python")}
        )
        uvicorn = [
            sys.executable,
            "-m",
            "uvicorn",
            "app:app",
            "--host",
            REMOTE_ADDRESS,
            "--port",
            str(app.port),
        ]
        app.command = [*uvicorn]
        return app

    started = {
        "express": node_app("express", printed("app.mjs")),
        "fastapi": python_app("fastapi", printed("app.py")),
        "express and standardwebhooks": node_app("express-library", (RECEIVERS / "mirror.mjs").read_text()),
        "fastapi and standardwebhooks": python_app("fastapi-library", (RECEIVERS / "mirror.py").read_text()),
    }
    try:
        for app in started.values():
            created = http.post("/v1/webhooks", json={"url": f"{app.url}/hooks"})
            app.webhook = created.raise_for_status().json()
            app.start()
        yield started
    finally:
        for app in started.values():
            app.stop()


def eventually(check: Callable[[], bool], what: Callable[[], object]) -> None:
    """Wait until a check holds; fail with what there is instead."""
    deadline = time.monotonic() + MIRRORED_SECONDS
    while not check():
        if time.monotonic() > deadline:
            pytest.fail(str(what()), pytrace=False)
        time.sleep(POLL_SECONDS)


def upload(http: httpx.Client, title: str) -> str:
    picture = jpeg(64, 48 + int(uuid.uuid4()) % 400)
    answer = http.post(
        "/v1/images", content=picture, params={"title": title}, headers={"Content-Type": "image/jpeg"}
    )
    image_id: str = answer.raise_for_status().json()["id"]
    return image_id


def edit(http: httpx.Client, image_id: str, **changes: Any) -> None:
    http.patch(f"/v1/images/{image_id}", json=changes).raise_for_status()


def delete(http: httpx.Client, image_id: str) -> None:
    http.delete(f"/v1/images/{image_id}", params={"permanent": "true"}).raise_for_status()


def stored(http: httpx.Client) -> dict[str, str]:
    """The title of each image of the owner."""
    items = http.get("/v1/images", params={"fields": "title"}).raise_for_status().json()["items"]
    return {item["id"]: item["title"] for item in items}


def assert_mirrored(http: httpx.Client, app: App, *, of: Collection[str] | None = None) -> None:
    """Wait until the app knows these images, or all, by their titles, and none that is gone."""
    truth = {image_id: title for image_id, title in stored(http).items() if of is None or image_id in of}
    known: dict[str, Any] = {}

    def is_mirrored() -> bool:
        known.clear()
        known.update(
            {image_id: row["title"] for image_id, row in app.mirror().items() if of is None or image_id in of}
        )
        return known == truth

    eventually(is_mirrored, lambda: (known, truth, (app.folder / "output").read_text()[-2_000:]))


def deliveries(http: httpx.Client, app: App, **query: str) -> list[dict[str, Any]]:
    answer = http.get(f"/v1/webhooks/{app.webhook['id']}/deliveries", params=query)
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


def has_failed(http: httpx.Client, app: App) -> bool:
    """Whether a delivery was tried, and is to be tried again."""
    return any(each["attempts"] for each in deliveries(http, app, status="pending"))


def replay(http: httpx.Client, app: App, **what: Any) -> None:
    http.post(f"/v1/webhooks/{app.webhook['id']}/replay", json=what).raise_for_status()


def test_apps_mirror_uploads_edits_and_deletions(apps: dict[str, App], http: httpx.Client) -> None:
    first, second, _ = (upload(http, f"picture {number}") for number in range(3))
    edit(http, first, title="renamed")
    delete(http, second)

    for app in apps.values():
        assert_mirrored(http, app)
    assert sorted(stored(http).values()) == ["picture 2", "renamed"]


def test_an_app_that_was_off_hears_what_happened_meanwhile(apps: dict[str, App], http: httpx.Client) -> None:
    app = apps["express"]
    first = upload(http, "while the app is on")
    assert_mirrored(http, app, of=[first])
    app.stop()
    meanwhile = [upload(http, f"while the app was off {number}") for number in range(2)]
    edit(http, first, title="changed while the app was off")
    delete(http, meanwhile[0])
    eventually(lambda: has_failed(http, app), lambda: deliveries(http, app))

    app.start()

    assert_mirrored(http, app, of=[first, *meanwhile])
    eventually(lambda: not has_failed(http, app), lambda: deliveries(http, app))


def test_a_replay_fills_an_app_that_has_lost_its_rows(apps: dict[str, App], http: httpx.Client) -> None:
    app = apps["fastapi"]
    app.stop()
    app.start()
    assert app.mirror() == {}

    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    replay(http, app, after=yesterday)

    assert_mirrored(http, app)
    assert {each["status"] for each in deliveries(http, app, status="delivered")} == {"delivered"}


def test_both_secrets_of_a_rotation_are_good_until_it_ends(apps: dict[str, App], http: httpx.Client) -> None:
    app = apps["express and standardwebhooks"]
    rotated = http.post(f"/v1/webhooks/{app.webhook['id']}/rotate-secret", json={"overlap_hours": 1})
    new_secret = rotated.raise_for_status().json()["secret"]

    with_old = upload(http, "with the old secret")
    assert_mirrored(http, app, of=[with_old])
    app.stop()
    app.webhook["secret"] = new_secret
    app.start()
    with_new = upload(http, "with the new secret")

    assert_mirrored(http, app, of=[with_new])


def test_the_command_line_manages_a_webhook(
    apps: dict[str, App], stack: Stack, owner: str, tmp_path: Path
) -> None:
    terminal = Terminal(stack, tmp_path, owner)
    app = apps["fastapi and standardwebhooks"]

    secret = terminal.run("webhooks", "create", f"{app.url}/elsewhere", "--types", "image.created").strip()
    [webhook, *others] = terminal.lines("webhooks", "list")
    refused = terminal.document("webhooks", "test", webhook["id"], exit_code=1)
    accepted = terminal.document("webhooks", "test", app.webhook["id"])
    changed = terminal.document("webhooks", "change", webhook["id"], "--types", "all", "--disable")
    listed_deliveries = terminal.lines("webhooks", "deliveries", webhook["id"])
    rotated = terminal.run("webhooks", "rotate-secret", webhook["id"]).strip()
    terminal.run("webhooks", "delete", webhook["id"], "--yes")

    assert {each["id"] for each in others} == {each.webhook["id"] for each in apps.values()}
    assert [each.startswith("whsec_") for each in (secret, rotated)] == [True, True]
    assert secret != rotated
    assert (refused["last_attempt"]["status"], refused["status"]) == (404, "pending")
    assert (accepted["status"], accepted["event"]["type"]) == ("delivered", "webhook.test")
    assert (changed["types"], changed["disabled_reason"]) == (None, "by_owner")
    assert [each["event"]["id"] for each in listed_deliveries] == [refused["event"]["id"]]
    assert webhook["id"] not in {each["id"] for each in terminal.lines("webhooks", "list")}
