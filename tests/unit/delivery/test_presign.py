"""Presigned links are byte-equal to botocore's, and equal among themselves within a half hour."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import pytest
from botocore.config import Config
from botocore.session import get_session

from image_store.adapters.objects import s3_client
from image_store.adapters.presign import AccessKeys, Presigner
from image_store.domain.images.byte_stores import ByteStore
from image_store.settings.byte_stores import ByteStoreSettings

ENDPOINT = "https://account.r2.example.com"
KEYS = AccessKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

OBJECT_KEYS = [
    "a/b/original.png",
    "with space/and+plus.png",
    "percent/%41%2F%zz.png",
    "unicode/Überraschung–日本.png",
    "marks/~-._!*'()&=?#;:@,$[]{}|^`\"<>\\.png",
    "double//slash/./and/../dots.png",
]
FILENAMES = [
    None,
    "",
    "plain.png",
    "two words (1).png",
    "quote\"'semi;percent%20.png",
    "Äpfel & Öl.jpg",
    "猫の写真.webp",
    "кошка.png",
    "صورة.gif",
    "תמונה.png",
    "चित्र.avif",
    "🐈‍⬛~a/b+c=d.png",
]


class SetClock:
    """A clock that stands still until it is set."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


def presigner(
    clock: SetClock, *, endpoint: str = ENDPOINT, region: str = "auto", keys: AccessKeys = KEYS
) -> Presigner:
    return Presigner(endpoint=endpoint, region=region, credentials=lambda: keys, clock=clock)


@cache
def client_of(endpoint: str, region: str = "auto") -> Any:
    """botocore's client; one is slow to make, and holds nothing of what it signed."""
    return s3_client(
        session=get_session(),
        endpoint=endpoint,
        region=region,
        access_key_id=KEYS[0],
        secret_access_key=KEYS[1],
    )


def botocores(
    monkeypatch: pytest.MonkeyPatch,
    instant: datetime,
    key: str,
    filename: str | None,
    *,
    endpoint: str = ENDPOINT,
    region: str = "auto",
    disposition: str | None = None,
) -> str:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: instant.replace(tzinfo=None))
    params = {"Bucket": "private-bucket", "Key": key}
    if filename is not None:
        params["ResponseContentDisposition"] = f"inline; filename*=UTF-8''{disposition}"
    return str(
        client_of(endpoint, region).generate_presigned_url("get_object", Params=params, ExpiresIn=3600)
    )


def percent_encoded(text: str) -> str:
    """Encode without the code under test: all but RFC 3986's unreserved characters."""
    unreserved = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    return "".join(chr(byte) if byte in unreserved else f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize("filename", FILENAMES)
@pytest.mark.parametrize("key", OBJECT_KEYS)
def test_a_link_is_equal_to_botocores(
    monkeypatch: pytest.MonkeyPatch, key: str, filename: str | None
) -> None:
    link = presigner(SetClock(NOON)).read("private-bucket", key, filename=filename)

    disposition = None if filename is None else percent_encoded(filename)
    assert link == botocores(monkeypatch, NOON, key, filename, disposition=disposition)


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("http://localhost:4566", "us-east-1"),
        ("http://127.0.0.1:4566", "eu-central-1"),
        ("http://[::1]:4566", "auto"),
        ("https://account.r2.example.com:443", "auto"),
        ("http://store.example.com:80", "auto"),
        ("https://Account.R2.Example.Com", "auto"),
        ("https://store.example.com/below", "auto"),
    ],
)
def test_a_link_is_equal_to_botocores_at_every_kind_of_endpoint(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, region: str
) -> None:
    link = presigner(SetClock(NOON), endpoint=endpoint, region=region).read("private-bucket", "a/b.png")

    assert link == botocores(monkeypatch, NOON, "a/b.png", None, endpoint=endpoint, region=region)


def test_query_parameters_stand_in_botocores_order(monkeypatch: pytest.MonkeyPatch) -> None:
    link = presigner(SetClock(NOON)).read("private-bucket", "a.png", filename="a b.png")
    theirs = botocores(monkeypatch, NOON, "a.png", "a b.png", disposition="a%20b.png")

    names = [pair.partition("=")[0] for pair in urlsplit(link).query.split("&")]

    assert names == [pair.partition("=")[0] for pair in urlsplit(theirs).query.split("&")]
    assert names == [
        "response-content-disposition",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ]


