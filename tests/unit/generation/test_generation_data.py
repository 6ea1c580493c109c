"""Prices, models, breakers and money: data, and the arithmetic on it (E2–E4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from image_store.domain.generation.breaker import FAILURES_TO_OPEN, LONGEST_PAUSE, PROBE_TIME, Breaker
from image_store.domain.generation.budget import Budgets, Spending
from image_store.domain.generation.catalogue import (
    PRICES_VERSION,
    cost_micros,
    description_of,
    model_named,
    models_of,
    prices_of,
)
from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.jobs import ENDED, JOB_ITEM_TRANSITIONS, JobItemState
from image_store.domain.generation.money import micros_of, usd, whole_micros
from image_store.domain.generation.providers import Background, OutputFormat, Provider, Unit
from image_store.domain.generation.retry_budget import MOST_RETRIES, RetryBudget
from tools.pages import DOCS
from tools.provider_tables import sizes_in_words

MODELS = tuple(model for provider in Provider for model in models_of(provider))
PRICES = tuple((provider, price) for provider in Provider for price in description_of(provider).prices)
TODAY = date.fromisoformat(PRICES_VERSION)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_every_price_has_its_date_and_source() -> None:
    """E4."""
    for _, price in PRICES:
        assert price.source.startswith("https://")
        assert price.valid_from <= TODAY
        assert price.amount > 0
        assert price.currency in {"USD", "pollen"}


def test_no_price_is_listed_twice() -> None:
    named = [(provider, price.model, price.unit, price.valid_from) for provider, price in PRICES]

    assert len(named) == len(set(named))


@pytest.mark.parametrize("provider", Provider)
def test_every_provider_has_a_default_model_whose_price_is_known(provider: Provider) -> None:
    """E4."""
    model = models_of(provider)[0]
    expected = model.estimated_usage(prompt="A cat", size=None, quality=None, references=0)

    assert cost_micros(provider, model.name, expected, on=TODAY) is not None


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_can_make_its_own_sizes(model: object) -> None:
    for size in model.sizes or (model.default_size,):  # type: ignore[attr-defined]
        assert model.fits(size)  # type: ignore[attr-defined]
        assert "x".join(map(str, model.size(size))) == size  # type: ignore[attr-defined]
        for quality in model.qualities or (None,):  # type: ignore[attr-defined]
            usage = model.estimated_usage(prompt="", size=size, quality=quality, references=1)  # type: ignore[attr-defined]
            assert any(usage.values())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_names_its_backgrounds_and_formats(model: Model) -> None:
    assert {"auto", "opaque"} <= set(model.backgrounds) <= set(get_args(Background))
    assert set(model.output_formats) <= set(get_args(OutputFormat))
    assert model.output_formats
    if "transparent" in model.backgrounds:
        assert model.output_formats[0] != "jpeg"


def test_transparent_backgrounds_are_those_of_the_documentation() -> None:
    transparent = {model.name for model in MODELS if "transparent" in model.backgrounds}

    assert transparent == {
        f"gpt-image-{version}-{name}" for version in ("2.5", "2.6") for name in ("flare", "sunburst")
    }


def test_a_model_has_no_known_price_before_its_first_one() -> None:
    usage = {Unit.IMAGE: 1}

    assert prices_of(Provider.POLLINATIONS, "flux", on=date(2026, 7, 29)) == {}
    assert cost_micros(Provider.POLLINATIONS, "flux", usage, on=date(2026, 7, 29)) is None
    assert cost_micros(Provider.POLLINATIONS, "flux", usage, on=date(2026, 7, 30)) == 2_000


@pytest.mark.parametrize("usage", [{}, {Unit.IMAGE: 0}, {Unit.IMAGE: 1, Unit.STEP: 1}])
def test_a_usage_that_is_not_priced_in_full_has_no_cost(usage: dict[Unit, int]) -> None:
    """E4: never 0."""
    assert cost_micros(Provider.POLLINATIONS, "flux", usage, on=TODAY) is None


def test_a_cost_is_rounded_up_to_a_whole_micro_dollar() -> None:
    model = "@cf/black-forest-labs/flux-1-schnell"

    # 4 × 52.8 + 4 × 105.6 = 633.6
    assert cost_micros(Provider.CLOUDFLARE, model, {Unit.TILE: 4, Unit.STEP: 4}, on=TODAY) == 634
    assert whole_micros(Decimal("0.000001")) == 1


@pytest.mark.parametrize(("text", "micros"), [("0", 0), ("1", 1_000_000), ("0.05", 50_000), ("1e2", 10**8)])
def test_dollars_of_settings_are_exact(text: str, micros: int) -> None:
    assert micros_of(text) == micros


@pytest.mark.parametrize("text", ["", "-1", "NaN", "Infinity", "1,5", "$1"])
def test_what_is_not_an_amount_of_dollars_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dollars"):
        micros_of(text)


def test_an_unknown_amount_is_null_for_clients() -> None:
    assert usd(None) is None
    assert usd(2_000) == 0.002


def test_a_shape_that_google_does_not_know_becomes_the_nearest() -> None:
    model = model_named("gemini-nano-banana-2.1")
    assert model is not None

    assert model.size("1920x1080") == (1376, 768) or model.size("1920x1080") == (2752, 1536)
    assert model.size("1000x1000") == (1024, 1024)
    assert model.size("3000x3000") == (2048, 2048)


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ("1024x1024", True),
        ("1024x640", True),
        ("3840x2160", True),
        ("1000x1024", False),
        ("4096x4096", False),
        ("3840x512", False),
        ("3856x2096", False),
        ("512x512", False),
    ],
)
def test_openai_takes_multiples_of_16_that_are_neither_too_long_nor_too_small(size: str, fits: bool) -> None:
    model = model_named("gpt-image-2")
    assert model is not None

    assert model.fits(size) is fits


def test_a_quality_that_a_model_does_not_know_becomes_its_default() -> None:
    model = model_named("gpt-image-2")
    assert model is not None

    assert (model.quality("max"), model.quality("high"), model.quality(None)) == ("medium", "high", "medium")


def test_an_ended_item_stays_ended_unless_it_failed() -> None:
    """E7."""
    for state in ENDED:
        again = {JobItemState.QUEUED} if state is JobItemState.FAILED else set()
        assert JOB_ITEM_TRANSITIONS[state] == again


# Breakers -----------------------------------------------------------------------------------------------


def failed(times: int, breaker: Breaker = Breaker(), apart: float = 1) -> Breaker:  # noqa: B008 - it is frozen
    for number in range(times):
        at = NOW + timedelta(seconds=number * apart)
        breaker = breaker.after_failure(at, began=at)
    return breaker


def test_a_breaker_opens_after_failures_in_a_row() -> None:
    """E2."""
    assert failed(FAILURES_TO_OPEN - 1).is_closed(NOW)
    assert failed(FAILURES_TO_OPEN).open_until == NOW + timedelta(seconds=FAILURES_TO_OPEN - 1 + 30)


def test_failures_far_apart_open_nothing() -> None:
    assert failed(50, apart=121).open_until is None


def test_a_provider_that_hangs_opens_it_however_long_its_calls_take() -> None:
    """E2: three workers wait four minutes each, and begin the next call at once."""
    breaker, hanging = Breaker(), timedelta(minutes=4)
    for turn in range(2):
        for _ in range(3):
            breaker = breaker.after_failure(NOW + (turn + 1) * hanging, began=NOW + turn * hanging)

    assert breaker.open_until is not None


def test_calls_that_were_under_way_when_it_opened_make_no_pause_longer() -> None:
    breaker = failed(FAILURES_TO_OPEN)
    opened = NOW + timedelta(seconds=FAILURES_TO_OPEN - 1)

    for _ in range(9):
        breaker = breaker.after_failure(opened, began=NOW)

    assert (breaker.open_until, breaker.openings) == (opened + timedelta(seconds=30), 1)


def test_a_call_that_was_under_way_when_it_opened_may_still_ask_for_a_longer_pause() -> None:
    at, minute = NOW + timedelta(seconds=FAILURES_TO_OPEN), timedelta(minutes=1)

    breaker = failed(FAILURES_TO_OPEN).after_failure(at, began=NOW, pause=minute)

    assert breaker.open_until == at + minute


def test_a_success_closes_it() -> None:
    breaker = failed(FAILURES_TO_OPEN).after_success()

    assert breaker.is_closed(NOW)
    assert failed(FAILURES_TO_OPEN - 1, breaker).is_closed(NOW)


def test_each_pause_is_longer_up_to_the_longest() -> None:
    breaker, pauses = failed(FAILURES_TO_OPEN), []
    for _ in range(8):
        assert breaker.open_until is not None
        at = breaker.open_until
        assert breaker.may_probe(at)
        breaker = breaker.with_probe(at).after_failure(at, began=at)
        assert breaker.open_until is not None
        pauses.append(breaker.open_until - at)

    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(minutes=1)
    assert pauses[-1] == LONGEST_PAUSE


def test_one_probe_at_a_time() -> None:
    breaker = failed(FAILURES_TO_OPEN)
    assert breaker.open_until is not None
    at = breaker.open_until

    probing = breaker.with_probe(at)

    assert not probing.may_probe(at)
    assert probing.health(at) == "degraded"
    assert not probing.may_probe(at + PROBE_TIME - timedelta(seconds=1))
    assert probing.may_probe(at + PROBE_TIME)


def test_an_image_that_waits_for_a_probe_is_tried_again_soon() -> None:
    """E3: the probe may be over in a second; whoever waits for its longest time waits for minutes."""
    breaker = failed(FAILURES_TO_OPEN)
    assert breaker.open_until is not None
    at = breaker.open_until

    assert breaker.next_try(NOW) == at
    assert breaker.with_probe(at).next_try(at) == at + timedelta(seconds=10)
    assert breaker.with_probe(at).next_try(at + PROBE_TIME - timedelta(seconds=1)) == at + PROBE_TIME


def test_a_pause_that_is_asked_for_is_kept_and_no_longer() -> None:
    breaker = Breaker().after_failure(NOW, began=NOW, pause=timedelta(seconds=3))

    assert breaker.open_until == NOW + timedelta(seconds=3)


def test_a_limit_of_seconds_is_waited_for_by_the_second() -> None:
    """E3: each probe that meets it again doubles what the provider asks for."""
    breaker, at, pauses = Breaker(), NOW, []
    for _ in range(4):
        breaker = breaker.after_failure(at, began=at, pause=timedelta(seconds=2))
        assert breaker.open_until is not None
        pauses.append((breaker.open_until - at).total_seconds())
        at = breaker.open_until
        breaker = breaker.with_probe(at)

    assert pauses == [2, 4, 8, 16]


# Retry budgets ------------------------------------------------------------------------------------------


def emptied(budget: RetryBudget) -> int:
    """How many retries can be taken."""
    count = 0
    while (after := budget.without_one()) is not None:
        budget, count = after, count + 1
    return count


def without(budget: RetryBudget, retries: int) -> RetryBudget:
    for _ in range(retries):
        remaining = budget.without_one()
        assert remaining is not None
        budget = remaining
    return budget


def test_a_budget_begins_full_and_holds_no_more_than_that() -> None:
    """E3."""
    full = RetryBudget().refilled(NOW, image_count=1_000).refilled(NOW + timedelta(days=1), image_count=1_000)

    assert emptied(full) == MOST_RETRIES


def test_five_images_or_a_minute_earn_a_retry() -> None:
    empty = without(RetryBudget().refilled(NOW, image_count=100), MOST_RETRIES)

    assert emptied(empty.refilled(NOW, image_count=104)) == 0
    assert emptied(empty.refilled(NOW, image_count=105)) == 1
    assert emptied(empty.refilled(NOW + timedelta(seconds=59), image_count=100)) == 0
    assert emptied(empty.refilled(NOW + timedelta(seconds=60), image_count=100)) == 1


def test_what_was_counted_once_is_not_counted_again() -> None:
    budget = without(RetryBudget().refilled(NOW, image_count=100), MOST_RETRIES)

    for number in range(1, 60):  # looked at every second
        budget = budget.refilled(NOW + timedelta(seconds=number), image_count=104)

    assert emptied(budget) == 1  # 4 shares of images and 4 of time
    assert emptied(budget.refilled(NOW + timedelta(seconds=60), image_count=105)) == 2


def test_a_new_day_counts_its_images_from_the_first() -> None:
    empty = without(RetryBudget().refilled(NOW, image_count=100), MOST_RETRIES)
    tomorrow = NOW + timedelta(days=1)

    moment = replace(empty, at=tomorrow)

    assert emptied(moment.refilled(tomorrow, image_count=10)) == 2


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    budget = RetryBudget().refilled(NOW, image_count=100)

    assert emptied(budget.refilled(NOW - timedelta(minutes=1), image_count=99)) == MOST_RETRIES


@pytest.mark.parametrize(
    ("breaker", "health"),
    [(Breaker(), "ok"), (Breaker(failures=1), "degraded"), (failed(FAILURES_TO_OPEN), "down")],
)
def test_health_is_reported_in_words(breaker: Breaker, health: str) -> None:
    assert breaker.health(NOW) == health


def test_the_page_on_generation_lists_every_price_with_its_day_and_source() -> None:
    """E4."""
    page = (DOCS / "generation.md").read_text()

    assert {line for line in page.splitlines() if "[source](" in line} == {
        f"| {provider} | `{price.model}` | {price.unit.replace('_', ' ')} | {price.amount} {price.currency} "
        f"| {price.per:,} | {price.valid_from} | [source]({price.source}) |"
        for provider, price in PRICES
    }
    assert f"The prices as of {PRICES_VERSION}" in page


def test_the_page_on_generation_lists_every_model_with_its_limits_its_source_and_the_day() -> None:
    """E2."""
    page = (DOCS / "generation.md").read_text()

    assert {line for line in page.splitlines() if "[model](" in line} == {
        f"| {model.provider} | `{model.name}` | {model.max_prompt:,} | {model.max_references or 'none'} "
        f"| {sizes_in_words(model)} | {'yes' if model.takes_seeds else 'no'} "
        f"| {', '.join(model.backgrounds)} | {', '.join(model.output_formats)} | {model.checked} "
        f"| [model]({model.source}) |"
        for model in MODELS
    }


@pytest.mark.parametrize("provider", Provider)
def test_a_provider_is_described_under_its_name(provider: Provider) -> None:
    description = description_of(provider)

    assert description.provider is provider
    assert {model.provider for model in description.models} == {provider}
    assert {price.model for price in description.prices} <= {model.name for model in description.models}


@pytest.mark.parametrize(
    ("daily", "monthly", "used"),
    [(0, 0, None), (10, 0, 40.0), (0, 100, 65.0), (10, 100, 65.0), (5, 100, 80.0)],
)
def test_the_fuller_of_the_deployments_budgets_counts_with_what_is_held(
    daily: int, monthly: int, used: float | None
) -> None:
    """F4."""
    budgets = Budgets(deployment_daily=daily, deployment_monthly=monthly)

    assert budgets.deployment_used(Spending(3, 1), Spending(60, 5)) == used
