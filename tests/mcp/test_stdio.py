"""`image-store mcp` as a client meets it: a process, its streams and its end."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from image_store_cli.exits import Exit
from image_store_mcp.protocol.messages import MAX_MESSAGE_BYTES
from tests.mcp.messages import ask
from tests.mcp.replies import image
from tests.mcp.stdio_client import StdioClient, environment_of
from tests.pictures import jpeg
from tests.python.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start(server: ScriptedServer, tmp_path: Path) -> Iterator[Callable[..., StdioClient]]:
    """Starts the server with options, for the store of the test."""
    clients: list[StdioClient] = []

    def started(*options: str, **variables: str) -> StdioClient:
        known = {"IMAGE_STORE_URL": server.url, "IMAGE_STORE_TOKEN": "a.b.c"} | variables
        environment = environment_of(tmp_path, **{name: value for name, value in known.items() if value})
        clients.append(StdioClient(environment, *options, folder=tmp_path))
        return clients[-1]

    yield started
    for client in clients:
        client.__exit__()


def test_a_client_lists_and_calls_tools_and_ends_the_server(
    start: Callable[..., StdioClient], server: ScriptedServer
) -> None:
    server.answer(Answer(200, image()))
    client = start("mcp")

    opened = client.begin()
    tools = client.request("tools/list")["tools"]
    result = client.call("get_image", id="i1")
    ended = client.end()

    assert (opened["protocolVersion"], opened["serverInfo"]["name"]) == ("2025-11-25", "images")
    assert "download_image" not in {tool["name"] for tool in tools}
    assert result["structuredContent"]["title"] == "A cat"
    assert server.requests[0].headers["Authorization"] == "Bearer a.b.c"
    assert ended == (Exit.OK, [], "")


def test_a_client_of_the_current_version_needs_no_handshake(start: Callable[..., StdioClient]) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }

    result = start("mcp").request("server/discover", {"_meta": meta})

    assert "2026-07-28" in result["supportedVersions"]


BROKEN = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "half of a character": b'"\\ud800"',
    "a name twice": b'{"jsonrpc":"2.0","id":1,"method":"ping","id":2}',
    "deep": b"[" * 200_000,
    "a long number": b"1" * 10_000,
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_answered_and_the_next_one_works(
    start: Callable[..., StdioClient], line: bytes
) -> None:
    client = start("mcp")

    client.write(line, b"", b"  ")
    answer = client.read()
    pong = client.request("ping")

    assert (answer["id"], answer["error"]["code"], pong) == (None, -32700, {})


def test_a_line_that_is_too_long_is_refused_as_over_http_and_the_next_one_works(
    start: Callable[..., StdioClient],
) -> None:
    too_long = b'"' + b"x" * MAX_MESSAGE_BYTES + b'"'
    _, over_http = ask((too_long, {}))
    client = start("mcp")

    client.write(too_long)
    answer = client.read()

    assert answer == over_http
    assert answer["error"]["code"] == -32600
    assert client.request("ping") == {}


@pytest.mark.parametrize(
    "message", ["[]", "1", "null", '"text"', "{}", '{"jsonrpc":"2.0","id":{},"method":"ping"}']
)
def test_what_is_no_message_is_an_invalid_request(start: Callable[..., StdioClient], message: str) -> None:
    client = start("mcp")

    client.write(message.encode())

    assert client.read()["error"]["code"] == -32600


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ('{"name":"\\ud800"}', -32700),
        ('{"uri":"image-store://images/\\ud800"}', -32700),
        ('{"name":"get_stats","arguments":{"a":1e999}}', -32700),
        ('{"a":' + "[" * 900 + "]" * 900 + "}", -32600),
    ],
)
def test_what_cannot_be_sent_on_is_refused_with_the_id_of_its_message(
    start: Callable[..., StdioClient], params: str, code: int
) -> None:
    client = start("mcp")

    client.write(f'{{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{params}}}'.encode())
    answer = client.read()

    assert (answer["id"], answer["error"]["code"]) == (7, code)
    assert client.end()[2] == ""


def test_a_long_call_does_not_hold_up_others(
    start: Callable[..., StdioClient], server: ScriptedServer
) -> None:
    server.answer(Answer(200, image(), delay_seconds=2), Answer(200, image(title="Fast")))
    client = start("mcp")
    client.begin()

    client.send("tools/call", {"name": "get_image", "arguments": {"id": "slow"}}, identifier="slow")
    while not server.requests:
        pass
    fast = client.call("get_image", id="fast")
    slow = client.read()

    assert fast["structuredContent"]["title"] == "Fast"
    assert slow["id"] == "slow"


def test_a_cancelled_call_has_no_answer(start: Callable[..., StdioClient], server: ScriptedServer) -> None:
    server.answer(Answer(200, image(), delay_seconds=1))
    client = start("mcp")
    client.begin()

    client.send("tools/call", {"name": "get_image", "arguments": {"id": "i1"}}, identifier="slow")
    client.send("notifications/cancelled", {"requestId": "slow"})
    code, messages, _ = client.end()

    assert (code, messages) == (Exit.OK, [])


def test_calls_under_way_are_answered_before_the_end(
    start: Callable[..., StdioClient], server: ScriptedServer
) -> None:
    server.answer(Answer(200, image(), delay_seconds=1))
    client = start("mcp")

    client.send("tools/call", {"name": "get_image", "arguments": {"id": "i1"}}, identifier=1)
    code, messages, _ = client.end()

    assert (code, [message["id"] for message in messages]) == (Exit.OK, [1])


def test_a_token_command_neither_reads_nor_writes_the_messages(
    start: Callable[..., StdioClient], server: ScriptedServer, tmp_path: Path
) -> None:
    script = tmp_path / "print_token.py"
    script.write_text("import sys; sys.stdin.read(); print('x.y.z'); print('note', file=sys.stderr)")
    config = tmp_path / "config.toml"
    command = shlex.join([sys.executable, str(script)])
    config.write_text(f"[profiles.test]\nurl = '{server.url}'\ntoken_command = '''{command}'''\n")
    server.answer(Answer(200, image()))
    client = start(
        "--config", str(config), "--profile", "test", "mcp", IMAGE_STORE_TOKEN="", IMAGE_STORE_URL=""
    )

    client.begin()
    result = client.call("get_image", id="i1")

    assert result["structuredContent"]["id"] == "i1"
    assert server.requests[0].headers["Authorization"] == "Bearer x.y.z"


def test_without_credentials_the_server_says_so_and_ends(start: Callable[..., StdioClient]) -> None:
    code, messages, stderr = start("mcp", IMAGE_STORE_TOKEN="").end()

    assert (code, messages) == (Exit.NOT_SIGNED_IN, [])
    assert "There is no token for this store" in stderr


def test_without_a_store_the_server_says_so_and_ends(start: Callable[..., StdioClient]) -> None:
    code, messages, stderr = start("mcp", IMAGE_STORE_URL="").end()

    assert (code, messages) == (Exit.USAGE, [])
    assert "No store is chosen" in stderr


def test_a_folder_that_does_not_exist_is_an_error_at_the_start(start: Callable[..., StdioClient]) -> None:
    code, _, stderr = start("mcp", "--folder", "missing").end()

    assert code == Exit.USAGE
    assert "--folder" in stderr


def test_read_only_offers_nothing_that_changes(start: Callable[..., StdioClient], tmp_path: Path) -> None:
    client = start("mcp", "--read-only", "--folder", str(tmp_path))

    tools = client.request("tools/list")["tools"]
    client.send("tools/call", {"name": "delete_image", "arguments": {"id": "i1"}}, identifier="d")

    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    assert client.read()["error"]["code"] == -32602


def test_files_of_a_folder_are_uploaded_and_written(
    start: Callable[..., StdioClient], server: ScriptedServer, tmp_path: Path
) -> None:
    folder, data = tmp_path / "pictures", jpeg(64, 48)
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(data)
    redirect = Answer(302, headers={"Location": f"{server.url}/storage"})
    server.answer(Answer(201, image()), redirect, Answer(200, b"thumb"))
    client = start("mcp", "--folder", str(folder))
    client.begin()

    uploaded = client.call("upload_image", path="cat.jpg", title="A cat")
    saved = client.call("download_image", id="i1", path="thumb.jpg", rendition="thumb")
    again = client.call("download_image", id="i1", path="thumb.jpg", rendition="thumb")
    outside = client.call("upload_image", path="../config.toml")

    assert uploaded["structuredContent"]["id"] == "i1"
    assert data in server.requests[0].body or server.requests[0].body == data
    assert saved["structuredContent"] == {"id": "i1", "path": "thumb.jpg", "size_bytes": 5}
    assert (folder / "thumb.jpg").read_bytes() == b"thumb"
    assert [each["isError"] for each in (again, outside)] == [True, True]
    assert len(server.requests) == 3


@pytest.mark.parametrize("name", [".bashrc", ".png", "build.js", "page.html", "cat.png.sh", "cat"])
def test_an_image_is_not_saved_under_a_name_that_would_run_it(
    start: Callable[..., StdioClient], server: ScriptedServer, tmp_path: Path, name: str
) -> None:
    client = start("mcp", "--folder", str(tmp_path))

    result = client.call("download_image", id="i1", path=name, overwrite=True)

    [field] = json.loads(result["content"][0]["text"])["error"]["fields"]
    assert field["field"] == "path"
    assert server.requests == []
    assert not (tmp_path / name).exists()


def test_a_file_that_is_no_image_is_not_sent(
    start: Callable[..., StdioClient], server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "secrets.txt").write_text("password")
    client = start("mcp", "--folder", str(tmp_path))

    result = client.call("upload_image", path="secrets.txt")

    assert json.loads(result["content"][0]["text"])["error"]["code"] == "unsupported_media_type"
    assert server.requests == []


def test_a_client_that_is_gone_ends_the_server(start: Callable[..., StdioClient]) -> None:
    client = start("mcp")
    assert client.process.stdout
    assert client.process.stdin

    client.process.stdout.close()
    client.send("ping", identifier=1)
    client.process.stdin.close()

    assert client.process.wait(60) == Exit.OK


def test_other_commands_do_not_load_the_protocol(tmp_path: Path) -> None:
    program = "import sys; from image_store_cli.main import build_parser; build_parser(); print(*sys.modules)"

    loaded = subprocess.check_output(
        [sys.executable, "-c", program], env=environment_of(tmp_path), text=True
    ).split()

    assert {"image_store_cli.commands.mcp", "image_store_client"} <= set(loaded)
    assert [name for name in loaded if name.startswith(("image_store_mcp", "mcp_types", "pydantic"))] == []
