"""Signs events and sends them to the endpoint of a webhook."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from image_store.domain.errors import ConfigurationError
from image_store.domain.events.event import Event, event_body
from image_store.domain.webhooks.deliveries import Attempt
from image_store.domain.webhooks.signing import signed_headers
from image_store.domain.webhooks.webhook import Webhook, secret_context
from image_store.ports.secrets import Cipher
from image_store.ports.system import Clock
from image_store.ports.webhook_sending import Sender

LONGEST_ATTEMPT = timedelta(seconds=10)
"""How long an endpoint may take, from the lookup of its name to the end of its answer."""
PARALLEL = 10
"""Events that one endpoint gets at the same time."""

_SUCCESSES = range(200, 300)
_MOST_OPENED = 100


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An attempt, and how long the endpoint asks to wait before the next one."""

    attempt: Attempt
    retry_after: timedelta | None = None

    @property
    def was_accepted(self) -> bool:
        """Whether the endpoint has taken the event."""
        return self.attempt.status is not None and self.attempt.status in _SUCCESSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Sends events to webhooks, several at a time.

    A process keeps the last secrets that it opened, because each call of KMS costs more than all else of a delivery.
    """

    sender: Sender
    cipher: Cipher
    clock: Clock
    _opened: dict[str, str] = field(default_factory=dict)
    """Secrets by their sealed texts."""

    def send(self, webhook: Webhook, events: Sequence[Event]) -> list[SentEvent]:
        """One attempt for each event, in their order; at most `PARALLEL` events.

        StorageUnavailable, or ConfigurationError if the secret cannot be opened; then nothing was sent.
        """
        secrets = self._secrets(webhook)
        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(lambda event: self._attempt(webhook, secrets, event), events))

    def _attempt(self, webhook: Webhook, secrets: Sequence[str], event: Event) -> SentEvent:
        body = json.dumps(event_body(event)).encode()
        started_at = self.clock.now()
        headers = {
            "Content-Type": "application/json",
            **signed_headers(secrets, message_id=event.id, at=started_at, body=body),
        }
        answer = self.sender.post(webhook.url, headers=headers, body=body, until=started_at + LONGEST_ATTEMPT)
        attempt = Attempt(
            at=started_at,
            duration_ms=_milliseconds(self.clock.now() - started_at),
            status=answer.status,
            error=answer.error,
        )
        return SentEvent(attempt, answer.retry_after)

    def _secrets(self, webhook: Webhook) -> Sequence[str]:
        """The secrets that sign now. An old one that cannot be opened any more is no reason to send nothing."""
        current, *previous = webhook.sealed_secrets(self.clock.now())
        secrets = [self._open(webhook, current)]
        for each in previous:
            with suppress(ConfigurationError):
                secrets.append(self._open(webhook, each))
        return secrets

    def _open(self, webhook: Webhook, sealed: str) -> str:
        if sealed not in self._opened:
            secret = self.cipher.open(sealed, context=secret_context(webhook.owner, webhook.id))
            if len(self._opened) >= _MOST_OPENED:
                self._opened.clear()
            self._opened[sealed] = secret
        return self._opened[sealed]


def _milliseconds(time: timedelta) -> int:
    return max(0, round(time / timedelta(milliseconds=1)))