@pytest.mark.parametrize(
    ("now", "signed_at"),
    [
        (NOON, "20260301T120000Z"),
        (NOON + timedelta(minutes=29, seconds=59, microseconds=999_999), "20260301T120000Z"),
        (NOON + timedelta(minutes=30), "20260301T123000Z"),
        (NOON + timedelta(minutes=59), "20260301T123000Z"),
        (NOON + timedelta(hours=12), "20260302T000000Z"),
    ],
)
def test_the_instant_is_floored_to_the_half_hour(now: datetime, signed_at: str) -> None:
    query = parse_qs(urlsplit(presigner(SetClock(now)).read("b", "k")).query)

    assert query["X-Amz-Date"] == [signed_at]
    assert query["X-Amz-Expires"] == ["3600"]


def test_one_presigner_follows_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock(NOON)
    links = presigner(clock)
    links.read("private-bucket", "a.png")

    clock.instant = NOON + timedelta(days=1)

    assert links.read("private-bucket", "a.png") == botocores(monkeypatch, clock.instant, "a.png", None)


def test_one_presigner_follows_the_half_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    half_hours = [midnight + timedelta(minutes=minutes) for minutes in (-60, -30, 0, 30, -30)]
    clock = SetClock(NOON)
    links = presigner(clock)

    for half_hour in half_hours:
        clock.instant = half_hour + timedelta(minutes=29, seconds=59)
        urls = [links.read("private-bucket", key) for key in ("a.png", "b.png")]

        assert urls == [botocores(monkeypatch, half_hour, key, None) for key in ("a.png", "b.png")]


@pytest.mark.parametrize(
    "old", [AccessKeys("OLD", "old-secret"), AccessKeys("OLD", KEYS[1]), AccessKeys(KEYS[0], "old-secret")]
)
def test_one_presigner_follows_rotated_credentials(monkeypatch: pytest.MonkeyPatch, old: AccessKeys) -> None:
    pairs = [old, KEYS]
    links = Presigner(
        endpoint=ENDPOINT, region="auto", credentials=lambda: pairs.pop(0), clock=SetClock(NOON)
    )
    links.read("private-bucket", "a.png")

    assert links.read("private-bucket", "a.png") == botocores(monkeypatch, NOON, "a.png", None)


def test_a_link_that_stores_leaves_those_that_read_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock(NOON + timedelta(hours=11, minutes=59))
    links = presigner(clock)
    links.read("private-bucket", "a.png")
    clock.instant += timedelta(minutes=2)
    links.put(
        "private-bucket",
        "b.png",
        content_type="image/png",
        size_bytes=1,
        sha256="00" * 32,
        expires_in=timedelta(minutes=30),
    )
    clock.instant -= timedelta(minutes=2)

    url = links.read("private-bucket", "a.png")

    half_hour = NOON + timedelta(hours=11, minutes=30)
    assert url == botocores(monkeypatch, half_hour, "a.png", None)


def test_the_signing_key_is_derived_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[bytes] = []
    clock = SetClock(NOON)
    links = presigner(clock)
    real = botocore.auth.hmac.digest

    def counting(key: bytes, msg: bytes, digest: str) -> bytes:
        signed.append(msg)
        return bytes(real(key, msg, digest))

    monkeypatch.setattr("image_store.adapters.presign.hmac.digest", counting)
    for instant in (NOON, NOON + timedelta(hours=1), NOON + timedelta(days=1)):
        clock.instant = instant
        links.read("private-bucket", "a.png")

    assert [message for message in signed if message == b"aws4_request"] == [b"aws4_request"] * 2


def test_a_link_for_head_is_botocores_and_another_than_for_get(monkeypatch: pytest.MonkeyPatch) -> None:
    links = presigner(SetClock(NOON))

    url = links.read("private-bucket", "a/b.png", method="HEAD")

    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOON.replace(tzinfo=None))
    client = client_of(ENDPOINT)
    theirs = client.generate_presigned_url(
        "head_object", Params={"Bucket": "private-bucket", "Key": "a/b.png"}, ExpiresIn=3600
    )
    assert url == theirs
    assert url != links.read("private-bucket", "a/b.png")


