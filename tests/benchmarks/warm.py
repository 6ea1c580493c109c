"""What a warm function spends: a page of a list, signed links, the calls of an upload, many objects, a large one."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from image_store.adapters.presign import AccessKeys, Presigner
from image_store.adapters.system import SystemClock
from image_store.domain.errors import InvalidRequest
from image_store.entrypoints.http.forms import read_form
from tests.benchmarks import direct_upload, objects
from tests.benchmarks.answers import Table
from tests.benchmarks.functions import Functions
from tests.benchmarks.measurement import Measurement, compare, cpu_ms, median_cpu_ms
from tests.benchmarks.plain import PAGE, PlainHandler
from tests.benchmarks.sample import http_event, listed_row, query_read_units
from tests.pictures import jpeg

_PAIRS = 25
_ENDPOINT = "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com"
# Reserve, commit, and one put each for the original, the thumb and the display picture.
_UPLOAD_CALLS = 5
_FORM_BYTES = 4_000_000


def measure(build: Path) -> Iterator[Measurement]:
    """Measure all that PERFORMANCE.md asks of warm functions."""
    yield from list_page()
    yield _presigned_links()
    yield upload_calls()
    yield from forms()
    yield from objects.measure()
    yield from direct_upload.measure(build)


def list_page() -> Iterator[Measurement]:
    """What a full page of a list costs: first what is counted, then its CPU time."""
    rows = [listed_row(index) for index in range(PAGE)]
    functions = Functions(table=Table(rows).stand_in)
    event = http_event("GET", "/v1/images", "/v1/images", query=f"limit={PAGE}")

    answer = functions.call("list", event)
    queries = functions.calls.count("Query")
    yield Measurement("list100_queries", queries, "queries", 1, f"{answer['body'].count('thumb_url')} cards")
    detail = f"{len(rows)} rows of by_owner"
    yield Measurement("list100_read_units", query_read_units(rows), "units", 8, detail)

    plain = PlainHandler()
    compared = compare(
        lambda: cpu_ms(lambda: functions.call("list", event)),
        lambda: cpu_ms(lambda: plain.list_images("owner")),
        pairs=_PAIRS,
    )
    detail = f"{compared.ours_ms:.1f} ms, plain {compared.theirs_ms:.1f} ms"
    yield Measurement("list100_vs_plain", compared.ratio, "× plain", 0.2, detail)


def forms() -> Iterator[Measurement]:
    """What reading a form of 4 MB costs: with a file in it, and made to be slow."""
    picture = (_FORM_BYTES // 4096) * bytes(range(256)) * 16
    head = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png'
    plain = b"--x\r\n" + head + b"\r\n\r\n" + picture + b"\r\n--x--\r\n"
    yield Measurement("form_4mb_ms", _form_ms(plain), "ms", 25, f"{len(plain):,} bytes")
    hostile = {
        "encoded words": b'--x\r\nContent-Disposition: form-data; name="' + b"=?utf-8?q?=61?= " * 250_000,
        "parts": b"--x\r\na: b\r\n\r\n\r\n" * 300_000,
        "headers": b"--x\r\n" + b"a: b\r\n" * 600_000 + b"\r\n",
        "boundaries": b"--x\r\na: b\r\n\r\n" + b"\r\n--xy" * 600_000,
        "almost boundaries": b"--x\r\na: b\r\n\r\n" + b"\r\n-" * 1_300_000,
        "ends of lines": b"\r\n" * 2_000_000,
    }
    slowest = max(hostile, key=lambda name: _form_ms(hostile[name]))
    yield Measurement("form_4mb_hostile_ms", _form_ms(hostile[slowest]), "ms", 50, slowest)


def _form_ms(body: bytes) -> float:
    def read() -> None:
        with suppress(InvalidRequest):
            read_form(body, "multipart/form-data; boundary=x")

    return median_cpu_ms(read, runs=5)


def _presigned_links() -> Measurement:
    keys = [
        f"images/upload/2025/11/0199a3f0-0000-7000-8000-{index:012d}/00/thumb.jpg" for index in range(100)
    ]
    presigner = Presigner(
        endpoint=_ENDPOINT,
        region="auto",
        credentials=lambda: AccessKeys("example", "example"),
        clock=SystemClock(),
    )
    client: Any = boto3.client(
        "s3",
        endpoint_url=_ENDPOINT,
        region_name="auto",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )

    def by_boto3() -> None:
        for key in keys:
            client.generate_presigned_url("get_object", Params={"Bucket": "private", "Key": key})

    def by_us() -> None:
        for key in keys:
            presigner.read("private", key)

    compared = compare(lambda: cpu_ms(by_us), lambda: cpu_ms(by_boto3), pairs=_PAIRS)
    detail = f"{compared.ours_ms:.1f} ms, boto3 {compared.theirs_ms:.0f} ms"
    return Measurement("presign100_vs_boto3", compared.ratio, "× boto3", 1 / 20, detail)


def upload_calls() -> Measurement:
    """The calls that storing one picture takes, but for the secret that is read once."""
    functions = Functions(table=Table([]).stand_in)
    photo = jpeg(1800, 1350, quality=95)
    event = http_event("POST", "/v1/images", "/v1/images")

    functions.upload(event, photo, content_type="image/jpeg")

    calls = [call for call in functions.calls if call != "GetSecretValue"]
    detail = f"JPEG of {len(photo) / 1_000_000:.1f} MB: {', '.join(sorted(calls))}"
    return Measurement("upload_calls", len(calls), "calls", _UPLOAD_CALLS, detail)
