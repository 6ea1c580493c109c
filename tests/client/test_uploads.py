"""Uploads of the Python client over real HTTP: each source once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import pytest

from image_store_client import ImageStoreError, UnavailableError
from image_store_client.uploads.upload import IN_REQUEST_BYTES
from tests.cli.store_server import StoreServer
from tests.client.both import ASYNC, SYNC, AnyStore, quick_store
from tests.client.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from image_store_client import TransferProgress

JPEG = b"\xff\xd8\xff\xe0"
SMALL = JPEG + b"small"
LARGE = JPEG + bytes(IN_REQUEST_BYTES)
IMAGE = Answer(201, {"id": "i1"})


@pytest.fixture(params=[SYNC, ASYNC])
def kind(request: pytest.FixtureRequest) -> str:
    """Which client."""
    return str(request.param)


@pytest.fixture
def real() -> Iterator[StoreServer]:
    """A server that stores."""
    with StoreServer() as running:
        yield running


class Pipe(io.RawIOBase):
    """A stream that can be read only once."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._data.read(size)

    def seekable(self) -> bool:
        """It is not."""
        return False


def saved(data: bytes, folder: Path) -> Path:
    """A file with these bytes."""
    path = folder / "cat.jpg"
    path.write_bytes(data)
    return path


SOURCES: dict[str, Callable[[bytes, Path], Any]] = {
    "path": saved,
    "text": lambda data, folder: str(saved(data, folder)),
    "bytes": lambda data, _: data,
    "memory": lambda data, _: memoryview(data),
    "file": lambda data, _: io.BytesIO(data),
    "pipe": lambda data, _: Pipe(data),
    "data URI": lambda data, _: f"data:image/jpeg;base64,{base64.b64encode(data).decode()}",
    "base64": lambda data, _: {"base64": base64.b64encode(data).decode()},
}


@pytest.mark.parametrize(
    ("source", "data"),
    [*((name, SMALL) for name in SOURCES), *((name, LARGE) for name in ("path", "file", "pipe"))],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_every_source_is_stored_with_its_bytes(
    real: StoreServer, kind: str, source: str, data: bytes, tmp_path: Path
) -> None:
    value = SOURCES[source](data, tmp_path)

    with quick_store(kind, real.url, token="a.b.c") as store:
        image = store(lambda s: s.upload(value, filename="cat.jpg"))

    assert real.images[image["id"]]["sha256"] == hashlib.sha256(data).hexdigest()
    assert list(real.bytes.values()) == ([data] if data is LARGE else [])


def test_a_file_keeps_its_name_and_its_position(
    store: AnyStore, server: ScriptedServer, tmp_path: Path
) -> None:
    server.answer(IMAGE)
    path = saved(b"before" + SMALL, tmp_path)

    with path.open("rb") as file:
        file.seek(6)
        store(lambda s: s.upload(file))
        is_open = not file.closed

    [request] = server.requests
    assert (request.path, request.body, is_open) == ("/v1/images?filename=cat.jpg", SMALL, True)


def test_an_address_is_fetched_by_the_store(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(IMAGE)

    store(lambda s: s.upload("https://example.com/cat.jpg", title="A cat", on_duplicate="keep"))
    store(lambda s: s.upload({"url": "https://example.com/cat.jpg"}))

    first, second = (json.loads(request.body) for request in server.requests)
    source = {"url": "https://example.com/cat.jpg"}
    assert first == {"source": source, "title": "A cat", "on_duplicate": "keep"}
    assert second == {"source": source}


def test_attributes_go_with_the_bytes(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(IMAGE)

    store(lambda s: s.upload(SMALL, tags=["a", "b"], groups={"trip": ["1"]}, title=None))
    store(lambda s: s.upload(SMALL, metadata={"a": 1}, title="Ä" * 300))

    query, form = server.requests
    assert query.path == "/v1/images?tag=a&tag=b&group=trip%3A1"
    assert form.path == "/v1/images"
    assert form.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert SMALL in form.body
    assert json.dumps({"metadata": {"a": 1}, "title": "Ä" * 300}).encode() in form.body


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"%PDF-1.7", "unsupported_media_type"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "unsupported_media_type"),
        (b"", "invalid_request"),
        ("data:image/jpeg;base64,!", "unsupported_source"),
        ("data:image/jpeg", "unsupported_source"),
        ({"base64": "!"}, "unsupported_source"),
        ({"path": "cat.jpg"}, "unsupported_source"),
        (io.StringIO("text"), "unsupported_source"),
        (7, "unsupported_source"),
    ],
    ids=[
        "PDF",
        "HEIC",
        "empty",
        "no base64",
        "no data",
        "no base64 value",
        "no source",
        "text file",
        "number",
    ],
)
def test_what_cannot_be_stored_fails_before_anything_is_sent(
    store: AnyStore, server: ScriptedServer, source: Any, code: str
) -> None:
    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(source))

    assert (failed.value.code, server.requests) == (code, [])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo"),
        (b"\0\0\0\x10ftypmif1\0\0\0\0avif", "a HEIC photo"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video"),
        (b"%PDF-1.7", "a PDF"),
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"MM\0*\0\0\0\x08", "a TIFF picture"),
        (b"\xff\x0a\0", "a JPEG XL picture"),
        (b"8BPS\0\x01", "a Photoshop file"),
        (b"BM\0\0", "a BMP picture"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<SVG/>', "an SVG drawing"),
        (b"no image\n", "a text"),
        (b"\0\1\2", "no picture"),
    ],
)
def test_a_refused_file_has_its_name_its_kind_and_the_status_of_the_api(
    store: AnyStore, data: bytes, kind: str
) -> None:
    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(io.BytesIO(data), filename="photo"))

    assert failed.value.detail == (
        f"photo is {kind}. The store takes JPEG, PNG, GIF, WebP and AVIF: convert it first."
    )
    assert failed.value.status == 415


