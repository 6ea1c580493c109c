"""Only requests that AWS's own library has signed are accepted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.inside_emulator.signatures import RefusedSignature, Signature, SignedRequest, signature_of, verify

KEY, SECRET = "AKIALOCALLOCALLOCALX", "the-secret-of-the-root"
HOST = "localhost:18080"


def secret_of(access_key: str, token: str) -> str | None:
    """The secrets of one key pair without a token and one with a token."""
    return {(KEY, ""): SECRET, ("ASIA", "the-token"): "of-a-session"}.get((access_key, token))


def signed(
    url: str,
    *,
    method: str = "GET",
    service: str = "s3",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    link: bool = False,
    key: tuple[str, str, str | None] = (KEY, SECRET, None),
) -> SignedRequest:
    """Sign a request with botocore and return it as it arrives."""
    request = AWSRequest(method, f"http://{HOST}{url}", headers={"Host": HOST, **(headers or {})}, data=body)
    credentials = Credentials(*key)
    if link:
        signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
        signer(credentials, service, "us-east-1", expires=60).add_auth(request)
    else:
        (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1").add_auth(request)
    split = urlsplit(request.prepare().url)
    signed_headers = [
        (name.lower().encode(), (value if isinstance(value, bytes) else value.encode()))
        for name, value in request.headers.items()
    ]
    return SignedRequest(method, split.path, split.query, signed_headers)


def check(request: SignedRequest, body: bytes = b"", *, later: timedelta = timedelta(0)) -> Signature:
    """Verify a request, perhaps later than it was signed."""
    signature = signature_of(request)
    assert signature is not None
    verify(request, signature, body, secret_of=secret_of, now=datetime.now(UTC) + later)
    assert isinstance(signature, Signature)
    return signature


def refusal(request: SignedRequest, body: bytes = b"", *, later: timedelta = timedelta(0)) -> str:
    """Return AWS's error code for a request."""
    with pytest.raises(RefusedSignature) as raised:
        check(request, body, later=later)
    return raised.value.code


def with_header(request: SignedRequest, name: str, value: str) -> SignedRequest:
    """Replace a header, or add it."""
    others = [pair for pair in request.headers if pair[0] != name.encode()]
    return replace(request, headers=[*others, (name.encode(), value.encode())])


