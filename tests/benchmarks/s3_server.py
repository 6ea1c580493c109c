"""A store that speaks as much S3 as our adapter does, at a fixed distance, in a process of its own.

Run as `python -m tests.benchmarks.s3_server LATENCY_MS [/bucket/key=FILE …]`: it prints its port and serves until
it is ended. Each answer comes so many milliseconds after its request, and any number of them at once; to be told to
go on with a body is an answer as well. Small objects lie in memory; those named FILE are read from disk as they are
sent.
"""

import asyncio
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

_DATE = "Thu, 20 Nov 2025 08:15:30 GMT"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {
    200: "OK",
    204: "No Content",
    404: "Not Found",
    412: "Precondition Failed",
    501: "Not Implemented",
}
_KEY = re.compile(rb"<Key>([^<]+)</Key>")

type Content = bytes | Path


class LocalS3:
    """The server as a child process; a context manager whose `endpoint` it listens at."""

    def __init__(self, *, latency_ms: int = 0, objects: dict[str, Path] | None = None) -> None:
        """`objects` are there from the beginning, by `/bucket/key`."""
        named = [f"{name}={path}" for name, path in (objects or {}).items()]
        command = [sys.executable, "-m", "tests.benchmarks.s3_server", str(latency_ms), *named]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.endpoint = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


class _Server:
    def __init__(self, latency_ms: int, objects: dict[str, Content]) -> None:
        self._latency_seconds = latency_ms / 1000
        self._objects = objects

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split(" ", 2)
                headers = {
                    name.lower(): value
                    for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])
                }
                if "expect" in headers:
                    await asyncio.sleep(self._latency_seconds)
                    writer.write(_CONTINUE)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                path, _, query = unquote(target).partition("?")
                status, answered, content = self._answer(method, path, query, headers, body)
                await asyncio.sleep(self._latency_seconds)
                await self._send(writer, status, answered, content, bodiless=method == "HEAD")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], Content]:
        stored = self._objects.get(path)
        match method:
            case "PUT" if "x-amz-copy-source" in headers:
                source = self._objects.get("/" + unquote(headers["x-amz-copy-source"]).removeprefix("/"))
                if source is None:
                    return 404, {}, b"<Error><Code>NoSuchKey</Code></Error>"
                self._objects[path] = source
                return 200, {}, b"<CopyObjectResult><ETag>&quot;copied&quot;</ETag></CopyObjectResult>"
            case "PUT" if stored is not None and headers.get("if-none-match") == "*":
                return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
            case "PUT":
                self._objects[path] = body
                return 200, {"ETag": _etag(body)}, b""
            case "GET" | "HEAD" if stored is not None:
                return 200, {"ETag": _etag(stored), "Last-Modified": _DATE}, stored
            case "GET" | "HEAD":
                return 404, {}, b"<Error><Code>NoSuchKey</Code></Error>"
            case "POST" if query.startswith("delete"):
                bucket = path.rstrip("/")
                for key in _KEY.findall(body):
                    self._objects.pop(f"{bucket}/{key.decode()}", None)
                return 200, {}, b"<DeleteResult/>"
        return 501, {}, b"<Error><Code>NotImplemented</Code></Error>"

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        headers: dict[str, str],
        content: Content,
        *,
        bodiless: bool,
    ) -> None:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Length: {size}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if not bodiless and isinstance(content, bytes):
            writer.write(content)
        await writer.drain()
        if not bodiless and isinstance(content, Path):
            with content.open("rb") as file:
                await asyncio.get_running_loop().sendfile(writer.transport, file)


def _etag(content: Content) -> str:
    """An MD5 of what lies in memory, as after a PUT; of a file what no MD5 looks like, as after many parts."""
    if isinstance(content, Path):
        return f'"{content.stat().st_size}-1"'
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


async def _serve(latency_ms: int, objects: dict[str, Content]) -> None:
    server = await asyncio.start_server(_Server(latency_ms, objects).converse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    _, latency, *named = sys.argv
    asyncio.run(_serve(int(latency), {key: Path(file) for key, _, file in (n.partition("=") for n in named)}))
