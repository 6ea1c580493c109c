"""Webhooks of a world: how they are created, woken and swept, and what their endpoints get."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.domain.callers.caller import user
from image_store.domain.errors import ImageStoreError
from image_store.domain.webhooks.deliveries import DeliveryStatus
from image_store.entrypoints.webhooks.delivery import handle_wakes
from image_store.services.webhooks.administration import NewWebhook
from image_store.services.webhooks.sweep import SWEPT_EVERY
from tests.fakes.endpoints import MemoryEndpoint
from tests.faults.faults import Killed
from tests.samples import OWNER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from image_store.domain.webhooks.webhook import Webhook
    from tests.faults.world import World

URL = "https://hooks.example/in"
FUNCTION_TIME = timedelta(seconds=56)


class Hook:
    """A webhook of the owner of a world, and its endpoint."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.endpoint = world.endpoints.at[URL] = MemoryEndpoint()
        with world.gate.at_work("webhooks"):
            issued = world.app.webhooks.administration.create(
                user(OWNER, scopes=(), admin_scope="admin", admin_subjects=()), NewWebhook(url=URL)
            )
        self.id = issued.view.webhook.id

    @property
    def webhook(self) -> Webhook:
        """The webhook as it is now."""
        current = self.world.app.ports.webhooks.get(self.id)
        assert current is not None
        return current

    @property
    def accepted(self) -> Mapping[str, Mapping[str, Any]]:
        """The events that the endpoint has accepted, by id."""
        return {event["id"]: event for event in self.endpoint.accepted}

    def deliver(self) -> None:
        """Let the function behind the queue have what waits there; a killed function leaves its messages."""
        until = self.world.clock.now() + FUNCTION_TIME

        def run(webhook_id: str) -> None:
            self.world.app.webhook_delivery.turns.run(webhook_id, until=until)

        try:
            with self.world.gate.at_work("deliver"):
                self.world.sqs.invoke("delivery", lambda sent: handle_wakes(sent, run=run))
        except Killed:
            self.start_anew()

    def sweep(self) -> None:
        """Run the function on its schedule."""
        try:
            with self.world.gate.at_work("deliver"):
                self.world.app.webhook_delivery.sweep.run(until=self.world.clock.now() + FUNCTION_TIME)
        except Killed:
            self.start_anew()
        except ImageStoreError:
            return  # the next sweep is the retry

    def start_anew(self) -> None:
        """Forget what a process remembers."""
        vars(self.world.app).pop("webhook_delivery", None)

    def settle(self, time: timedelta = timedelta(hours=3)) -> None:
        """Let time pass, with sweeps and messages as they come, and no more faults."""
        self.world.faults.end()
        end = self.world.clock.instant + time
        while self.world.clock.instant < end:
            self.world.clock.instant += SWEPT_EVERY
            self.sweep()
            for _ in range(3):
                self.deliver()

    def pending(self) -> int:
        """How many deliveries are to be repeated."""
        page, _ = self.world.app.ports.deliveries.page(
            self.id, status=DeliveryStatus.PENDING, after=None, limit=1_000
        )
        return len(page)