def test_a_missing_file_is_the_error_of_python(store: AnyStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store(lambda s: s.upload(tmp_path / "no.jpg"))


@pytest.mark.parametrize(
    ("data", "fault"),
    [(SMALL, 503), (SMALL, None), (LARGE, 429), (LARGE, 503), (LARGE, None)],
    ids=["busy", "lost response", "storage has too many", "storage is busy", "storage's response is lost"],
)
def test_an_upload_that_meets_a_fault_is_stored_once(
    real: StoreServer, kind: str, data: bytes, fault: int | None
) -> None:
    (real.after if fault is None else real.before).append(fault)

    with quick_store(kind, real.url, token="a.b.c") as store:
        store(lambda s: s.upload(data, filename="cat.jpg"))

    assert len(real.images) == 1
    sent = [headers for method, path, headers in real.requests if "/storage/" in path]
    assert len(sent) == (2 if data is LARGE else 0)
    assert all("Authorization" not in headers and headers["X-Pinned"] == "1" for headers in sent)


def test_storage_that_refuses_is_an_error(store: AnyStore, server: ScriptedServer) -> None:
    ticket = {
        "id": "i1",
        "upload": {"method": "PUT", "url": f"{server.url}/key?X-Amz-Signature=1", "headers": {}},
    }
    server.answer(Answer(201, ticket), Answer(400, b"<Error>BadDigest</Error>"))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(LARGE))

    assert (failed.value.code, failed.value.status) == ("storage_refused", 400)
    assert "Signature" not in str(failed.value)


def test_bytes_that_are_stored_already_are_not_sent(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, {"id": "i1", "status": "ready"}))

    image = store(lambda s: s.upload(LARGE))

    assert (image["id"], [request.path for request in server.requests]) == ("i1", ["/v1/uploads"])


def test_an_image_that_the_store_still_works_on_is_awaited(store: AnyStore, server: ScriptedServer) -> None:
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    working = Answer(202, {"id": "i1", "status": "processing"})
    server.answer(Answer(201, ticket), Answer(200), working, working, IMAGE)

    image = store(lambda s: s.upload(LARGE))

    assert (image, store.waits) == ({"id": "i1"}, [0.5, 0.75])


def test_progress_counts_the_bytes_of_each_phase(store: AnyStore, server: ScriptedServer) -> None:
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    server.answer(Answer(201, ticket), Answer(200), IMAGE)
    seen: list[TransferProgress] = []

    store(lambda s: s.upload(LARGE, on_progress=seen.append))

    phases = list(dict.fromkeys(progress.phase for progress in seen))
    assert phases == ["hashing", "sending", "finishing"]
    for phase in phases:
        loaded = [progress.loaded for progress in seen if progress.phase == phase]
        assert (loaded, loaded[-1]) == (sorted(loaded), len(LARGE))