# Links that store ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [ENDPOINT, "http://localhost:18080", f"{ENDPOINT}/behind"])
@pytest.mark.parametrize("key", OBJECT_KEYS)
def test_a_link_that_stores_is_botocores(monkeypatch: pytest.MonkeyPatch, key: str, endpoint: str) -> None:
    instant = NOON + timedelta(minutes=7, seconds=13)

    put = presigner(SetClock(instant), endpoint=endpoint).put(
        "bucket",
        key,
        content_type="image/png",
        size_bytes=123,
        sha256="ab" * 32,
        expires_in=timedelta(minutes=30),
    )

    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: instant.replace(tzinfo=None))
    client = client_of(endpoint)
    theirs = client.generate_presigned_url(
        "put_object",
        Params={
            "Bucket": "bucket",
            "Key": key,
            "ContentType": "image/png",
            "ContentLength": 123,
            "IfNoneMatch": "*",
            "ChecksumSHA256": put.headers["x-amz-checksum-sha256"],
        },
        ExpiresIn=1800,
    )
    assert put.url == theirs
    assert put.headers["Content-Type"] == "image/png"
    assert put.headers["If-None-Match"] == "*"
    assert "Content-Length" not in put.headers  # follows from the body, and no browser lets a page set it


def test_a_link_that_stores_ends_when_it_says() -> None:
    put = presigner(SetClock(NOON + timedelta(minutes=29, seconds=59))).put(
        "bucket",
        "a/b.png",
        content_type="image/png",
        size_bytes=1,
        sha256="00" * 32,
        expires_in=timedelta(minutes=30),
    )

    query = parse_qs(urlsplit(put.url).query)
    assert query["X-Amz-Date"] == ["20260301T122959Z"]
    assert query["X-Amz-Expires"] == ["1800"]


# AWS S3 -------------------------------------------------------------------------------------------------

ROLE = AccessKeys("ASIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEA==/+")


def in_s3(keys: AccessKeys = ROLE, region: str = "eu-west-1") -> Presigner:
    """The presigner that the settings make for AWS S3 itself."""
    store = ByteStoreSettings(kind=ByteStore.S3, endpoint="", region=region, secret="")
    return Presigner(
        endpoint=store.url,
        region=region,
        credentials=lambda: keys,
        clock=SetClock(NOON),
        has_virtual_hosts=store.has_virtual_hosts,
    )


def parts_of(url: str) -> tuple[str, str, dict[str, list[str]]]:
    """Host, path and parameters; botocore puts the token of a session elsewhere in the query."""
    parts = urlsplit(url)
    return parts.netloc, parts.path, parse_qs(parts.query)


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1"])
@pytest.mark.parametrize("operation", ["get_object", "head_object", "put_object"])
def test_a_link_of_a_role_to_s3_itself_is_botocores(
    monkeypatch: pytest.MonkeyPatch, operation: str, region: str
) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOON.replace(tzinfo=None))
    session = get_session()
    session.set_credentials(*ROLE)
    # Without `virtual` botocore would sign for the host without a region, which redirects to the one of the bucket.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    client = session.create_client("s3", region_name=region, config=config)
    params: dict[str, Any] = {"Bucket": "private-bucket", "Key": "a b/ü.png"}
    links = in_s3(region=region)
    if operation == "put_object":
        put = links.put(
            "private-bucket",
            "a b/ü.png",
            content_type="image/png",
            size_bytes=123,
            sha256="ab" * 32,
            expires_in=timedelta(hours=1),
        )
        url = put.url
        params |= {"ContentType": "image/png", "ContentLength": 123, "IfNoneMatch": "*"}
        params["ChecksumSHA256"] = put.headers["x-amz-checksum-sha256"]
    else:
        method: Any = operation.partition("_")[0].upper()
        url = links.read("private-bucket", "a b/ü.png", method=method)

    theirs = client.generate_presigned_url(operation, Params=params, ExpiresIn=3600)

    assert parts_of(url) == parts_of(theirs)
    assert urlsplit(url).netloc.startswith(f"private-bucket.s3.{region}.amazonaws.com")
    assert "X-Amz-Security-Token" in parts_of(url)[2]


def test_a_new_session_of_the_role_signs_other_links() -> None:
    other = ROLE._replace(session_token="another")

    assert in_s3().read("b", "k") != in_s3(other).read("b", "k")
