"""Signatures are those of Standard Webhooks: its own vector, and its library, agree."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from image_store.domain.webhooks.signing import signed_headers
from image_store.domain.webhooks.webhook import secret_text

SECRET, OLD_SECRET, OTHER = (
    secret_text(base64.urlsafe_b64encode(bytes([byte]) * 32).decode().rstrip("=")) for byte in (1, 2, 251)
)
BODY = b'{"id":"e1","data":{}}'


def now() -> datetime:
    return datetime.now(UTC)


def test_the_vector_of_the_specification() -> None:
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_the_library_verifies_what_is_signed(secret: str) -> None:
    headers = signed_headers([secret], message_id="e1", at=now(), body=BODY)

    assert Webhook(secret).verify(BODY, dict(headers)) == {"id": "e1", "data": {}}


def test_during_an_overlap_both_secrets_verify_and_no_other_does() -> None:
    headers = dict(signed_headers([SECRET, OLD_SECRET], message_id="e1", at=now(), body=BODY))

    for secret in (SECRET, OLD_SECRET):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers)


def test_a_changed_body_or_id_or_an_old_time_is_not_verified() -> None:
    headers = dict(signed_headers([SECRET], message_id="e1", at=now(), body=BODY))
    old = dict(signed_headers([SECRET], message_id="e1", at=now() - timedelta(minutes=6), body=BODY))

    for body, sent in ((b"{}", headers), (BODY, headers | {"webhook-id": "e2"}), (BODY, old)):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body, sent)


@pytest.mark.parametrize("secret", ["", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_text_that_is_no_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match=r"secret|base64"):
        signed_headers([secret], message_id="e1", at=now(), body=BODY)
