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
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from image_store_client import ImageStoreError, UnavailableError, UploadProgress
from image_store_client.media import MOST_IMAGE_BYTES
from image_store_client.uploads.upload import IN_REQUEST_BYTES
from tests.cli.store_server import StoreServer
from tests.python.both import ASYNC, SYNC, AnyStore, quick_store
from tests.python.scripted_server import CUT, Answer, ScriptedServer, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from image_store_client import UploadManyProgress, UploadState

JPEG = b"\xff\xd8\xff\xe0"
SMALL = JPEG + b"small"
LARGE = JPEG + bytes(IN_REQUEST_BYTES)
IMAGE = Answer(201, {"id": "i1"})
EXISTING = Answer(200, {"id": "i1", "status": "ready"})


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
    "bytes": lambda data, _: data,
    "memory": lambda data, _: memoryview(data),
    "file": lambda data, _: io.BytesIO(data),
    "pipe": lambda data, _: Pipe(data),
    "data URI": lambda data, _: f"data:image/jpeg;base64,{base64.b64encode(data).decode()}",
    "base64": lambda data, _: {"base64": base64.b64encode(data).decode()},
    "base64 in lines, without its end": lambda data, _: {
        "base64": base64.encodebytes(data).decode().rstrip("=\n") + "\n"
    },
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
        ("data:image/jpeg;base64,!", "invalid_request"),
        ("data:image/jpeg", "invalid_request"),
        ({"base64": "!"}, "invalid_request"),
        ({"base64": None}, "invalid_request"),
        ({"data_uri": 7}, "invalid_request"),
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
        "base64 of nothing",
        "no text",
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


@pytest.mark.parametrize("relative", [True, False])
def test_a_text_is_never_a_path(
    store: AnyStore, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    """It may come from a user of a server, and name a file of that server."""
    monkeypatch.chdir(tmp_path)
    path = saved(SMALL, tmp_path)

    with pytest.raises(ImageStoreError, match="A file is a Path") as failed:
        store(lambda s: s.upload(path.name if relative else str(path)))

    assert (failed.value.code, server.requests) == ("unsupported_source", [])
    assert path.name not in str(failed.value)


def test_an_image_that_no_store_takes_is_not_sent(
    store: AnyStore, server: ScriptedServer, tmp_path: Path
) -> None:
    path = saved(JPEG, tmp_path)
    os.truncate(path, MOST_IMAGE_BYTES + 1)

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(path))

    assert (failed.value.code, failed.value.status, server.requests) == ("payload_too_large", 413, [])


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
    assert len(sent) == (0 if data is SMALL else 1 if fault is None else 2)
    assert all("Authorization" not in headers and headers["X-Pinned"] == "1" for headers in sent)


def ticket_of(server: ScriptedServer, key: str = "key") -> Answer:
    """The answer to a direct upload that begins, with a link of storage."""
    link = {"method": "PUT", "url": f"{server.url}/{key}?X-Amz-Signature=1", "headers": {}}
    return Answer(201, {"id": "i1", "upload": link})


def paths_of(server: ScriptedServer) -> list[str]:
    """The paths of all requests so far."""
    return [request.path.partition("?")[0] for request in server.requests]


INCOMPLETE = problem(409, "upload_incomplete")


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (Answer(400, b"<Error><Code>BadDigest</Code></Error>"), "source_changed", None),
        (Answer(403, b"<Error><Code>AccessDenied</Code></Error>"), "storage_refused", 403),
    ],
    ids=["other bytes", "no access"],
)
def test_storage_that_refuses_twice_is_an_error(
    store: AnyStore, server: ScriptedServer, answer: Answer, code: str, status: int | None
) -> None:
    server.answer(*[ticket_of(server), answer, INCOMPLETE] * 2)

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(LARGE))

    assert (failed.value.code, failed.value.status, len(server.requests)) == (code, status, 6)
    assert "Signature" not in str(failed.value)


