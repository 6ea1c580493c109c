"""`image-store estimate` adds up prices as the documentation does, and asks nothing unless it is told to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.errors import UsageError
from image_store_cli.estimate import prices
from image_store_cli.estimate.calculation import Line, Part, estimate, total
from image_store_cli.estimate.usage import Usage
from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = Usage()


def lines_of(usage: Usage) -> dict[str, Line]:
    return {line.item: line for line in estimate(usage)}


def refuse(_: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing is requested")


def test_the_example_costs_what_its_parts_cost() -> None:
    lines = lines_of(EXAMPLE)

    assert lines["R2, storage"].usd == pytest.approx(1_520 * 0.015)
    assert lines["views, reads of R2"].usd == pytest.approx(10 * 0.36)
    assert lines["storing, R2, writes"].usd == pytest.approx(5 * 4.5)
    assert lines["storing, Lambda"].usd == pytest.approx(0.6 * 3 * 13.3334 + 0.2, rel=1e-3)
    assert total(estimate(EXAMPLE), Part.FIXED) == pytest.approx(10.2, abs=0.1)


def test_no_part_of_an_estimate_falls_when_more_is_used() -> None:
    more: dict[str, object] = {
        "images": 2_000_000, "uploads": 10, "deletions": 10, "image_mb": 2.0, "renditions": 3, "renditions_mb": 1.0,
        "words": 60, "tags": 9, "groups": 5, "views": 20_000_000, "requests": 1_000, "lists": 1_000, "searches": 1_000,
        "generated": 10, "backup": "r2", "encrypts": True, "warm_instances": 1, "waiting_readers": 1,
        "webhook_deliveries": 1_000,
    }  # fmt: skip
    before = {part: total(estimate(EXAMPLE), part) for part in Part}

    for name, value in more.items():
        after = {part: total(estimate(replace(EXAMPLE, **{name: value})), part) for part in Part}  # type: ignore[arg-type]
        assert all(after[part] >= before[part] for part in Part), name
        assert sum(after.values()) > sum(before.values()), name


def test_s3_pays_for_delivery_and_r2_does_not() -> None:
    of_s3 = lines_of(replace(EXAMPLE, store="s3"))

    assert of_s3["views, CloudFront"].usd == pytest.approx(2_500 * 0.085 + 10)
    assert "views, CloudFront" not in lines_of(EXAMPLE)


def test_views_from_a_cache_read_nothing() -> None:
    assert "views, reads of R2" not in lines_of(replace(EXAMPLE, cached_percent=100.0))


@pytest.mark.parametrize(
    ("store", "backup", "elsewhere", "per_gb"),
    [
        ("s3", "r2", False, 0.09),
        ("s3", "s3-ia", True, 0.02),
        ("s3", "s3-ia", False, 0.0),
        ("r2", "s3", True, 0.0),
    ],
)
def test_a_backup_pays_for_the_transfer_out_of_aws(
    store: str, backup: str, elsewhere: bool, per_gb: float
) -> None:
    usage = replace(EXAMPLE, store=store, backup=backup, backup_elsewhere=elsewhere)
    source, target = prices.STORES[store], prices.BACKUPS[backup]

    first_run = lines_of(usage)["backup, first run"].usd

    assert first_run == pytest.approx(
        source.reads.of(10**6) + target.writes.of(10**6) + 1_000 * per_gb + 100_000 * 0.0000133334
    )


def test_events_cost_two_write_units_their_rows_and_the_bus() -> None:
    on_bus = lines_of(replace(EXAMPLE, public_percent=50.0))["storing, events"].usd
    alone = lines_of(replace(EXAMPLE, public_percent=50.0, event_bus=False))["storing, events"].usd

    assert alone == pytest.approx(1.5 * (2 * 0.625 + 0.25 + 0.20))
    assert on_bus - alone == pytest.approx(1.5)


def test_a_reader_that_waits_costs_its_function_more_than_its_requests() -> None:
    lines = lines_of(replace(EXAMPLE, waiting_readers=2))

    assert lines["waiting readers of events"].usd == pytest.approx(2 * 9.2, abs=0.2)
    assert "waiting readers of events" not in lines_of(EXAMPLE)


def test_a_million_deliveries_to_webhooks_cost_what_their_parts_cost() -> None:
    lines = lines_of(replace(EXAMPLE, webhook_deliveries=1_000_000))

    parts = 4 * 0.625 + 10 * 0.125 + 0.25 + 3 * 0.4 + 0.3 * 0.5 * 13.3334 + 0.2
    assert lines["deliveries to webhooks"].usd == pytest.approx(parts, rel=1e-3)
    assert "deliveries to webhooks" not in lines_of(EXAMPLE)


def test_deletions_and_generations_have_events_of_their_own() -> None:
    lines = lines_of(replace(EXAMPLE, deletions=500_000, generated=500_000))

    assert lines["events of deletions and generations"].usd == pytest.approx(2 * (2 * 0.625 + 0.45 + 1))


def test_an_empty_store_costs_only_what_is_fixed() -> None:
    lines = estimate(replace(EXAMPLE, images=0, views=0, alarms=False, dashboard=False))

    assert {line.part for line in lines} == {Part.FIXED}
    assert total(lines, Part.FIXED) == pytest.approx(3.85, abs=0.1)


def test_every_price_has_a_source_and_a_date() -> None:
    every_price = prices.all_prices()

    assert date.fromisoformat(prices.CHECKED_ON)
    assert len({price.item for price in every_price}) == len(every_price)
    assert all(price.source.startswith("https://") and price.usd > 0 for price in every_price)


def test_the_command_prints_sums_and_their_calculation(tmp_path: Path) -> None:
    done = command(refuse, "estimate", "--images", "1000", "--views", "0", folder=tmp_path)

    assert done.exit_code == Exit.OK
    assert "R2, storage" in done.out
    assert "2 GB" in done.out


def test_the_document_has_every_line(tmp_path: Path) -> None:
    done = command(refuse, "estimate", "--json", "--backup", "s3-ia", folder=tmp_path)

    document = json.loads(done.out)
    of_lines = sum(line["usd"] for line in document["lines"] if line["part"] == "fixed")
    assert document["totals_usd"]["fixed"] == pytest.approx(of_lines, abs=0.01)
    assert document["usage"]["backup"] == "s3-ia"


@pytest.mark.parametrize(("images", "image_mb"), [(4, 2.5), (0, 0.0)])
def test_number_and_size_of_images_can_come_from_the_store(
    tmp_path: Path, images: int, image_mb: float
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.url.path, dict(request.url.params)) == ("/v1/stats", {"scope": "all"})
        return httpx.Response(200, json={"images": images, "size_bytes": images * 2_500_000})

    done = command(answer, "estimate", "--from-store", "--json", folder=tmp_path)

    usage = json.loads(done.out)["usage"]
    assert (usage["images"], usage["image_mb"]) == (images, image_mb)


@pytest.mark.parametrize(
    "words", [("--images", "-1"), ("--image-mb", "nan"), ("--public-percent", "101"), ("--store", "gcs")]
)
def test_numbers_that_are_none_are_refused(words: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        build_parser().parse_args(["estimate", *words])


def test_a_number_may_have_commas_as_the_help_writes_them(tmp_path: Path) -> None:
    plain = command(refuse, "estimate", "--images", "50000", "--json", folder=tmp_path)
    with_commas = command(refuse, "estimate", "--images", "50,000", "--json", folder=tmp_path)

    assert with_commas.out == plain.out
