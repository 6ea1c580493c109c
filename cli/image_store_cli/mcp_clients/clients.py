"""AI clients: where the configuration of each is, and how it names a server and a secret."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY_VARIABLE = "IMAGE_STORE_KEY"
KEY_INPUT = "image-store-key"


@dataclass(frozen=True, slots=True)
class UserFolders:
    """Where programs of this user keep their configuration."""

    home: Path
    settings: Path
    """`~/.config`, `~/Library/Application Support`, or `%APPDATA%`."""
    project: Path
    """The folder of the command."""


@dataclass(frozen=True, slots=True)
class AiClient:
    """One client."""

    title: str
    path: Callable[[UserFolders], Path]
    servers: str
    """The member of the file that holds the servers by name."""
    key_reference: str | None
    """What stands for the key in the file; None if the client knows no references."""
    needs_type: bool = False
    asks_for_key: bool = False
    """Whether the file declares the secrets that the client asks its user for."""


AI_CLIENTS: Mapping[str, AiClient] = {
    "claude": AiClient(
        "Claude Desktop",
        lambda folders: folders.settings / "Claude" / "claude_desktop_config.json",
        "mcpServers",
        key_reference=None,
    ),
    "claude-code": AiClient(
        "Claude Code",
        lambda folders: folders.project / ".mcp.json",
        "mcpServers",
        key_reference=f"${{{KEY_VARIABLE}}}",
    ),
    "cursor": AiClient(
        "Cursor",
        lambda folders: folders.home / ".cursor" / "mcp.json",
        "mcpServers",
        key_reference=f"${{env:{KEY_VARIABLE}}}",
    ),
    "vscode": AiClient(
        "VS Code",
        lambda folders: folders.settings / "Code" / "User" / "mcp.json",
        "servers",
        key_reference=f"${{input:{KEY_INPUT}}}",
        needs_type=True,
        asks_for_key=True,
    ),
}


def user_folders(
    environment: Mapping[str, str], project: Path, *, platform: str = sys.platform
) -> UserFolders:
    """Find the folders of this user."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    if platform == "win32":
        settings = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    elif platform == "darwin":
        settings = home / "Library" / "Application Support"
    else:
        settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    return UserFolders(home=home, settings=settings, project=project)


def configuration(
    client: AiClient, name: str, command: list[str], *, with_key: bool, environment: Mapping[str, str]
) -> dict[str, Any]:
    """What the file must have for one server: the server, and in VS Code the question for the key.

    UsageError if the key itself is needed, because the client knows no references, and is not in the environment.
    """
    server: dict[str, Any] = {"type": "stdio"} if client.needs_type else {}
    server |= {"command": command[0], "args": command[1:]}
    more: dict[str, Any] = {}
    if with_key:
        server["env"] = {KEY_VARIABLE: client.key_reference or _key_in(environment, client)}
        if client.asks_for_key:
            question = {"type": "promptString", "id": KEY_INPUT, "description": "API key of the image store"}
            more["inputs"] = [question | {"password": True}]
    return {**more, client.servers: {name: server}}


def _key_in(environment: Mapping[str, str], client: AiClient) -> str:
    key = environment.get(KEY_VARIABLE)
    if not key:
        raise UsageError(
            f"{client.title} needs the key itself in its file: set {KEY_VARIABLE}, or leave --with-key out and sign in "
            "with `image-store login`."
        )
    return key
