"""Money in whole micro-dollars, so that sums are exact."""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

MICROS = 1_000_000


def whole_micros(amount: Decimal) -> int:
    """Micro-dollars without a fraction, rounded up: a ledger never shows less than what was spent."""
    return int(amount.to_integral_value(rounding=ROUND_CEILING))


def micros_of(usd: str) -> int:
    """The micro-dollars of an amount in the settings; ValueError if it is no amount or below 0."""
    try:
        amount = Decimal(usd)
    except InvalidOperation:
        raise ValueError("not an amount of dollars") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("not an amount of dollars")
    return whole_micros(amount * MICROS)


def usd(micros: int | None) -> float | None:
    """Micro-dollars as dollars for clients; None is an unknown amount, never 0."""
    return None if micros is None else micros / MICROS
