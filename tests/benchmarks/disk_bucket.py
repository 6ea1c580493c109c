"""A bucket on disk, as far as cleanup and deletion speak S3: keys and sizes, no bytes."""

import re
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSResponse

from tests.benchmarks.answers import answered, intercept

_PAGE = 1_000
_KEY = re.compile(r"<Key>([^<]+)</Key>")
_DATE = "2025-11-20T08:15:30.000Z"
_HTTP_DATE = "Thu, 20 Nov 2025 08:15:30 GMT"
_ETAG = '"0-1"'


class DiskBucket:
    """Objects by their keys; `own_seconds` grows, as that of a table does."""

    def __init__(self, path: Path) -> None:
        """Open a bucket, or make an empty one."""
        self.open(path)
        self._lock = Lock()
        self.own_seconds = 0.0

    def open(self, path: Path) -> None:
        """Hold the objects of another file from now on."""
        self._objects = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._objects.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;"
            "CREATE TABLE IF NOT EXISTS object (key PRIMARY KEY, size) WITHOUT ROWID"
        )

    def close(self) -> None:
        """Close what it lies in."""
        self._objects.close()

    def put(self, keys: Iterable[str]) -> None:
        """Let there be objects."""
        self._objects.execute("BEGIN")
        self._objects.executemany("INSERT INTO object VALUES (?, 1000)", ((key,) for key in keys))
        self._objects.execute("COMMIT")

    def stand_in(self, client: Any) -> list[str]:
        """Take the place of R2 behind a client."""

        def respond(request: Any, operation: str) -> AWSResponse:
            with self._lock:
                started = time.thread_time()
                answer = self._answer(request, operation)
                self.own_seconds += time.thread_time() - started
            return answer

        return intercept(client, respond)

    def _answer(self, request: Any, operation: str) -> AWSResponse:
        url = urlsplit(request.url)
        match operation:
            case "DeleteObjects":
                keys = _KEY.findall(request.body.decode())
                self._objects.executemany("DELETE FROM object WHERE key = ?", ((key,) for key in keys))
                return answered(request, 200, {}, b"<DeleteResult/>")
            case "ListObjectsV2":
                query = {name: value for name, (value,) in parse_qs(url.query).items()}
                return answered(request, 200, {}, self._listing(query).encode())
            case "HeadObject":
                key = unquote(url.path).split("/", 2)[2]
                there = self._objects.execute("SELECT size FROM object WHERE key = ?", (key,)).fetchone()
                if there is None:
                    return answered(request, 404, {}, b"")
                headers = {"Content-Length": str(there[0]), "ETag": _ETAG, "Last-Modified": _HTTP_DATE}
                return answered(request, 200, headers, b"")
        raise NotImplementedError(operation)

    def _listing(self, query: dict[str, str]) -> str:
        prefix = query.get("prefix", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        rows = self._objects.execute(
            "SELECT key, size FROM object WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
            (after, prefix, f"{prefix}\U0010ffff", _PAGE + 1),
        ).fetchall()
        page = rows[:_PAGE]
        contents = "".join(
            f"<Contents><Key>{key}</Key><LastModified>{_DATE}</LastModified>"
            f"<ETag>{_ETAG}</ETag><Size>{size}</Size></Contents>"
            for key, size in page
        )
        more = len(rows) > _PAGE
        token = f"<NextContinuationToken>{page[-1][0]}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult>{contents}{token}<IsTruncated>{str(more).lower()}</IsTruncated></ListBucketResult>"
