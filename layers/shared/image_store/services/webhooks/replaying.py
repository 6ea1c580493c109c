"""Carries out replays: sends again all events of a time, or all deliveries that failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.events.log import first_place_at, time_of
from image_store.domain.webhooks.deliveries import DeliveryChange, DeliveryStatus, Replay, new_delivery
from image_store.domain.webhooks.webhook import Webhook
from image_store.ports.events import EventLog
from image_store.ports.system import Clock
from image_store.ports.webhooks import Deliveries, Replays

_MOST_PAGES = 10
"""Pages that are read for one round, if none of their events is sent again."""


def reached_at(replay: Replay) -> datetime | None:
    """How far the replay of a time has come; None of a replay of failed deliveries."""
    if replay.after is None:
        return None
    return time_of(replay.cursor) if replay.cursor is not None else replay.after


@dataclass(frozen=True, slots=True)
class ReplayPage:
    """A part of a replay."""

    replay: Replay
    """How far it has come with this part."""
    deliveries: Sequence[DeliveryChange]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaying:
    """Reads what a replay sends again, part by part."""

    replays: Replays
    deliveries: Deliveries
    log: EventLog
    clock: Clock

    def is_requested(self, webhook: Webhook) -> bool:
        """Whether a replay of the webhook is under way."""
        return self.replays.current(webhook.id) is not None

    def next_page(self, webhook: Webhook, *, limit: int) -> ReplayPage | None:
        """At most `limit` deliveries that are to be sent again now; None without a replay, and at its end."""
        replay = self.replays.current(webhook.id)
        if replay is None:
            return None
        read = self._failed if replay.is_of_failed else self._of_time
        for _ in range(_MOST_PAGES):
            page = read(replay, webhook, limit)
            if page.deliveries:
                return page
            self.go_on(page)
            if page.is_last:
                return None
            replay = page.replay
        return ReplayPage(replay, (), is_last=False)

    def go_on(self, page: ReplayPage) -> None:
        """Note that a part was sent; the end of the last part ends the replay. Safe to repeat."""
        if page.is_last:
            self.replays.end(page.replay)
        else:
            self.replays.save(page.replay)

    def _failed(self, replay: Replay, webhook: Webhook, limit: int) -> ReplayPage:
        now = self.clock.now()
        deliveries, after = self.deliveries.page(
            webhook.id, status=DeliveryStatus.FAILED, after=replay.cursor, limit=limit
        )
        changes = [DeliveryChange(each, each.replayed(at=now)) for each in deliveries]
        return ReplayPage(replace(replay, cursor=after), changes, is_last=after is None)

    def _of_time(self, replay: Replay, webhook: Webhook, limit: int) -> ReplayPage:
        if replay.after is None or replay.until is None:
            raise ValueError("this replay is not of a time")
        now = self.clock.now()
        end = first_place_at(replay.until)
        page = self.log.read(
            webhook.log_owner, after=replay.cursor or first_place_at(replay.after), limit=limit
        )
        rows = [row for row in page.rows if row.place < end]
        changes = []
        for row in rows:
            if webhook.types is None or row.event.type in webhook.types:
                before = self.deliveries.get(webhook.id, row.event.id)
                delivery = before or new_delivery(webhook.id, row.event, at=now)
                changes.append(DeliveryChange(before, delivery.replayed(at=now)))
        is_last = page.resume_after is None or page.resume_after >= end
        return ReplayPage(replace(replay, cursor=page.resume_after), changes, is_last=is_last)
