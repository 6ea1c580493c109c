"""Prints the images of a list: as a table for people, as one card on each line for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from image_store_cli.display.texts import moment, plain, size
from image_store_cli.errors import NotOffered, RequestRefused
from image_store_cli.store.problems import unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from image_store_cli.context import Context

PAGE = 100


def print_cards(
    context: Context,
    path: str,
    query: Mapping[str, Any],
    *,
    most: int | None,
    table: Callable[[Iterable[dict[str, Any]]], Table] | None = None,
    signed_in: bool = True,
) -> None:
    """Print at most `most` cards of a list, as `table_of` or another table, with a note if there are more."""
    limit = PAGE if most is None else min(PAGE, most + 1)
    # Reading one more card than is printed shows whether there are more.
    most_read = None if most is None else most + 1
    cards: list[dict[str, Any]] = []
    not_searched: dict[str, None] = {}
    pages = context.api.pages(
        path,
        most=most_read,
        on_page=lambda page: not_searched.update(dict.fromkeys(page.get("not_searched", ()))),
        signed_in=signed_in,
        limit=limit,
        **query,
    )
    for index, card in enumerate(_with_known_filters(pages, path)):
        if index == most:
            context.out.note(f"There are more: use a --limit above {most}, or --all.")
            break
        if context.out.as_json:
            context.out.line(card, None)
        else:
            cards.append(card)
    if not_searched:
        context.out.note(f"Not searched, because the deployment encrypts it: {', '.join(not_searched)}.")
    if context.out.as_json:
        return
    if cards:
        context.out.console.print((table or table_of)(cards))
    else:
        context.out.note("No images.")


def _with_known_filters(cards: Iterator[dict[str, Any]], path: str) -> Iterator[dict[str, Any]]:
    """Yield the cards; NotOffered if the store does not know a filter."""
    try:
        yield from cards
    except RequestRefused as refused:
        unknown = [name for fault in refused.problem.errors if (name := unknown_parameter(fault))]
        if not unknown:
            raise
        raise NotOffered(
            f"This store cannot filter {path} by {', '.join(unknown)}: its version is older than this command."
        ) from refused


def table_of(cards: Iterable[dict[str, Any]], *, also: str | None = None) -> Table:
    """A table of cards with uncut ids; `also` names a number of each card that is shown beside its id."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("id", no_wrap=True, min_width=36)
    if also is not None:
        table.add_column(also, justify="right", no_wrap=True)
    table.add_column("stored", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("pixels", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("visibility", no_wrap=True)
    table.add_column("filename", overflow="ellipsis", no_wrap=True)
    for card in cards:
        table.add_row(
            str(card["id"]),
            *([] if also is None else [str(card[also])]),
            moment(card["created_at"]),
            size(int(card["size_bytes"])),
            f"{card['width']}×{card['height']}",
            str(card["kind"]),
            str(card["visibility"]),
            Text(plain(str(card["filename"]))),
        )
    return table


def table_of_feed(cards: Iterable[dict[str, Any]]) -> Table:
    """A table of cards of the feed, which have no visibility and often no filename; it shows their links."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("id", no_wrap=True, min_width=36)
    table.add_column("stored", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("pixels", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("link", overflow="fold")
    for card in cards:
        table.add_row(
            str(card["id"]),
            moment(card["created_at"]),
            size(int(card["size_bytes"])),
            f"{card['width']}×{card['height']}",
            str(card["kind"]),
            Text(plain(str(card["public_url"]))),
        )
    return table
