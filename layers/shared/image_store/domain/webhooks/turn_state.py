"""What turns remember of a webhook, from one to the next."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.events.log import LogPosition
from image_store.domain.webhooks.deliveries import Turn
from image_store.domain.webhooks.webhook import Webhook

_LONGEST_PAUSE = timedelta(hours=2)
"""More than any pause or delay: what is further ahead was written by a wrong clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnState:
    """How far the log was read, and how the endpoint does."""

    active_since: datetime
    """When the webhook was enabled, as the turn that began then has seen it."""
    position: LogPosition
    failing_since: datetime | None = None
    """The first failure after the last success."""
    failed_rounds: int = 0
    """Rounds with new events, one after another, of which the endpoint has accepted none."""
    paused_until: datetime | None = None
    """When the endpoint gets new events again."""
    wakes_at: datetime | None = None
    """When a message wakes the next turn."""
    is_slow: bool = False
    """Whether the endpoint took long for an answer in the last round."""

    @classmethod
    def of(cls, turn: Turn, webhook: Webhook, now: datetime) -> Self:
        """The state that the last turn has left; a webhook that was enabled since then begins anew at that time.

        So does one whose position lies ahead: a wrong clock has written it, and events that were sent are sent again.
        """
        begin = LogPosition.at(min(webhook.active_since, now)).not_before(now)
        if turn.position is None or _time(turn.notes.get("active_since")) != webhook.active_since:
            return cls(active_since=webhook.active_since, position=begin)
        position = LogPosition.of_text(turn.position)
        if position.after > LogPosition.at(now + CLOCK_SKEW).after:
            return cls(active_since=webhook.active_since, position=begin)
        return cls(
            active_since=webhook.active_since,
            position=position.not_before(now),
            failing_since=turn.failing_since,
            failed_rounds=turn.notes.get("failed_rounds", 0),
            paused_until=_time(turn.notes.get("paused_until")),
            wakes_at=_time(turn.notes.get("wakes_at")),
            is_slow=turn.notes.get("is_slow", False),
        )

    def as_turn(self, turn: Turn) -> Turn:
        """The turn with this state."""
        notes = {
            "active_since": _text(self.active_since),
            "failed_rounds": self.failed_rounds or None,
            "paused_until": _text(self.paused_until),
            "wakes_at": _text(self.wakes_at),
            "is_slow": self.is_slow or None,
        }
        return replace(
            turn,
            position=self.position.as_text(),
            failing_since=self.failing_since,
            notes={name: value for name, value in notes.items() if value is not None},
        )

    def is_paused(self, now: datetime) -> bool:
        """Whether the endpoint gets no new events now."""
        return self.paused_until is not None and _is_ahead(self.paused_until, now)

    def is_woken_by(self, at: datetime, now: datetime) -> bool:
        """Whether a message wakes the webhook at this time, or before."""
        return self.wakes_at is not None and self.wakes_at <= at and _is_ahead(self.wakes_at, now)

    def moved_to(self, position: LogPosition) -> Self:
        """The state after the log was read up to a position."""
        return replace(self, position=position)

    def accepted(self) -> Self:
        """The state after the endpoint has accepted an event."""
        return replace(self, failing_since=None, failed_rounds=0, paused_until=None)

    def refused(self, *, at: datetime) -> Self:
        """The state after a round of which the endpoint has accepted nothing."""
        return replace(self, failing_since=self.failing_since or at)

    def paused(self, until: datetime) -> Self:
        """The state after such a round with new events."""
        return replace(self, failed_rounds=self.failed_rounds + 1, paused_until=until)

    def hold_until(self, until: datetime) -> Self:
        """The state after an answer that asks to wait until then, whatever else the endpoint has accepted."""
        return replace(self, paused_until=_later(self.paused_until, until))


def _later(first: datetime | None, second: datetime) -> datetime:
    return max(first, second) if first is not None else second


def _is_ahead(time: datetime, now: datetime) -> bool:
    return now < time <= now + _LONGEST_PAUSE


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
