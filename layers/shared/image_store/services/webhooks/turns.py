"""Sends to one webhook what is to be sent to it.

A turn has a lease, so one run at a time sends to a webhook. The turn of an endpoint that was slow needs a place besides
(`places`): there are fewer of them than invocations, so slow endpoints delay only each other.

1. Take the turn. Its row has the position in the event log.
2. Choose what to send: events whose retry is due, new events of the log, and then a replay.
3. Send them, several at a time.
4. Save the deliveries, and only then, before the next round, the position. A run that stops before that sends the
   same events again.
5. Repeat from 2 until there is nothing to send, and give the turn back.
6. Look once more. Whoever records an event wakes the webhook afterwards; a wake-up that found the turn taken did
   nothing, and its event is found here.

An event that is not accepted is repeated at its own time (`retrying`), and the position goes on. An endpoint that
accepts nothing gets fewer new events, one at a time, and they wait in the log. As soon as it accepts anything, all of
them follow.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.errors import ConfigurationError, Conflict
from image_store.domain.events.log import SETTLING, LogPosition
from image_store.domain.webhooks.deliveries import DeliveryChange, EventDelivery, Turn, new_delivery
from image_store.domain.webhooks.retrying import (
    Jitter,
    is_failing_for_good,
    next_attempt_at,
    pause_after,
    wait_of,
)
from image_store.domain.webhooks.turn_state import TurnState
from image_store.domain.webhooks.webhook import DisabledReason, Webhook
from image_store.ports.system import Clock, Ids
from image_store.ports.webhooks import Deliveries, DeliveryQueue, DeliveryTurns, Webhooks
from image_store.services.events.reading import LogReader, Reading
from image_store.services.webhooks.places import SLOW_AFTER, SlowPlaces
from image_store.services.webhooks.replaying import Replaying, ReplayPage
from image_store.services.webhooks.sending import LONGEST_ATTEMPT, PARALLEL, Sending, SentEvent

LONGEST_ROUND = LONGEST_ATTEMPT + timedelta(seconds=5)
"""How long one round takes, with what it reads and writes."""
LEASE = timedelta(minutes=2)
"""Longer than the function runs; if it is killed, the next run can begin after that."""
LONGEST_DELAY = timedelta(minutes=15)
"""SQS keeps no message back for longer."""

_WAIT_FOR_PLACE = timedelta(seconds=5)
_MOST_RETRIES = PARALLEL // 2
"""Of a round, so that many failures do not keep new events back."""
_GONE = 410
_log = logging.getLogger("image_store.webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """What happened in a round, for the metrics."""

    accepted: int
    failed: int
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class _Round:
    """What to send now, and what is true once it was sent."""

    deliveries: Sequence[DeliveryChange]
    """As they were, and as they are to be sent."""
    position: LogPosition
    are_new: bool = False
    """Whether there are events that the endpoint did not get before."""
    replay: ReplayPage | None = None
    goes_on: bool = False
    """Whether the log has more than one reading examines."""
    is_unsettled: bool = False
    """Whether the log has more than a position remembers, until it is settled."""
    is_last: bool = False
    """Whether there was nothing else to send when it was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTurns:
    """Runs the turns of webhooks."""

    webhooks: Webhooks
    turns: DeliveryTurns
    deliveries: Deliveries
    places: SlowPlaces
    replaying: Replaying
    reader: LogReader
    sending: Sending
    queue: DeliveryQueue
    clock: Clock
    ids: Ids
    jitter: Jitter
    report: Callable[[RoundResult], None]

    def run(self, webhook_id: str, *, until: datetime) -> None:
        """Send what is to be sent, as far as there is time. Safe to repeat, and to run in several places at once.

        StorageUnavailable; then the webhook has to be woken again.
        """
        while True:
            webhook = self.webhooks.get(webhook_id)
            if webhook is None or not webhook.is_enabled:
                return
            now = self.clock.now()
            if not self._has_time(now, until):
                self.queue.wake([webhook_id])
                return
            turn = self.turns.take(webhook_id, holder=self.ids.token(), at=now, until=now + LEASE)
            if turn is None:
                return  # the run that has it looks once more when it ends
            try:
                state = self._take_turn(webhook, turn, until)
            except Conflict:
                _log.warning("a turn was lost", extra={"webhook_id": webhook_id})
                return
            self.turns.end(turn)
            if state is None or not self._has_more(webhook, state):
                return

    def _take_turn(self, webhook: Webhook, turn: Turn, until: datetime) -> TurnState | None:
        """Send what is to be sent; None if nothing more is to be done now. Conflict if the turn was lost."""
        now = self.clock.now()
        state = TurnState.of(turn, webhook, now)
        if not state.is_slow:
            return self._send_all(webhook, turn, state, until, has_place=False)
        place = self.places.take(holder=turn.lease.holder, at=now, until=now + LEASE)
        if place is None:
            wait = _WAIT_FOR_PLACE + timedelta(seconds=self.jitter(_WAIT_FOR_PLACE.total_seconds()))
            state = self._wake_at(webhook, state, now + wait)
            self.turns.save(state.as_turn(turn), at=now)
            return None
        try:
            return self._send_all(webhook, turn, state, until, has_place=True)
        finally:
            self.places.leave(place)

    def _has_time(self, now: datetime, until: datetime) -> bool:
        return now + LONGEST_ROUND < until

    def _send_all(
        self, webhook: Webhook, turn: Turn, state: TurnState, until: datetime, *, has_place: bool
    ) -> TurnState | None:
        """Send round by round; None if nothing more can be sent now. Conflict if the turn was lost."""
        saved = state
        while self._has_time(self.clock.now(), until):
            chosen = self._choose(webhook, state)
            if not chosen.deliveries:
                state = state.moved_to(chosen.position)
                if chosen.goes_on:
                    continue
                state = self._wake_later(webhook, state, is_unsettled=chosen.is_unsettled)
                break
            if state != saved:  # a turn of one round saves once, at its end
                self.turns.save(state.as_turn(turn), at=self.clock.now())
                saved = state
            try:
                sent = self.sending.send(webhook, [change.after.event for change in chosen.deliveries])
            except ConfigurationError:
                self._rest(webhook, turn, state)
                return None
            state = self._settle(chosen, sent, state)
            if chosen.replay is not None:
                self.replaying.go_on(chosen.replay)
            if self._disable(webhook, sent, state):
                return None
            needs_place = state.is_slow and not has_place
            if chosen.is_last or needs_place:  # what there is besides is found after the end of the turn
                state = self._wake_later(webhook, state)
                break
        self.turns.save(state.as_turn(turn), at=self.clock.now())
        return state

    def _rest(self, webhook: Webhook, turn: Turn, state: TurnState) -> None:
        """Send nothing for a while, and count the webhook as failing: its secret does not open with the KMS key.

        After a restore without the key it never will; then its owner makes a new one. What happens waits in the log.
        """
        _log.error("the secret of a webhook cannot be opened", extra={"webhook_id": webhook.id})
        now = self.clock.now()
        state = state.refused(at=now).hold_until(now + LONGEST_DELAY)
        self.turns.save(self._wake_at(webhook, state, now + LONGEST_DELAY).as_turn(turn), at=now)

    def _choose(self, webhook: Webhook, state: TurnState) -> _Round:
        now = self.clock.now()
        due = self.deliveries.due(webhook.id, at=now, limit=_MOST_RETRIES)
        retries = [DeliveryChange(each, each) for each in due]
        has_all_retries = len(retries) < _MOST_RETRIES
        if state.is_paused(now):
            return _Round(retries, state.position, is_last=has_all_retries)
        room = 1 if state.failed_rounds else PARALLEL - len(retries)
        reading = self._read(webhook, state.position, limit=room)
        if reading.events:
            new = [DeliveryChange(None, new_delivery(webhook.id, each, at=now)) for each in reading.events]
            is_last = has_all_retries and not reading.has_more
            return _Round(_once([*retries, *new]), reading.position, are_new=True, is_last=is_last)
        if reading.has_more:
            has_moved = reading.position != state.position
            return _Round(retries, reading.position, goes_on=has_moved, is_unsettled=not has_moved)
        page = self.replaying.next_page(webhook, limit=room)
        if page is None:
            return _Round(retries, reading.position, is_last=has_all_retries)
        return _Round(_once([*retries, *page.deliveries]), reading.position, are_new=True, replay=page)

    def _read(self, webhook: Webhook, position: LogPosition, *, limit: int) -> Reading:
        return self.reader.read(webhook.log_owner, position, types=webhook.types or frozenset(), limit=limit)

    def _settle(self, chosen: _Round, sent: Sequence[SentEvent], state: TurnState) -> TurnState:
        """Save what became of the deliveries; returns what is known of the endpoint now."""
        pairs = list(zip(chosen.deliveries, sent, strict=True))
        self.deliveries.save(
            [DeliveryChange(change.before, self._after(change.after, each)) for change, each in pairs]
        )
        accepted = sum(each.was_accepted for each in sent)
        self.report(RoundResult(accepted=accepted, failed=len(sent) - accepted))
        is_slow = max(each.attempt.duration_ms for each in sent) > SLOW_AFTER / timedelta(milliseconds=1)
        state = replace(state.moved_to(chosen.position), is_slow=is_slow)
        now = self.clock.now()
        if accepted:
            state = state.accepted()
        else:
            state = state.refused(at=min(each.attempt.at for each in sent))
            if chosen.are_new:
                state = state.paused(now + pause_after(state.failed_rounds + 1, jitter=self.jitter))
        wait = max(wait_of(each.retry_after) for each in sent)
        return state.hold_until(now + wait) if wait else state

    def _after(self, delivery: EventDelivery, sent: SentEvent) -> EventDelivery:
        if sent.was_accepted:
            return delivery.delivered(sent.attempt)
        again = next_attempt_at(
            delivery.tries + 1,
            since=delivery.tries_since,
            now=self.clock.now(),
            jitter=self.jitter,
            retry_after=sent.retry_after,
        )
        if again is None:
            return delivery.failed(sent.attempt)
        return delivery.retried(sent.attempt, next_attempt_at=again)

    def _disable(self, webhook: Webhook, sent: Sequence[SentEvent], state: TurnState) -> bool:
        """Disable an endpoint that is gone or has failed for days; its owner hears of it through the table's stream."""
        if any(each.attempt.status == _GONE for each in sent):
            reason = DisabledReason.GONE
        elif is_failing_for_good(state.failing_since, self.clock.now()):
            reason = DisabledReason.FAILING
        else:
            return False
        changed = replace(webhook.disabled(reason), version=webhook.version + 1, updated_at=self.clock.now())
        try:
            self.webhooks.save(changed)
        except Conflict:  # its owner has changed it, perhaps the address: the next turn sees that
            self.queue.wake([webhook.id])
            return True
        self.report(RoundResult(accepted=0, failed=0, is_disabled=True))
        return True

    def _wake_later(self, webhook: Webhook, state: TurnState, *, is_unsettled: bool = False) -> TurnState:
        """Have the next turn begin when there is something to send, or after `LONGEST_DELAY`.

        It remembers the time, so that many turns before it send one message.
        """
        now = self.clock.now()
        times = [self.deliveries.next_due_at(webhook.id)]
        if is_unsettled:
            times.append(now + SETTLING)
        if state.is_paused(now):
            times.append(state.paused_until)
        next_at = min(filter(None, times), default=None)
        if next_at is None:
            return state
        return self._wake_at(webhook, state, min(max(next_at, now), now + LONGEST_DELAY))

    def _wake_at(self, webhook: Webhook, state: TurnState, at: datetime) -> TurnState:
        now = self.clock.now()
        if state.is_woken_by(at, now):
            return state
        self.queue.wake([webhook.id], delay=max(at - now, timedelta(0)))
        return replace(state, wakes_at=at)

    def _has_more(self, webhook: Webhook, state: TurnState) -> bool:
        """Whether there is something to send now, that the turn did not find."""
        now = self.clock.now()
        if self.deliveries.due(webhook.id, at=now, limit=1):
            return True
        if state.is_paused(now):
            return False
        reading = self._read(webhook, state.position, limit=1)
        has_moved = reading.has_more and reading.position != state.position
        return bool(reading.events) or has_moved or self.replaying.is_requested(webhook)


def _once(changes: Sequence[DeliveryChange]) -> list[DeliveryChange]:
    """The first change of each event: the log can have an event twice, and a retry can be in a replay."""
    return list({change.after.event.id: change for change in reversed(changes)}.values())[::-1]
