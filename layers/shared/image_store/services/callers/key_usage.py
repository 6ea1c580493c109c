"""Counts what API keys use, and reports it by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_usage import MAX_DAYS, USUAL_DAYS, KeyDay
from image_store.domain.errors import InvalidRequest
from image_store.ports.callers import KeyUsage
from image_store.ports.system import Clock
from image_store.services.callers.key_administration import KeyAdministration


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsageReports:
    """Reads the usage of keys for those who may see the key."""

    administration: KeyAdministration
    usage: KeyUsage
    clock: Clock

    def of_key(
        self, caller: Caller, key_id: str, *, since: date | None, until: date | None
    ) -> Sequence[KeyDay]:
        """The days with usage from `since` on and before `until`, the earliest first; by default the last 30 days.

        Raises
        ------
        KeyNotFound, AdminRequired
            as `KeyAdministration.get`
        InvalidRequest
            `since` is not before `until`, or more than 366 days before it
        """
        key = self.administration.get(caller, key_id)
        if until is None:
            until = self.clock.now().astimezone(UTC).date() + timedelta(days=1)
        if since is None:
            since = date.fromordinal(max(until.toordinal() - USUAL_DAYS, date.min.toordinal()))
        if not 0 < (until - since).days <= MAX_DAYS:
            raise InvalidRequest(f"`from` must be before `to`, and at most {MAX_DAYS} days before it.")
        return self.usage.days(key.id, since=since, until=until)
