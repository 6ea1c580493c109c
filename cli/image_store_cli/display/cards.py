"""Prints the images of a list: as a table for people, as one card on each line for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plain, size
from image_store_cli.errors import NotOffered, RequestRefused
from image_store_cli.store.error_translation import unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.table import Table

    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_client.paging import Pages

PAGE = 100


def print_cards(
    context: Context,
    list_images: Callable[..., Pages[Any]],
    filters: Mapping[str, Any],
    *,
    most: int | None,
    table: Callable[[Iterable[Mapping[str, Any]]], Table] | None = None,
) -> Exit:
    """Print at most `most` cards of a list, as `table_of` or another table, with a note if there are more."""
    # One more card than is printed shows whether there are more.
    page_size = PAGE if most is None else min(PAGE, most + 1)
    pages = list_images(page_size=page_size, **filters)
    return print_list(context, _up_to(context, pages, most), table or table_of, empty="No images.")


def _up_to(context: Context, pages: Pages[Any], most: int | None) -> Iterator[Mapping[str, Any]]:
    """Yield at most `most` cards, and then print what else people should know of the list."""
    not_searched: dict[str, None] = {}
    for index, card in enumerate(_cards(pages, not_searched)):
        if index == most:
            context.out.note(f"There are more: use a --limit above {most}, or --all.")
            break
        yield card
    if not_searched:
        context.out.note(f"Not searched, because the deployment encrypts it: {', '.join(not_searched)}.")


def _cards(pages: Pages[Any], not_searched: dict[str, None]) -> Iterator[Mapping[str, Any]]:
    """Yield all cards, and note what a search left out; NotOffered if the store does not know a filter."""
    try:
        for page in pages.pages():
            not_searched.update(dict.fromkeys(page.body.get("not_searched", ())))
            yield from page.items
    except RequestRefused as refused:
        unknown = [name for fault in refused.problem.errors if (name := unknown_parameter(fault))]
        if not unknown:
            raise
        raise NotOffered(
            f"This store cannot filter images by {', '.join(unknown)}: its version is older than this command."
        ) from refused


def table_of(cards: Iterable[Mapping[str, Any]], *, also: str | None = None) -> Table:
    """A table of cards with uncut ids; `also` names a number of each card that is shown beside its id."""
    table = _table(also)
    table.add_column("visibility", no_wrap=True)
    table.add_column("filename", overflow="ellipsis", no_wrap=True)
    for card in cards:
        table.add_row(*_cells(card, also), str(card["visibility"]), Text(plain(str(card["filename"]))))
    return table


def table_of_feed(cards: Iterable[Mapping[str, Any]]) -> Table:
    """A table of cards of the feed, which have no visibility and often no filename; it shows their links."""
    table = _table()
    table.add_column("link", overflow="fold")
    for card in cards:
        table.add_row(*_cells(card), Text(plain(str(card["public_url"]))))
    return table


def _table(also: str | None = None) -> Table:
    """A table with the columns that all cards have."""
    table = new_table()
    table.add_column("id", no_wrap=True, min_width=36)
    if also is not None:
        table.add_column(also, justify="right", no_wrap=True)
    table.add_column("stored", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("pixels", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    return table


def _cells(card: Mapping[str, Any], also: str | None = None) -> list[str]:
    """The texts of a card in these columns."""
    return [
        str(card["id"]),
        *([] if also is None else [str(card[also])]),
        moment(card["created_at"]),
        size(int(card["size_bytes"])),
        f"{card['width']}×{card['height']}",
        str(card["kind"]),
    ]
