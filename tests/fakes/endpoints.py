"""Endpoints of webhooks in memory."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from standardwebhooks import Webhook

from image_store.ports.webhook_sending import EndpointAnswer, Sender
from tests.fakes.clock import SetClock

Respond = Callable[[Mapping[str, Any]], EndpointAnswer]

OK = EndpointAnswer(status=200)
DOWN = EndpointAnswer(status=500)
SILENT = EndpointAnswer(error="timeout")


class MemoryEndpoint:
    """An endpoint that keeps the events that it accepts, and every request."""

    def __init__(self, answer: EndpointAnswer = OK) -> None:
        self.answer = answer
        self.respond: Respond = lambda _: self.answer
        """What it answers to an event."""
        self.takes = timedelta(0)
        """How long it takes for an answer."""
        self.requests: list[tuple[Mapping[str, str], bytes]] = []
        self.accepted: list[Mapping[str, Any]] = []

    @property
    def heard(self) -> list[str]:
        """The ids of the events that were sent, in this order, also those that it did not accept."""
        return [headers["webhook-id"] for headers, _ in self.requests]

    @property
    def accepted_ids(self) -> list[str]:
        """The ids of the events that it accepted."""
        return [event["id"] for event in self.accepted]


class MemoryEndpoints(Sender):
    """Sends to endpoints in memory; to any other address there is no way. Slow answers let the clock go on."""

    def __init__(self, clock: SetClock) -> None:
        self.at: dict[str, MemoryEndpoint] = {}
        self._clock = clock
        self._lock = Lock()

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, until: datetime) -> EndpointAnswer:
        endpoint = self.at.get(url)
        if endpoint is None:
            return EndpointAnswer(error="unreachable")
        with self._lock:
            endpoint.requests.append((dict(headers), body))
            if endpoint.takes:
                self._clock.instant = min(self._clock.instant + endpoint.takes, until)
            event = json.loads(body)
            answer = endpoint.respond(event)
            if answer.status is not None and 200 <= answer.status < 300:
                endpoint.accepted.append(event)
        return answer


def verify(secret: str, request: tuple[Mapping[str, str], bytes]) -> Any:
    """The event of a request, if the library of Standard Webhooks finds it signed with this secret."""
    headers, body = request
    return Webhook(secret).verify(body, dict(headers))
