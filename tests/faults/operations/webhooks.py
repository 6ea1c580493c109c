"""Creating, changing, rotating, testing, replaying and deleting webhooks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from image_store.domain.callers.caller import user
from image_store.domain.errors import WebhookNotFound
from image_store.domain.webhooks.deliveries import DeliveryStatus, EventDelivery
from image_store.domain.webhooks.webhook import secret_context
from image_store.services.webhooks.administration import (
    DeliveryQuery,
    IssuedWebhook,
    NewWebhook,
    ReplayRequest,
    WebhookAdministration,
    WebhookView,
)
from tests.faults.operation import Operation
from tests.faults.roles import runs_as
from tests.faults.world import World
from tests.samples import OWNER

CALLER = user(OWNER, scopes=(), admin_scope="", admin_subjects=(OWNER,))
NEW_URL = "https://example.com/second"

type Sent = tuple[IssuedWebhook, EventDelivery]
"""A webhook and an event that was sent to it."""


def webhooks_of(world: World) -> WebhookAdministration:
    return world.app.webhooks.administration


@runs_as("webhooks")
def create(world: World, _: None = None) -> IssuedWebhook:
    return webhooks_of(world).create(CALLER, NewWebhook(url="https://example.com/hooks"))


@runs_as("webhooks")
def move(world: World, before: IssuedWebhook) -> WebhookView:
    return webhooks_of(world).change(CALLER, before.view.webhook.id, {"url": NEW_URL})


@runs_as("webhooks")
def disable(world: World, before: IssuedWebhook) -> WebhookView:
    return webhooks_of(world).change(CALLER, before.view.webhook.id, {"enabled": False})


@runs_as("webhooks")
def rotate(world: World, before: IssuedWebhook) -> IssuedWebhook:
    return webhooks_of(world).rotate(CALLER, before.view.webhook.id, timedelta())


@runs_as("webhooks")
def delete(world: World, before: IssuedWebhook) -> None:
    webhooks_of(world).delete(CALLER, before.view.webhook.id)


@runs_as("webhooks")
def send_test(world: World, before: IssuedWebhook) -> EventDelivery:
    return webhooks_of(world).test(CALLER, before.view.webhook.id)


@runs_as("webhooks")
def replay(world: World, before: Sent) -> ReplayRequest:
    request = ReplayRequest(event_id=before[1].event.id)
    return webhooks_of(world).replay(CALLER, before[0].view.webhook.id, request)


@runs_as("webhooks")
def replay_failed(world: World, before: IssuedWebhook) -> ReplayRequest:
    return webhooks_of(world).replay(CALLER, before.view.webhook.id, ReplayRequest())


@runs_as("webhooks")
def webhooks_in_list(world: World) -> list[WebhookView]:
    """The owner's webhooks; each that is listed can be read by its id."""
    views = webhooks_of(world).list(CALLER)
    assert [webhooks_of(world).get(CALLER, view.webhook.id) for view in views] == list(views)
    return list(views)


@runs_as("webhooks")
def deliveries(world: World, before: IssuedWebhook) -> list[EventDelivery]:
    page, _ = webhooks_of(world).list_deliveries(CALLER, DeliveryQuery(webhook_id=before.view.webhook.id))
    return list(page)


@runs_as("project")
def woken_for(world: World) -> set[str]:
    """The webhooks that an event of the owner would wake."""
    return {each.webhook_id for each in world.app.ports.webhooks.subscriptions([OWNER])}


@runs_as("deliver")
def secret_of(world: World, webhook_id: str) -> list[str]:
    """The secrets that sign now."""
    webhook = world.app.ports.webhooks.get(webhook_id)
    assert webhook is not None
    context = secret_context(webhook.owner, webhook.id)
    sealed = webhook.sealed_secrets(world.clock.now())
    return [world.cipher.open(each, context=context) for each in sealed]


