"""The Python client verifies webhooks, and agrees with the reference library of Standard Webhooks both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from image_store_client.webhooks import WebhookVerificationError, new_secret, signed_headers, verify

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
EVENT: Any = {"id": "019ca945-0a00-7c2b-9f3e-52d0c81f7a44", "type": "image.created", "owner_id": "äö 🦊"}
BODY = json.dumps(EVENT, ensure_ascii=False)
NOW = 1_772_366_400


def signed(*, secret: str = SECRET, body: str = BODY) -> dict[str, str]:
    """The headers that the reference library makes."""
    moment = datetime.fromtimestamp(NOW, UTC)
    return {
        "webhook-id": EVENT["id"],
        "webhook-timestamp": str(NOW),
        "webhook-signature": Webhook(secret).sign(EVENT["id"], moment, body),
    }


def code_of(
    headers: dict[str, str], body: str = BODY, *, secret: str | Sequence[str] = SECRET, now: float = NOW
) -> str:
    with pytest.raises(WebhookVerificationError) as refused:
        verify(headers, body, secret, now=now)
    assert SECRET not in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize(
    "body", [BODY, BODY.encode(), bytearray(BODY.encode())], ids=lambda each: type(each).__name__
)
@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_what_the_reference_library_signs_is_verified(body: Any, spelling: Any) -> None:
    headers = {spelling(name): value for name, value in signed().items()}

    assert verify(headers, body, SECRET, now=NOW) == EVENT


def test_the_reference_library_verifies_what_the_client_signs() -> None:
    secret, body = new_secret(), BODY.encode()
    now = int(datetime.now(UTC).timestamp())

    headers = signed_headers(secret, message_id=EVENT["id"], timestamp=now, body=body)

    assert Webhook(secret).verify(body, headers) == EVENT
    assert verify(headers, body, secret) == EVENT


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_both_secrets_verify_while_one_replaces_the_other(secret: str) -> None:
    both = f"{signed(secret=OTHER)['webhook-signature']} v1a,b2xk {signed()['webhook-signature']}"

    assert verify({**signed(), "webhook-signature": both}, BODY, secret, now=NOW) == EVENT
    assert verify(signed(secret=secret), BODY, [OTHER, SECRET], now=NOW) == EVENT


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_message_without_a_header_is_refused(name: str) -> None:
    headers = signed()
    del headers[name]

    assert code_of(headers) == "missing_header"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "another"),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,ä"),
        ("webhook-signature", "v1a,YWJj"),
        ("webhook-signature", signed()["webhook-signature"].replace("v1,", "v2,")),
        ("webhook-signature", signed()["webhook-signature"].removeprefix("v1,")),
        ("webhook-signature", "v1,YWJj " * 8 + signed()["webhook-signature"]),
    ],
)
def test_a_message_with_a_changed_header_is_refused(name: str, value: str) -> None:
    assert code_of({**signed(), name: value}) == "invalid_signature"


def test_a_message_of_another_secret_or_with_another_body_is_refused() -> None:
    assert code_of(signed(), secret=OTHER) == "invalid_signature"
    assert code_of(signed(), BODY.replace("created", "deleted")) == "invalid_signature"
    assert code_of(signed(), "") == "invalid_signature"


@pytest.mark.parametrize("seconds", [301, -301])
def test_a_message_of_another_time_is_refused(seconds: int) -> None:
    assert code_of(signed(), now=NOW + seconds) == "invalid_timestamp"
    assert verify(signed(), BODY, SECRET, now=NOW + seconds, tolerance_seconds=301) == EVENT


@pytest.mark.parametrize(
    "timestamp", ["soon", "1e9", "-1", "nan", f"{NOW}.0", f" {NOW}", "１７７２３６６４００"]
)
def test_what_is_no_time_is_refused(timestamp: str) -> None:
    assert code_of({**signed(), "webhook-timestamp": timestamp}) == "invalid_timestamp"


@pytest.mark.parametrize("body", ["", "null", "[1]", "no JSON", '"text"', '{"type": 1}', "[" * 100_000])
def test_what_is_signed_and_no_event_is_refused(body: str) -> None:
    assert code_of(signed(body=body), body) == "invalid_event"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", [], ["x"]])
def test_what_is_no_secret_is_a_mistake_of_the_app(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret of"):
        verify(signed(), BODY, secret, now=NOW)
