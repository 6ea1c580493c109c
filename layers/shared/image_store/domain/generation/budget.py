"""Budgets: what an owner and the deployment may spend on generated images in a day and in a month (UTC)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The limits of spending, in micro-dollars; 0 means no limit."""

    owner_daily: int = 0
    owner_monthly: int = 0
    deployment_daily: int = 0
    deployment_monthly: int = 0
    unknown_price_reserve: int = 0
    """The hold for an image of unknown price; with 0, such an image is refused if any limit is set."""

    def deployment_used(self, day: "Spending", month: "Spending") -> float | None:
        """Percent of the deployment's fuller budget that is spent or held; None without a budget."""
        limits = ((self.deployment_daily, day), (self.deployment_monthly, month))
        return max((100 * spending.committed / limit for limit, spending in limits if limit), default=None)

    @property
    def has_limits(self) -> bool:
        """Whether there is any limit."""
        return any((self.owner_daily, self.owner_monthly, self.deployment_daily, self.deployment_monthly))


@dataclass(frozen=True, slots=True)
class Spending:
    """What is spent and what is held of a budget, in micro-dollars."""

    spent: int = 0
    reserved: int = 0

    @property
    def committed(self) -> int:
        """What counts against a limit."""
        return self.spent + self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBudget:
    """The budgets of the API key that ordered an image, in micro-dollars; 0 means no limit.

    They are as they were when the image was ordered. Equal for the same key, because its spending is one sum.
    """

    key_id: str
    daily: int = field(default=0, compare=False)
    monthly: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetHold:
    """What is held from the budgets for an item until it is settled."""

    micros: int
    on: date
    """The day, and with it the month, of the budgets it is taken from."""
    key: KeyBudget | None = None
    """None unless an API key with budgets ordered the image."""


def day_of(on: date) -> str:
    """The name of a day's budget."""
    return f"{on:%Y-%m-%d}"


def month_of(on: date) -> str:
    """The name of a month's budget."""
    return f"{on:%Y-%m}"


def until_next_day(now: datetime) -> timedelta:
    """How long until the daily budgets begin anew."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return midnight - now


def until_next_month(now: datetime) -> timedelta:
    """How long until the monthly budgets begin anew."""
    first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return first - now
