"""Assembles the services of the store from its ports; production and tests use the same assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.backup import Backup, RecoveryServices
    from image_store.bootstrap.callers import Callers
    from image_store.bootstrap.delivery import Delivery
    from image_store.bootstrap.events import Events
    from image_store.bootstrap.finding import Finding
    from image_store.bootstrap.generation import Generation
    from image_store.bootstrap.images import Images
    from image_store.bootstrap.operations import Operations
    from image_store.bootstrap.ports import Ports
    from image_store.bootstrap.upkeep import Upkeep
    from image_store.bootstrap.webhook_delivery import WebhookDelivery
    from image_store.bootstrap.webhooks import WebhookServices
    from image_store.entrypoints.images.answers import Answers
    from image_store.ports.system import Clock
    from image_store.settings import Settings


class Application:
    """The services of the store by area; an area is imported, and a service is created, at its first use."""

    def __init__(self, ports: Ports, settings: Settings) -> None:
        self.ports = ports
        self.settings = settings

    @property
    def clock(self) -> Clock:
        return self.ports.clock

    @lazy_property
    def answers(self) -> Answers:
        from image_store.entrypoints.images.answers import Answers

        return Answers(private=self.ports.private, public_url=self.settings.publication.url)

    @lazy_property
    def images(self) -> Images:
        from image_store.bootstrap.images import Images

        return Images(self)

    @lazy_property
    def callers(self) -> Callers:
        from image_store.bootstrap.callers import Callers

        return Callers(self)

    @lazy_property
    def delivery(self) -> Delivery:
        from image_store.bootstrap.delivery import Delivery

        return Delivery(self)

    @lazy_property
    def events(self) -> Events:
        from image_store.bootstrap.events import Events

        return Events(self)

    @lazy_property
    def webhook_delivery(self) -> WebhookDelivery:
        from image_store.bootstrap.webhook_delivery import WebhookDelivery

        return WebhookDelivery(self)

    @lazy_property
    def webhooks(self) -> WebhookServices:
        from image_store.bootstrap.webhooks import WebhookServices

        return WebhookServices(self)

    @lazy_property
    def finding(self) -> Finding:
        from image_store.bootstrap.finding import Finding

        return Finding(self)

    @lazy_property
    def generation(self) -> Generation:
        from image_store.bootstrap.generation import Generation

        return Generation(self)

    @lazy_property
    def upkeep(self) -> Upkeep:
        from image_store.bootstrap.upkeep import Upkeep

        return Upkeep(self)

    @lazy_property
    def recovery(self) -> RecoveryServices:
        from image_store.bootstrap.backup import RecoveryServices

        return RecoveryServices(self)

    @lazy_property
    def backup(self) -> Backup:
        from image_store.bootstrap.backup import Backup

        return Backup(self)

    @lazy_property
    def operations(self) -> Operations:
        from image_store.bootstrap.operations import Operations

        return Operations(self)


def assemble(ports: Ports, settings: Settings) -> Application:
    """Assemble the services on these ports; each is created at its first use."""
    return Application(ports, settings)
