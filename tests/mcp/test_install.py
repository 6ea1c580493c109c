"""`image-store mcp install`: what it prints, and what it leaves in the files of clients."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.mcp_clients import clients
from image_store_cli.mcp_clients.clients import AI_CLIENTS, UserFolders, user_folders
from image_store_cli.mcp_clients.config_files import write_configuration
from tests.unit.cli.terminal import URL, Said, command, environment_for

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "isk_0123456789abcdef_0123456789012345678901234567890123456789012"
FILES = {
    "claude": "config/Claude/claude_desktop_config.json",
    "claude-code": ".mcp.json",
    "cursor": ".cursor/mcp.json",
    "vscode": "config/Code/User/mcp.json",
}


def install(folder: Path, *words: str, **variables: str) -> Said:
    """Run the command of somebody whose home is this folder."""
    environment: Mapping[str, str] = environment_for(folder) | {"HOME": str(folder)} | variables
    return command(None, "mcp", "install", *words, folder=folder, environment=environment)


def file_of(folder: Path, client: str) -> Path:
    """The file of a client that is installed."""
    path = folder / FILES[client]
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def only_server(value: dict[str, Any], client: str) -> dict[str, Any]:
    """The server in a configuration."""
    server: dict[str, Any] = value[AI_CLIENTS[client].servers]["images"]
    return server


@pytest.mark.parametrize("client", FILES)
def test_the_configuration_is_printed_and_nothing_written(tmp_path: Path, client: str) -> None:
    result = install(tmp_path, client, "--folder", str(tmp_path / "pictures"), "--read-only")

    server = only_server(json.loads(result.out), client)
    assert result.exit_code == Exit.OK
    assert Path(server["command"]).is_absolute()
    assert server["args"][server["args"].index("mcp") :] == [
        "mcp", "--url", URL, "--folder", str(tmp_path / "pictures"), "--read-only",
    ]  # fmt: skip
    assert "env" not in server
    assert str(tmp_path / FILES[client]) in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("client", FILES)
def test_a_key_is_written_only_on_request_and_where_possible_as_a_reference(
    tmp_path: Path, client: str
) -> None:
    without = install(tmp_path, client, IMAGE_STORE_KEY=KEY, IMAGE_STORE_TOKEN="")
    result = install(tmp_path, client, "--with-key", IMAGE_STORE_KEY=KEY, IMAGE_STORE_TOKEN="")

    value = json.loads(result.out)
    written = only_server(value, client)["env"]["IMAGE_STORE_KEY"]
    assert KEY not in without.out
    assert written == (KEY if client == "claude" else AI_CLIENTS[client].key_reference)
    assert (client == "vscode") == ("inputs" in value)


def test_a_client_without_references_needs_the_key(tmp_path: Path) -> None:
    result = install(tmp_path, "claude", "--with-key")

    assert (result.exit_code, "IMAGE_STORE_KEY" in result.err) == (Exit.USAGE, True)


@pytest.mark.parametrize("client", FILES)
def test_a_new_file_is_private(tmp_path: Path, client: str) -> None:
    path = file_of(tmp_path, client)

    result = install(tmp_path, client, "--write")

    assert result.exit_code == Exit.OK
    assert only_server(json.loads(path.read_text()), client)["args"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir() if each.suffix in {".part", ".backup"}] == []


def test_everything_else_in_the_file_stays_and_a_copy_too(tmp_path: Path) -> None:
    path = file_of(tmp_path, "cursor")
    earlier = {
        "theme": "dark ✓",
        "mcpServers": {
            "other": {"command": "other"},
            "images": {"command": "old", "disabled": True, "env": {"IMAGE_STORE_KEY": "isk_old", "A": "b"}},
        },
    }
    path.write_text(json.dumps(earlier))
    path.chmod(0o644)

    install(tmp_path, "cursor", "--write")

    value = json.loads(path.read_text())
    [backup] = path.parent.glob("*.backup")
    assert (value["theme"], value["mcpServers"]["other"]) == ("dark ✓", {"command": "other"})
    assert value["mcpServers"]["images"]["disabled"] is True
    assert value["mcpServers"]["images"]["env"] == {"A": "b"}
    assert json.loads(backup.read_text()) == earlier
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, backup)] == [0o600, 0o600]


def test_what_an_earlier_entry_goes_on_to_set_is_named(tmp_path: Path) -> None:
    path = file_of(tmp_path, "claude-code")
    earlier = {
        "command": "old",
        "args": [],
        "cwd": "/x",
        "env": {"LD_PRELOAD": "./a.so", "\x1b[2J": "", "IMAGE_STORE_KEY": "k"},
    }
    path.write_text(json.dumps({"mcpServers": {"images": earlier}}))

    result = install(tmp_path, "claude-code", "--write")

    assert r"goes on to set: cwd, env.LD_PRELOAD, env.\x1b[2J." in " ".join(result.err.split())
    file_of(tmp_path, "cursor")
    assert "goes on" not in install(tmp_path, "cursor", "--write").err


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = file_of(tmp_path, "vscode")
    install(tmp_path, "vscode", "--with-key", "--write")
    first = path.read_text()

    install(tmp_path, "vscode", "--with-key", "--write")

    assert path.read_text() == first


BAD_FILES = {
    "comments": '{\n  // mine\n  "mcpServers": {}\n}',
    "half": '{"mcpServers": {',
    "a list": "[]",
    "other servers": '{"mcpServers": []}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_not_understood_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = file_of(tmp_path, "cursor")
    path.write_text(text)

    result = install(tmp_path, "cursor", "--write")

    assert (result.exit_code, path.read_text()) == (Exit.USAGE, text)
    assert [each.name for each in path.parent.iterdir()] == ["mcp.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_place_of_the_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(file_of(tmp_path, "claude-code"))

    result = install(tmp_path, "claude-code", "--write")

    assert (result.exit_code, "is not a file" in result.err) == (Exit.USAGE, True)


def test_bytes_that_are_no_text_stay_as_they_are(tmp_path: Path) -> None:
    path = file_of(tmp_path, "cursor")
    path.write_bytes(b"\xff\xfe{}")

    assert install(tmp_path, "cursor", "--write").exit_code == Exit.USAGE
    assert path.read_bytes() == b"\xff\xfe{}"


def test_an_empty_file_and_one_with_a_byte_order_mark_are_json(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    for text in ("", "\ufeff{}"):
        path.write_text(text, "utf-8")

        write_configuration(path, {"mcpServers": {"images": {}}})

        assert json.loads(path.read_text("utf-8")) == {"mcpServers": {"images": {}}}


def test_a_client_that_is_not_installed_gets_no_file(tmp_path: Path) -> None:
    result = install(tmp_path, "claude", "--write")

    assert (result.exit_code, "is installed" in result.err) == (Exit.USAGE, True)
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    target, path = tmp_path / "dotfiles.json", file_of(tmp_path, "cursor")
    target.write_text("{}")
    path.symlink_to(target)

    install(tmp_path, "cursor", "--write")

    assert path.is_symlink()
    assert "images" in json.loads(target.read_text())["mcpServers"]


def test_a_failure_while_writing_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text("{}")

    with pytest.raises(UsageError):
        write_configuration(tmp_path / "mcp.json" / "inside", {"mcpServers": {"images": {}}})

    assert path.read_text() == "{}"


def test_the_server_has_the_store_and_the_owner_of_this_command(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    words = ("--config", str(tmp_path / "config.toml"), "--profile", "prod", "--as", "user-1")

    result = install(tmp_path, "cursor", *words, "--name", "prod")

    arguments = json.loads(result.out)["mcpServers"]["prod"]["args"]
    assert arguments[arguments.index("mcp") + 1 :] == list(words)


@pytest.mark.parametrize(
    ("platform", "environment", "settings"),
    [
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Application Support"),
        ("win32", {"USERPROFILE": "/c/me", "APPDATA": "/c/me/Roaming"}, "/c/me/Roaming"),
        ("linux", {"HOME": "/home/me"}, "/home/me/.config"),
        ("linux", {"HOME": "/home/me", "XDG_CONFIG_HOME": "/config"}, "/config"),
    ],
)
def test_each_system_has_its_folder(platform: str, environment: dict[str, str], settings: str) -> None:
    folders: UserFolders = user_folders(environment, Path("project"), platform=platform)

    assert clients.AI_CLIENTS["claude"].path(folders) == Path(settings, "Claude/claude_desktop_config.json")
