"""Creates, lists, changes and deletes webhooks, and asks for tests and replays."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import (
    EventNotFound,
    InvalidRequest,
    StorageUnavailable,
    WebhookDisabled,
    WebhookNotFound,
)
from image_store.domain.events.event import EVENT_RETENTION, EventType
from image_store.domain.events.webhooks import new_test_event
from image_store.domain.webhooks.deliveries import (
    DeliveryChange,
    DeliveryStatus,
    EventDelivery,
    Replay,
    new_delivery,
)
from image_store.domain.webhooks.webhook import (
    SUBSCRIPTIONS_CACHED_FOR,
    USUAL_OVERLAP,
    DisabledReason,
    Webhook,
    WebhookScope,
    is_webhook_id,
    secret_context,
    secret_text,
)
from image_store.ports.secrets import Cipher
from image_store.ports.system import Clock, Ids
from image_store.ports.webhooks import (
    Deliveries,
    DeliveryQueue,
    DeliveryTurns,
    EndpointRules,
    Replays,
    Webhooks,
)
from image_store.services.finding.cursors import Cursors

_UNTIL_KNOWN = SUBSCRIPTIONS_CACHED_FOR + timedelta(seconds=2)
"""When whoever records events knows of a change: events until then wake nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook that is to be created."""

    url: str
    types: frozenset[EventType] | None = None
    description: str | None = None
    scope: WebhookScope = WebhookScope.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """A webhook as its owner sees it."""

    webhook: Webhook
    failing_since: datetime | None = None
    """The first failure since the endpoint last accepted an event; None if it works, or is disabled."""
    overlap_end: datetime | None = None
    """How long the secret before the last rotation signs too."""
    replay: Replay | None = None
    """The replay of many events that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedWebhook:
    """A webhook and its new secret, which nothing else shows."""

    view: WebhookView
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Which deliveries of a webhook to list."""

    webhook_id: str
    status: DeliveryStatus | None = None
    cursor: str | None = None
    limit: int = 50

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The values that its cursors are bound to."""
        return ("deliveries", self.webhook_id, self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What is to be sent again: one event, all events of a time, or all deliveries that failed."""

    event_id: str | None = None
    after: datetime | None = None
    until: datetime | None = None

    @property
    def is_of_failed(self) -> bool:
        """Whether it is about all deliveries that failed."""
        return self.event_id is None and self.after is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAdministration:
    """What owners do with their webhooks; a foreign webhook answers as one that is not there.

    Only an admin may change or use a webhook of scope all, or list what was sent to it: an owner who is no admin any
    more could otherwise hear about everybody. Such an owner can still see it and delete it.
    """

    webhooks: Webhooks
    deliveries: Deliveries
    replays: Replays
    turns: DeliveryTurns
    queue: DeliveryQueue
    cipher: Callable[[], Cipher]
    rules: EndpointRules
    cursors: Cursors
    clock: Clock
    ids: Ids

    def create(self, caller: Caller, request: NewWebhook) -> IssuedWebhook:
        """Create a webhook, and answer it with its secret, which is in no other answer.

        Raises
        ------
        AdminRequired
            the webhook is to hear about all owners, and the caller is no admin
        WebhookUrlNotAllowed
            the deployment sends nothing to this address
        TooManyWebhooks
            the owner has 20 webhooks
        """
        if request.scope is WebhookScope.ALL:
            caller.check_scope(Scope.ADMIN)
        now, webhook_id = self.clock.now(), self.ids.token()
        url = self.rules.check(request.url)
        secret, sealed = self._new_secret(caller.owner, webhook_id)
        webhook = Webhook(
            id=webhook_id,
            owner=caller.owner,
            url=url,
            created_at=now,
            created_by=caller.name,
            updated_at=now,
            active_since=now,
            sealed_secret=sealed,
            scope=request.scope,
            types=request.types,
            description=request.description,
        )
        self.webhooks.create(webhook)
        self._wake(webhook, delay=_UNTIL_KNOWN)
        return IssuedWebhook(view=WebhookView(webhook=webhook), secret=secret)

    def list(self, caller: Caller) -> Sequence[WebhookView]:
        """All webhooks of the caller's owner, the newest first."""
        webhooks = self.webhooks.of_owner(caller.owner)
        return self._views(webhooks)

    def get(self, caller: Caller, webhook_id: str) -> WebhookView:
        """A webhook; WebhookNotFound for one that is not the caller's."""
        return self._view(self._of(caller, webhook_id))

    def change(self, caller: Caller, webhook_id: str, changes: Mapping[str, Any]) -> WebhookView:
        """Change the `url`, the `types`, the `description` or whether it is `enabled`. Safe to repeat.

        A webhook that is enabled again hears about events from then on. Raises the errors of `get` and `create`, and
        Conflict if another change came between.
        """
        before, now = self._used(caller, webhook_id), self.clock.now()
        after = replace(before, **{name: value for name, value in changes.items() if name != "enabled"})
        if after.url != before.url:
            after = replace(after, url=self.rules.check(after.url))
        if "enabled" in changes:
            is_on = changes["enabled"]
            after = after.enabled(now=now) if is_on else after.disabled(DisabledReason.BY_OWNER)
        if after == before:
            return self._view(before)
        after = replace(after, version=before.version + 1, updated_at=now)
        self.webhooks.save(after)
        if after.is_enabled:
            self._wake(after, delay=_UNTIL_KNOWN)
        return self._view(after)

    def delete(self, caller: Caller, webhook_id: str) -> None:
        """Delete a webhook and its secrets for good; WebhookNotFound, Conflict."""
        self.webhooks.remove(self._of(caller, webhook_id), at=self.clock.now())

    def rotate(self, caller: Caller, webhook_id: str, overlap: timedelta = USUAL_OVERLAP) -> IssuedWebhook:
        """Give a webhook a new secret, and answer it; the old one signs too during the overlap. Conflict as above."""
        before, now = self._used(caller, webhook_id), self.clock.now()
        secret, sealed = self._new_secret(before.owner, before.id)
        after = before.rotated(sealed, now=now, overlap=overlap)
        after = replace(after, version=before.version + 1, updated_at=now)
        self.webhooks.save(after)
        return IssuedWebhook(view=self._view(after), secret=secret)

    def test(self, caller: Caller, webhook_id: str) -> EventDelivery:
        """Send an event of type `webhook.test` to a webhook now; WebhookNotFound, WebhookDisabled."""
        webhook, now = self._enabled(caller, webhook_id), self.clock.now()
        delivery = new_delivery(webhook.id, new_test_event(webhook, at=now, token=self.ids.token()), at=now)
        self.deliveries.save([DeliveryChange(None, delivery)])
        self._wake(webhook)
        return delivery

    def list_deliveries(
        self, caller: Caller, query: DeliveryQuery
    ) -> tuple[Sequence[EventDelivery], str | None]:
        """What was sent to a webhook, by the time of the events, the newest first, and the cursor of the next page.

        WebhookNotFound, InvalidCursor. Deliveries stay for 30 days after the last attempt.
        """
        webhook, now = self._used(caller, query.webhook_id), self.clock.now()
        after = self.cursors.read_place(query.cursor, query, at=now) if query.cursor is not None else None
        page, resume = self.deliveries.page(webhook.id, status=query.status, after=after, limit=query.limit)
        return page, self.cursors.make(resume, query, at=now) if resume is not None else None

    def replay(self, caller: Caller, webhook_id: str, request: ReplayRequest) -> ReplayRequest:
        """Send events again, each with the id that it has; begins at once, and returns what it sends.

        Raises
        ------
        WebhookNotFound, WebhookDisabled
        EventNotFound
            this event was not sent to the webhook in the last 30 days
        InvalidRequest
            the time is empty, or lies in the future
        Conflict
            a replay of this webhook is under way
        """
        webhook, now = self._enabled(caller, webhook_id), self.clock.now()
        if request.event_id is not None:
            begun = request
            delivery = self.deliveries.get(webhook.id, request.event_id)
            if delivery is None:
                raise EventNotFound
            self.deliveries.save([DeliveryChange(delivery, delivery.replayed(at=now))])
        else:
            begun = _within_retention(request, now)
            replay = Replay(
                id=self.ids.token(),
                webhook_id=webhook.id,
                created_at=now,
                after=begun.after,
                until=begun.until,
            )
            self.replays.request(replay)
        self._wake(webhook)
        return begun

    def _of(self, caller: Caller, webhook_id: str) -> Webhook:
        webhook = self.webhooks.get(webhook_id) if is_webhook_id(webhook_id) else None
        if webhook is None or webhook.owner != caller.owner:
            raise WebhookNotFound
        return webhook

    def _used(self, caller: Caller, webhook_id: str) -> Webhook:
        """A webhook that the caller may change and use."""
        webhook = self._of(caller, webhook_id)
        if webhook.scope is WebhookScope.ALL:
            caller.check_scope(Scope.ADMIN)
        return webhook

    def _enabled(self, caller: Caller, webhook_id: str) -> Webhook:
        webhook = self._used(caller, webhook_id)
        if not webhook.is_enabled:
            raise WebhookDisabled
        return webhook

    def _view(self, webhook: Webhook) -> WebhookView:
        [view] = self._views([webhook])
        return view

    def _views(self, webhooks: Sequence[Webhook]) -> Sequence[WebhookView]:
        now = self.clock.now()
        enabled = [each.id for each in webhooks if each.is_enabled]
        failures, replays = self.turns.failing_since(enabled), self.replays.under_way(enabled)
        return [
            WebhookView(
                webhook=each,
                failing_since=_failing_since(each, failures.get(each.id)),
                overlap_end=each.overlap_end(now),
                replay=replays.get(each.id),
            )
            for each in webhooks
        ]

    def _new_secret(self, owner: str, webhook_id: str) -> tuple[str, str]:
        """A new secret, and its sealed text."""
        secret = secret_text(self.ids.secret())
        return secret, self.cipher().seal(secret, context=secret_context(owner, webhook_id))

    def _wake(self, webhook: Webhook, *, delay: timedelta = timedelta(0)) -> None:
        """Begin the turn of a webhook; what was written stays if the queue fails, and a sweep finds it."""
        with suppress(StorageUnavailable):
            self.queue.wake([webhook.id], delay=delay)


def _failing_since(webhook: Webhook, since: datetime | None) -> datetime | None:
    """What failed before the webhook was enabled again no longer counts."""
    return since if since is not None and since >= webhook.active_since else None


def _within_retention(request: ReplayRequest, now: datetime) -> ReplayRequest:
    """The request for a time of which there are events; that for failed deliveries stays as it is."""
    if request.after is None:
        return request
    after, until = max(request.after, now - EVENT_RETENTION), min(request.until or now, now)
    if after >= until:
        raise InvalidRequest("The time of a replay must begin before it ends, and before now.")
    return replace(request, after=after, until=until)
