"""The tables of docs/costs.md, from the prices and calculations of `image-store estimate`."""

from collections.abc import Iterable
from dataclasses import replace

from image_store_cli.estimate.calculation import Line, Part, estimate, total
from image_store_cli.estimate.prices import BACKUPS, all_prices
from image_store_cli.estimate.usage import Usage
from tools.tables import table

EXAMPLE = Usage()
_THOUSAND = 1_000


def cost_parts() -> dict[str, str]:
    """The content of each marked part."""
    lines = estimate(EXAMPLE)
    return {
        "monthly": _lines(lines, Part.MONTHLY, "a month"),
        "idle": _lines(lines, Part.FIXED, "a month"),
        "storing": _lines(lines, Part.ONCE, "for a million"),
        "stores": _stores(),
        "backups": _backups(),
        "thousands": _thousands(),
        "prices": _prices(),
    }


def dollars(usd: float) -> str:
    """An amount as people read it: cents below 100 dollars."""
    return f"${usd:,.0f}" if usd >= 100 else f"${usd:,.2f}"


def _lines(lines: Iterable[Line], part: Part, head: str) -> str:
    chosen = [line for line in lines if line.part is part]
    rows = [(line.item, dollars(line.usd), line.calculation) for line in chosen]
    return table(
        ("item", head, "calculation"), [*rows, ("**sum**", f"**{dollars(total(chosen, part))}**", "")]
    )


def _stores() -> str:
    rows = []
    for name, usage in (
        ("R2", EXAMPLE),
        ("S3 and CloudFront", replace(EXAMPLE, store="s3")),
        (
            "S3 and CloudFront, 90 % of the views from browsers' caches",
            replace(EXAMPLE, store="s3", views=EXAMPLE.views // 10),
        ),
    ):
        lines = estimate(usage)
        rows.append((name, dollars(total(lines, Part.MONTHLY)), dollars(total(lines, Part.ONCE))))
    return table(("byte store", "a month, by use", "storing the million, once"), rows)


def _backups() -> str:
    rows = []
    for name, target in BACKUPS.items():
        lines = estimate(replace(EXAMPLE, backup=name, backup_elsewhere=True))
        storage = sum(line.usd for line in lines if line.item.startswith("backup, storage"))
        first = sum(line.usd for line in lines if line.item == "backup, first run")
        rows.append((target.name, dollars(storage), dollars(first), dollars(total(lines, Part.RESTORE))))
    return table(("backup in", "storage a month", "first run", "reading all of it for a restore"), rows)


def _thousands() -> str:
    empty = replace(EXAMPLE, images=0, views=0)
    stored = replace(EXAMPLE, images=_THOUSAND, views=0)
    usages = {
        "1,000 images stored, for a month": stored,
        "1,000 images stored and backed up in R2, for a month": replace(stored, backup="r2"),
        "1,000 images uploaded": replace(empty, uploads=_THOUSAND),
        "1,000 views by public links from R2": replace(empty, views=_THOUSAND),
        "1,000 views by public links from S3 and CloudFront": replace(empty, views=_THOUSAND, store="s3"),
        "1,000 API requests for an image": replace(empty, requests=_THOUSAND),
        "1,000 pages of a list": replace(empty, lists=_THOUSAND),
        "1,000 pages of a search": replace(empty, searches=_THOUSAND),
        "1,000 images generated in 10 s each, without the provider's price": replace(
            empty, generated=_THOUSAND
        ),
        "1,000 images deleted": replace(empty, deletions=_THOUSAND),
    }
    rows = [(name, f"${total(estimate(usage), Part.MONTHLY):.4f}") for name, usage in usages.items()]
    return table(("what", "USD"), rows)


def _prices() -> str:
    rows = [
        (
            price.item,
            f"${price.usd:.10f}".rstrip("0").rstrip("."),
            f"{price.per:,} {price.unit}s" if price.per > 1 else price.unit,
            f"[source]({price.source})",
        )
        for price in all_prices()
    ]
    return table(("item", "USD", "per", "source"), rows)