@pytest.mark.parametrize("phase", ["hashing", "sending"])
@pytest.mark.parametrize("size", [len(LARGE) - 1, len(LARGE) + 1_000_000], ids=["shorter", "longer"])
def test_a_file_that_changes_is_an_error(
    store: AnyStore, server: ScriptedServer, tmp_path: Path, phase: str, size: int
) -> None:
    path = saved(LARGE, tmp_path)
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    server.answer(Answer(201, ticket), Answer(200))

    def change(progress: TransferProgress) -> None:
        if progress.phase == phase:
            os.truncate(path, size)

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(path, on_progress=change))

    assert failed.value.code == "source_changed"
    assert not any(request.path.endswith("/complete") for request in server.requests)


def test_many_uploads_run_at_the_same_time_and_fail_alone(real: StoreServer, kind: str) -> None:
    real.meet = threading.Barrier(5)
    sources: list[bytes] = [JPEG + bytes([index]) for index in range(10)]
    sources.insert(3, b"no image")

    with quick_store(kind, real.url, token="a.b.c") as store:
        results = store(lambda s: s.upload_many(sources, filename="cat.jpg"))

    assert real.most_at_once == 5
    assert [each.index for each in results.successful] == [0, 1, 2, *range(4, 11)]
    assert [(each.index, each.error.code) for each in results.failed] == [(3, "unsupported_media_type")]
    assert len(real.images) == 10


def test_a_file_that_cannot_be_read_is_one_failure_of_many(
    store: AnyStore, server: ScriptedServer, tmp_path: Path
) -> None:
    server.answer(IMAGE)

    results = store(lambda s: s.upload_many([tmp_path / "no.jpg", SMALL]))

    [failed] = results.failed
    assert (failed.index, failed.error.code) == (0, "unsupported_source")
    assert failed.error.detail == "no.jpg cannot be read: No such file or directory."
    assert isinstance(failed.error.__cause__, FileNotFoundError)
    assert [each.index for each in results.successful] == [1]


def test_a_mistake_in_a_callback_is_raised_as_it_is(real: StoreServer, kind: str) -> None:
    def mistaken(_: int, __: TransferProgress) -> None:
        raise ZeroDivisionError

    with quick_store(kind, real.url, token="a.b.c") as store, pytest.raises(ZeroDivisionError):
        store(lambda s: s.upload_many([SMALL], on_progress=mistaken))


def test_a_cancelled_upload_leaves_no_file_and_no_task(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    server.answer(Answer(201, ticket), Answer(200, delay_seconds=5))
    files: list[list[Path]] = []

    async def cancelled(store: Any) -> int:
        upload = asyncio.create_task(store.upload(Pipe(LARGE)))
        while len(server.requests) < 2:
            await asyncio.sleep(0.01)
        files.append(list(tmp_path.iterdir()))
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        return len(asyncio.all_tasks())

    with quick_store(ASYNC, server.url, token="a.b.c") as store:
        tasks = store(cancelled)

    assert (tasks, list(tmp_path.iterdir())) == (1, [])
    assert [request.path for request in server.requests] == ["/v1/uploads", "/key"]


def test_a_download_is_whole_and_checked_or_is_not_there(
    store: AnyStore, server: ScriptedServer, tmp_path: Path
) -> None:
    image = Answer(200, {"id": "i1", "size_bytes": 5, "sha256": hashlib.sha256(b"bytes").hexdigest()})
    link = Answer(302, headers={"Location": f"{server.url}/key?X-Amz-Signature=1"})
    server.answer(image, link, Answer(200, b"bytes", {"Content-Length": "9"}), link, Answer(200, b"bytes"))
    good = store(lambda s: s.images.download("i1", tmp_path / "good.jpg"))
    server.answer(image, link, Answer(200, b"wrong"))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.download("i1", tmp_path / "bad.jpg"))

    assert (good.read_bytes(), failed.value.code) == (b"bytes", "broken_download")
    assert [path.name for path in tmp_path.iterdir()] == ["good.jpg"]


def test_a_file_that_exists_is_replaced_only_on_request(
    store: AnyStore, server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(b"old")
    server.answer(Answer(302, headers={"Location": f"{server.url}/key"}), Answer(200, b"new"))

    with pytest.raises(FileExistsError):
        store(lambda s: s.images.download("i1", path, preset="thumb"))
    before = path.read_bytes()
    store(lambda s: s.images.download("i1", path, preset="thumb", overwrite=True))

    assert (before, path.read_bytes()) == (b"old", b"new")


def test_storage_that_stays_away_is_unavailable(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(302, headers={"Location": "http://127.0.0.1:9/key"}))

    with pytest.raises(UnavailableError, match="Storage does not answer"):
        store(lambda s: s.images.bytes("i1"))