def test_a_link_that_has_expired_is_renewed(store: AnyStore, server: ScriptedServer) -> None:
    expired = Answer(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
    server.answer(ticket_of(server, "old"), expired, INCOMPLETE, ticket_of(server, "new"), Answer(200), IMAGE)

    image = store(lambda s: s.upload(LARGE))

    complete = "/v1/uploads/i1/complete"
    assert image == {"id": "i1", "existed": False}
    assert paths_of(server) == ["/v1/uploads", "/old", complete, "/v1/uploads", "/new", complete]
    assert (
        len(
            {each.headers["Idempotency-Key"] for each in server.requests if "Idempotency-Key" in each.headers}
        )
        == 1
    )


def test_a_reservation_that_is_gone_is_replaced(store: AnyStore, server: ScriptedServer) -> None:
    gone = problem(404, "upload_not_found")
    server.answer(ticket_of(server), Answer(200), gone, ticket_of(server, "other"), Answer(200), IMAGE)

    store(lambda s: s.upload(LARGE))

    assert "/other" in paths_of(server)


def test_bytes_that_have_arrived_are_not_sent_again_when_the_answer_is_lost(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(ticket_of(server), CUT, IMAGE)

    store(lambda s: s.upload(LARGE))

    assert paths_of(server) == ["/v1/uploads", "/key", "/v1/uploads/i1/complete"]


def test_an_upload_that_the_store_never_finishes_is_late(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(ticket_of(server), Answer(200), Answer(202, {"id": "i1", "status": "processing"}))

    with pytest.raises(UnavailableError, match="still processing") as failed:
        store(lambda s: s.upload(LARGE))

    assert (failed.value.code, failed.value.status) == ("upload_pending", 202)
    assert sum(store.waits) > 600


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_a_name_that_an_upload_token_forbids_is_left_out_unless_the_caller_chose_it(
    store: AnyStore, server: ScriptedServer, tmp_path: Path, data: bytes
) -> None:
    path = saved(data, tmp_path)
    forbidden = problem(403, "upload_not_allowed")
    server.answer(forbidden, Answer(200, {"id": "i1"}))
    store(lambda s: s.upload(path))
    first, second = (request.path.encode() + request.body[:500] for request in server.requests)
    server.answer(forbidden)

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(path, filename="dog.jpg"))

    assert (b"cat.jpg" in first, b"cat.jpg" in second) == (True, False)
    assert (failed.value.code, len(server.requests)) == ("upload_not_allowed", 3)


@pytest.mark.parametrize(("key", "existed"), [(None, True), ("mine", False)])
def test_bytes_that_are_stored_already_are_not_sent(
    store: AnyStore, server: ScriptedServer, key: str | None, existed: bool
) -> None:
    server.answer(EXISTING)

    image = store(lambda s: s.upload(LARGE, idempotency_key=key))

    assert (image["id"], image["existed"]) == ("i1", existed)
    assert [request.path for request in server.requests] == ["/v1/uploads"]


def many(data: bytes, store: Any) -> Any:
    """Upload some bytes as one of many."""
    return store.upload_many([data], concurrency=1)


def test_only_an_image_from_before_the_upload_existed(store: AnyStore, server: ScriptedServer) -> None:
    for answers, data, existed in (
        ([EXISTING], SMALL, True),
        ([CUT, EXISTING], SMALL, True),
        ([CUT, IMAGE], SMALL, False),
        ([ticket_of(server), CUT, INCOMPLETE, EXISTING], LARGE, False),  # perhaps the bytes of the first try
    ):
        server.answer(*answers)
        results = store(partial(many, data))
        assert results.successful[0].image["existed"] is existed


def test_an_image_that_the_store_still_works_on_is_awaited(store: AnyStore, server: ScriptedServer) -> None:
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    working = Answer(202, {"id": "i1", "status": "processing"})
    server.answer(Answer(201, ticket), Answer(200), working, working, IMAGE)

    image = store(lambda s: s.upload(LARGE))

    assert (image["id"], store.waits) == ("i1", [0.5, 0.75])


def test_progress_counts_the_bytes_of_each_phase(store: AnyStore, server: ScriptedServer) -> None:
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    server.answer(Answer(201, ticket), Answer(200), IMAGE)
    seen: list[UploadProgress] = []

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

    def change(progress: UploadProgress) -> None:
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


def test_many_uploads_report_the_bytes_of_all_and_the_state_of_each(
    real: StoreServer, kind: str, tmp_path: Path
) -> None:
    sources = [saved(SMALL, tmp_path), JPEG + b"other", b"no image", Pipe(JPEG + b"pipe")]
    seen: list[tuple[int, int, list[UploadState]]] = []
    threads: set[int] = set()

    def note(progress: UploadManyProgress) -> None:
        threads.add(threading.get_ident())
        seen.append((progress.loaded, progress.total, [*progress.uploads]))

    with quick_store(kind, real.url, token="a.b.c") as store:
        results = store(lambda s: s.upload_many(sources, on_progress=note, filename="cat.jpg"))

    first, last = seen[0], seen[-1]
    assert [each.index for each in results.failed] == [2]
    assert [state.phase for state in last[2]] == ["stored", "stored", "failed", "stored"]
    assert [state.total for state in last[2]] == [9, 9, 8, 8]
    assert (first[1], last[0], last[1]) == (26, 34, 34)
    assert all(
        loaded == sum(state.loaded for state in states if state.phase not in {"waiting", "hashing"})
        and total == sum(state.total for state in states)
        for loaded, total, states in seen
    )
    assert {state.phase for _, _, states in seen for state in states} == {
        "waiting", "sending", "finishing", "stored", "failed",
    }  # fmt: skip
    assert kind == SYNC or threads == {threading.get_ident()}


def test_a_callback_of_many_uploads_is_called_by_one_at_a_time(real: StoreServer, kind: str) -> None:
    real.meet = threading.Barrier(5)
    inside: list[int] = []

    def slow(_: UploadManyProgress) -> None:
        inside.append(1)
        assert len(inside) == 1
        time.sleep(0.002)
        inside.pop()

    with quick_store(kind, real.url, token="a.b.c") as store:
        results = store(lambda s: s.upload_many([SMALL] * 5, on_progress=slow, filename="cat.jpg"))

    assert len(results.successful) == 5


def test_the_store_is_waited_for_when_it_fetches_an_address(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(IMAGE)
    seen: list[UploadProgress] = []

    store(lambda s: s.upload("HTTPS://example.com/cat.jpg", on_progress=seen.append))

    assert seen == [UploadProgress(0, 0, "finishing")]


def test_a_mistake_in_a_callback_is_raised_as_it_is(real: StoreServer, kind: str) -> None:
    def mistaken(_: UploadManyProgress) -> None:
        raise ZeroDivisionError

    with quick_store(kind, real.url, token="a.b.c") as store, pytest.raises(ZeroDivisionError):
        store(lambda s: s.upload_many([SMALL], on_progress=mistaken))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_progress_is_reported_in_the_thread_of_the_caller(real: StoreServer, kind: str, size: bytes) -> None:
    """A callback of a program with asyncio may then use what only its event loop may touch."""
    threads: set[int] = set()

    def note(_: object) -> None:
        threads.add(threading.get_ident())

    with quick_store(kind, real.url, token="a.b.c") as store:
        store(lambda s: s.upload(size, filename="cat.jpg", on_progress=note))

    assert threads == {threading.get_ident()}


def test_a_cancelled_upload_leaves_no_file_and_no_task(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ticket = {"id": "i1", "upload": {"method": "PUT", "url": f"{server.url}/key", "headers": {}}}
    server.answer(Answer(201, ticket), Answer(200, delay_seconds=60))
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