@runs_as("deliver")
def due(world: World, before: IssuedWebhook) -> list[EventDelivery]:
    webhook_id = before.view.webhook.id
    return list(world.app.ports.deliveries.due(webhook_id, at=world.clock.now(), limit=10))


@runs_as("deliver")
def replay_under_way(world: World, before: IssuedWebhook) -> bool:
    return world.app.ports.replays.current(before.view.webhook.id) is not None


def with_a_sent_event(world: World) -> Sent:
    """A webhook, and a test that was sent to it."""
    issued = create(world)
    return issued, send_test(world, issued)


def created(world: World, _: None, issued: IssuedWebhook) -> None:
    assert webhooks_in_list(world) == [issued.view]
    assert woken_for(world) == {issued.view.webhook.id}
    assert secret_of(world, issued.view.webhook.id) == [issued.secret]


def list_and_directory_agree(world: World, _: Any = None) -> None:
    """Whatever became of a change, events wake exactly the webhooks that are listed and enabled."""
    views = webhooks_in_list(world)
    assert woken_for(world) == {view.webhook.id for view in views if view.webhook.is_enabled}


def moved(world: World, before: IssuedWebhook, after: WebhookView) -> None:
    assert webhooks_in_list(world) == [after]
    assert after.webhook.url == NEW_URL
    assert secret_of(world, before.view.webhook.id) == [before.secret]


def disabled(world: World, _: IssuedWebhook, after: WebhookView) -> None:
    assert webhooks_in_list(world) == [after]
    assert woken_for(world) == set()


def rotated(world: World, before: IssuedWebhook, after: IssuedWebhook) -> None:
    assert secret_of(world, before.view.webhook.id) == [after.secret]


def deleted(world: World, before: IssuedWebhook, _: None) -> None:
    assert webhooks_in_list(world) == []
    assert woken_for(world) == set()
    assert world.app.ports.webhooks.get(before.view.webhook.id) is None


def tested(world: World, before: IssuedWebhook, delivery: EventDelivery) -> None:
    assert delivery in deliveries(world, before)
    assert delivery in due(world, before)


def replayed(world: World, before: Sent, _: ReplayRequest) -> None:
    assert [each.event.id for each in due(world, before[0])] == [before[1].event.id]


def pending_is_due(world: World, before: IssuedWebhook | Sent) -> None:
    """Whatever became of a request, what is listed as pending is sent."""
    issued = before if isinstance(before, IssuedWebhook) else before[0]
    pending = [each for each in deliveries(world, issued) if each.status is DeliveryStatus.PENDING]
    assert {each.event.id for each in pending} == {each.event.id for each in due(world, issued)}


def replaying(world: World, before: IssuedWebhook, _: ReplayRequest) -> None:
    assert replay_under_way(world, before)


def again(change: Callable[[World, IssuedWebhook], object]) -> Callable[[World, IssuedWebhook], None]:
    """Whatever became of a change, list and directory agree, and repeating the change carries it out."""

    def check(world: World, before: IssuedWebhook) -> None:
        list_and_directory_agree(world)
        try:
            change(world, before)
        except WebhookNotFound:
            assert webhooks_in_list(world) == []
        list_and_directory_agree(world)

    return check


WEBHOOKS = (
    Operation(
        "create a webhook", lambda _: None, create, created, calls=3, whatever=list_and_directory_agree
    ),
    Operation("move a webhook", create, move, moved, calls=5, whatever=again(move)),
    Operation("disable a webhook", create, disable, disabled, calls=2, whatever=again(disable)),
    Operation("rotate a secret", create, rotate, rotated, calls=5, whatever=list_and_directory_agree),
    Operation("test a webhook", create, send_test, tested, calls=3, whatever=pending_is_due),
    Operation("replay an event", with_a_sent_event, replay, replayed, calls=4, whatever=pending_is_due),
    Operation("replay what failed", create, replay_failed, replaying, calls=3),
    Operation("delete a webhook", create, delete, deleted, calls=2, whatever=again(delete)),
)