PATHS = [
    "/",
    "/bucket/key",
    "/bucket/a%20b/%C3%BC.jpg",
    "/bucket/a//b/../c/./d",
    "/bucket/100%25.png",
    "/bucket/a%2Bb=c@d,e",
    "/bucket/key?list-type=2&prefix=a%2Fb&delimiter=%2F&empty=",
    "/bucket/~tilde?b=2&a=1&a=0",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("service", ["s3", "lambda", "iam"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_header_signature_of_botocore_is_accepted(path: str, service: str, method: str) -> None:
    body = b"the body" if method == "PUT" else b""

    request = signed(path, method=method, service=service, body=body, headers={"X-Amz-Meta-A": "  b   c "})

    assert check(request, body).access_key == KEY


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_presigned_url_of_botocore_is_accepted_with_any_body(path: str, method: str) -> None:
    assert check(signed(path, method=method, link=True), b"anything").is_presigned


def test_dynamodb_calls_are_accepted_only_with_the_signed_body() -> None:
    body = b'{"TableName": "t"}'
    headers = {"X-Amz-Target": "DynamoDB_20120810.Scan", "Content-Type": "application/x-amz-json-1.0"}
    request = signed("/", method="POST", service="dynamodb", body=body, headers=headers)

    assert check(request, body).service == "dynamodb"
    assert refusal(request, b'{"TableName": "another"}') == "SignatureDoesNotMatch"


def test_a_replay_with_another_body_is_refused_even_with_the_old_hash() -> None:
    body = b'{"TableName": "t"}'
    request = signed("/", method="POST", service="dynamodb", body=body)
    replay = with_header(request, "x-amz-content-sha256", hashlib.sha256(body).hexdigest())

    assert refusal(replay, b"another body") == "AccessDenied"  # the header was not signed


def test_an_object_with_other_bytes_than_signed_is_refused() -> None:
    request = signed("/bucket/key", method="PUT", body=b"signed")

    assert refusal(request, b"swapped") == "XAmzContentSHA256Mismatch"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"path": "/bucket/another"},
        {"path": "/bucket/%6Bey/../secret"},
        {"query": "list-type=2&prefix=a"},
        {"query": "prefix=b&list-type=2"},
        {"query": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("service", ["s3", "iam"])
def test_any_other_request_with_the_same_signature_is_refused(change: dict[str, Any], service: str) -> None:
    request = signed("/bucket/key?list-type=2", service=service)

    assert refusal(replace(request, **change)) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-meta-a"])
def test_a_signed_header_cannot_be_changed(name: str) -> None:
    request = signed("/bucket/key", headers={"X-Amz-Meta-A": "b"})

    with pytest.raises(RefusedSignature):
        check(with_header(request, name, "20200101T000000Z"))


@pytest.mark.parametrize("link", [False, True])
def test_an_unsigned_aws_header_is_refused(link: bool) -> None:
    request = with_header(signed("/bucket/key", link=link), "x-amz-target", "DynamoDB_20120810.Scan")

    assert refusal(request) == "AccessDenied"


@pytest.mark.parametrize("signature", ["00", "0" * 64, "", "Z" * 64])
@pytest.mark.parametrize("link", [False, True])
def test_an_invented_signature_is_refused(signature: str, link: bool) -> None:
    request = signed("/bucket/key", link=link)
    if link:
        begin = request.query.rpartition("=")[0]
        request = replace(request, query=f"{begin}={signature}")
    else:
        value = request.value("authorization").rpartition("=")[0]
        request = with_header(request, "authorization", f"{value}={signature}")

    with pytest.raises(RefusedSignature):
        check(request)


@pytest.mark.parametrize("key", ["test", "000000000000", "local-root", ""])
def test_root_keys_of_ministack_are_unknown_here(key: str) -> None:
    if not key:
        authorization = signed("/").value("authorization").replace(f"Credential={KEY}/", "Credential=/")
        assert refusal(with_header(signed("/"), "authorization", authorization)) == "IncompleteSignature"
        return
    assert refusal(signed("/", key=(key, SECRET, None))) == "InvalidAccessKeyId"


def test_a_session_needs_its_token() -> None:
    good = signed("/bucket/key", key=("ASIA", "of-a-session", "the-token"))
    assert check(good).token == "the-token"

    for token in (None, "another"):
        assert refusal(signed("/", key=("ASIA", "of-a-session", token))) == "InvalidAccessKeyId"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_is_valid_for_fifteen_minutes(minutes: int) -> None:
    assert refusal(signed("/"), later=timedelta(minutes=minutes)) == "RequestTimeTooSkewed"
    assert check(signed("/"), later=timedelta(minutes=14))


def test_a_link_expires_when_it_says() -> None:
    link = signed("/bucket/key", link=True)

    assert check(link, later=timedelta(seconds=55))
    assert refusal(link, later=timedelta(seconds=65)) == "AccessDenied"
    assert refusal(link, later=timedelta(minutes=-16)) == "RequestTimeTooSkewed"


@pytest.mark.parametrize(
    "change",
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=x"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=61"),
        ("X-Amz-Expires=60", "x-amz-expires=60"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256"),
    ],
    ids=str,
)
def test_a_link_with_repeated_or_invalid_parameters_is_refused(change: tuple[str, str]) -> None:
    link = signed("/bucket/key", link=True)

    assert refusal(replace(link, query=link.query.replace(*change))) == "AuthorizationQueryParametersError"


def test_two_signatures_or_an_older_header_are_refused() -> None:
    link, header = signed("/bucket/key", link=True), signed("/bucket/key")
    both = with_header(link, "authorization", header.value("authorization"))

    assert refusal(both) == "InvalidRequest"
    assert refusal(replace(header, query="AWSAccessKeyId=AKIA&Signature=00&Expires=9")) == "InvalidRequest"
    assert refusal(replace(link, query=f"{link.query}&Signature=00")) == "InvalidRequest"
    assert refusal(with_header(header, "authorization", "AWS AKIA:00")) == "IncompleteSignature"
    twice = replace(header, headers=[*header.headers, (b"authorization", b"AWS4-HMAC-SHA256 x")])
    assert refusal(twice) == "InvalidRequest"


def test_a_link_works_for_clients_that_resend_their_token_after_the_redirect() -> None:
    assert check(with_header(signed("/bucket/key", link=True), "authorization", "Bearer a.b.c")).is_presigned


def older(method: str = "GET", path: str = "/bucket/key", **headers: str) -> SignedRequest:
    """Presign a link of version 2 with botocore, as boto3 does by default in us-east-1."""
    request = AWSRequest(method, f"http://{HOST}{path}", headers=headers)
    HmacV1QueryAuth(Credentials(KEY, SECRET), expires=60).add_auth(request)
    split = urlsplit(request.url)
    return SignedRequest(method, split.path, split.query, [(b"host", HOST.encode())])


@pytest.mark.parametrize(
    "path", ["/bucket/key", "/bucket/a%20b.jpg", "/bucket/?acl", "/bucket/k?versionId=1"]
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_older_link_is_accepted(method: str, path: str) -> None:
    signature = signature_of(older(method, path))
    assert signature is not None

    verify(older(method, path), signature, b"", secret_of=secret_of, now=datetime.now(UTC))


def test_an_older_link_is_valid_only_for_the_signed_request_and_time() -> None:
    link = older()

    assert refusal(replace(link, method="PUT")) == "SignatureDoesNotMatch"
    assert refusal(replace(link, path="/bucket/another")) == "SignatureDoesNotMatch"
    assert refusal(with_header(link, "x-amz-target", "DynamoDB_20120810.Scan")) == "SignatureDoesNotMatch"
    assert refusal(link, later=timedelta(seconds=65)) == "AccessDenied"
    assert refusal(replace(link, query=link.query.replace(KEY, "test"))) == "InvalidAccessKeyId"
    longer = link.query.replace("Expires=", "Expires=9")
    assert refusal(replace(link, query=longer)) == "SignatureDoesNotMatch"
    assert refusal(replace(link, query=f"{link.query}&Expires=9")) == "InvalidRequest"


def test_an_unsigned_request_has_no_signature() -> None:
    assert signature_of(SignedRequest("GET", "/", "", [(b"host", HOST.encode())])) is None
