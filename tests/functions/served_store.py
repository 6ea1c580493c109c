"""A deployment in memory behind HTTP, for a command in a process of its own, which it can kill."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import httpx

from tests.functions.store_in_memory import STORAGE, URL
from tests.local_servers import METHODS, LocalHandler, LocalServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.functions.store_in_memory import StoreInMemory

BUCKETS = ("private", "public")


class ServedStore(LocalServer):
    """Serves a store in memory; links into its buckets lead to this server too.

    `kill_after` is how many requests are carried out before the process whose id is in `pid_file` is killed: it
    never gets the answer to the last one.
    """

    def __init__(self, store: StoreInMemory, pid_file: Path) -> None:
        super().__init__(_handler(self))
        self.store = store
        self.pid_file = pid_file
        self.kill_after: int | None = None
        self._count = 0

    def answer_to(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """Carry out a request, and kill the command if it is the last one."""
        bucket, _, key = path.removeprefix("/storage/").partition("/")
        url = f"https://{bucket}{STORAGE}/{key}" if path.startswith("/storage/") else f"{URL}{path}"
        sent = {name: value for name, value in headers.items() if name.lower() != "host"}
        answer = self.store(httpx.Request(method, url, headers=sent, content=body))
        with self.lock:
            self._count += 1
            if self._count == self.kill_after:
                os.kill(int(self.pid_file.read_text()), signal.SIGKILL)
        return answer

    def begin(self, kill_after: int) -> None:
        """Count from here on."""
        self._count, self.kill_after = 0, kill_after

    def linked(self, text: str) -> str:
        """A text whose links into buckets lead here."""
        for bucket in BUCKETS:
            text = text.replace(f"https://{bucket}{STORAGE}/", f"{self.url}/storage/{bucket}/")
        return text


def _handler(server: ServedStore) -> type[LocalHandler]:
    class Handler(LocalHandler):
        def _any(self) -> None:
            answer = server.answer_to(self.command, self.path, dict(self.headers), self.body())
            headers = {
                name: server.linked(value)
                for name, value in answer.headers.items()
                if name.lower() not in {"content-length", "transfer-encoding"}
            }
            data = answer.read()
            if "json" in answer.headers.get("Content-Type", ""):
                data = server.linked(data.decode()).encode()
            self.answer(answer.status_code, data, headers)

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler._any)  # noqa: SLF001 - its own
    return Handler
