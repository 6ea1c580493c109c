"""Statistics of an owner and of the whole store."""

from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

from image_store.domain.errors import InvalidRequest
from image_store.domain.images.quota import Quota
from image_store.domain.operations.statistics import Amount, Statistics
from image_store.ports.generation import Generations
from image_store.ports.images import Claims
from image_store.ports.operations import Figures
from image_store.ports.system import Clock
from image_store.ports.upkeep import Migrations

MAX_DAYS = 366
DEFAULT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsReports:
    """Reads figures that are counted when images change; a request counts nothing itself."""

    figures: Figures
    claims: Claims
    migrations: Migrations
    generations: Generations
    clock: Clock
    quota: Quota

    def of_owner(self, owner: str, *, since: date | None, until: date | None) -> Statistics:
        """The statistics of an owner, about a second behind; with a quota the total is its exact usage."""
        since, until = self._days(since, until)
        statistics = self.figures.of_owner(owner, since=since, until=until)
        if self.quota.is_set:
            usage = self.claims.usage(owner)
            statistics = replace(statistics, total=Amount(usage.images, usage.size_bytes))
        generated = self.generations.performance(owner, since=since, until=until)
        return replace(statistics, quota=self.quota, generated=generated)

    def of_all(self, *, since: date | None, until: date | None) -> Statistics:
        """The statistics of all owners; the caller checks that an admin requests them."""
        since, until = self._days(since, until)
        statistics = self.figures.of_all(since=since, until=until)
        return replace(
            statistics,
            generated=self.generations.performance(None, since=since, until=until),
            migration=self.migrations.totals(),
        )

    def _days(self, since: date | None, until: date | None) -> tuple[date, date]:
        if until is None:
            until = self.clock.now().astimezone(UTC).date() + timedelta(days=1)
        if since is None:
            since = date.fromordinal(max(until.toordinal() - DEFAULT_DAYS, date.min.toordinal()))
        if not 0 <= (until - since).days <= MAX_DAYS:
            raise InvalidRequest(f"`from` must not be after `to`, and at most {MAX_DAYS} days before it.")
        return since, until
