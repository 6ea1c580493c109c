"""Bodies that are signed in chunks: the examples of AWS's documentation, unchanged and changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.inside_emulator.signatures import RefusedSignature, SignedRequest, signature_of, verify

NOW = datetime(2013, 5, 24, tzinfo=UTC)
EXAMPLE_KEY, EXAMPLE_SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
FIRST, SECOND = b"a" * 65_536, b"a" * 1_024


def example(payload: str, signature: str, **headers: str) -> SignedRequest:
    """Return the request of the examples: 65 KB of the letter a."""
    all_headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": payload,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    credential = f"{EXAMPLE_KEY}/20130524/us-east-1/s3/aws4_request"
    names = ";".join(sorted(all_headers))
    authorization = f"AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={names},Signature={signature}"
    pairs = [
        (name.encode(), value.encode())
        for name, value in {**all_headers, "authorization": authorization}.items()
    ]
    return SignedRequest("PUT", "/examplebucket/chunkObject.txt", "", pairs)


def chunked(*signatures: str, trailer: bytes = b"\r\n") -> bytes:
    """Return the examples' body, each chunk with its signature."""
    chunks = [
        b"%x;chunk-signature=%s\r\n%s" % (len(chunk), signature.encode(), chunk + b"\r\n" if chunk else b"")
        for chunk, signature in zip((FIRST, SECOND, b""), signatures, strict=True)
    ]
    return b"".join(chunks) + trailer


SIGNED = example(
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    content_length="66824",
)
SIGNED_BODY = chunked(
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILED = example(
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    x_amz_trailer="x-amz-checksum-crc32c",
)
TRAILED_BODY = chunked(
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    trailer=(
        b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
        b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    ),
)


def check(request: SignedRequest, body: bytes) -> None:
    """Verify an example at its time."""
    signature = signature_of(request)
    assert signature is not None
    known = {(EXAMPLE_KEY, ""): EXAMPLE_SECRET}
    verify(request, signature, body, secret_of=lambda key, token: known.get((key, token)), now=NOW)


@pytest.mark.parametrize(("request_", "body"), [(SIGNED, SIGNED_BODY), (TRAILED, TRAILED_BODY)])
def test_the_examples_of_aws_are_accepted(request_: SignedRequest, body: bytes) -> None:
    check(request_, body)


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (SIGNED, SIGNED_BODY.replace(b"aaaa", b"aaab", 1)),
        (SIGNED, SIGNED_BODY[:-200]),
        (SIGNED, SIGNED_BODY + b"more"),
        (SIGNED, b"".join([*SIGNED_BODY.partition(b"\r\n400;")[:1], b"\r\n"])),
        (SIGNED, FIRST + SECOND),
        (SIGNED, b""),
        (TRAILED, TRAILED_BODY.replace(b"sOO8", b"sOO9")),
        (TRAILED, TRAILED_BODY.partition(b"x-amz-trailer-signature")[0]),
        (TRAILED, TRAILED_BODY.partition(b"x-amz-checksum")[0] + b"\r\n"),
    ],
)
def test_a_changed_or_truncated_body_is_refused(request_: SignedRequest, body: bytes) -> None:
    with pytest.raises(RefusedSignature, match="body"):
        check(request_, body)


def test_unsigned_chunks_are_accepted_only_if_the_signature_says_so() -> None:
    claimed = [pair for pair in SIGNED.headers if pair[0] != b"x-amz-content-sha256"]
    swapped = replace(
        SIGNED, headers=[*claimed, (b"x-amz-content-sha256", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER")]
    )

    with pytest.raises(RefusedSignature, match="not the one of this request"):
        check(swapped, SIGNED_BODY)
