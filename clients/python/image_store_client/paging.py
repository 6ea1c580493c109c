"""Lists of the API, which come page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from image_store_client.errors import ImageStoreError
from image_store_client.http.runtime import Run, steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; it may be short or empty although `next_cursor` is not None."""

    items: list[T]
    next_cursor: str | None
    """The cursor of the next page; None after the last one."""
    body: Mapping[str, Any]
    """The whole response; that of a search has `not_searched`."""


class Cursors:
    """The cursors of one list so far."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def new(self, cursor: str | None) -> str | None:
        """Return a cursor, or None after the last page; `invalid_cursor` for one that was there before."""
        if cursor is None:
            return None
        if hash(cursor) in self._hashes:
            raise ImageStoreError(
                "The store repeats a cursor, so this list has no end.", code="invalid_cursor"
            )
        self._hashes.add(hash(cursor))
        return cursor


class AsyncPages(Generic[T]):
    """A list: `async for` yields its items and requests one page after the other."""

    def __init__(self, read: Callable[[str | None], Awaitable[Mapping[str, Any]]]) -> None:
        self._read = read

    async def page(self, cursor: str | None = None) -> Page[T]:
        """Return one page: the first one, or the one of a cursor."""
        body = await self._read(cursor)
        return Page(list(body["items"]), body.get("next_cursor") or None, body)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over the pages; `invalid_cursor` if the store sends a cursor again, and so never ends."""
        cursor: str | None = None
        cursors = Cursors()
        while True:
            page = await self.page(cursor)
            yield page
            cursor = cursors.new(page.next_cursor)
            if cursor is None:
                return

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def to_list(self, *, limit: int) -> list[T]:
        """Return at most `limit` items."""
        items: list[T] = []
        async for page in self.pages():
            items += page.items
            if len(items) >= limit:
                break
        return items[:limit]


class Pages(Generic[T]):
    """A list: iterating over it yields its items and requests one page after the other."""

    def __init__(self, pages: AsyncPages[T], run: Run) -> None:
        self._pages = pages
        self._run = run

    def page(self, cursor: str | None = None) -> Page[T]:
        """Return one page: the first one, or the one of a cursor."""
        return self._run(self._pages.page(cursor))

    def pages(self) -> Iterator[Page[T]]:
        """Iterate over the pages."""
        return steps(self._pages.pages(), self._run)

    def __iter__(self) -> Iterator[T]:
        return steps(aiter(self._pages), self._run)

    def to_list(self, *, limit: int) -> list[T]:
        """Return at most `limit` items."""
        return self._run(self._pages.to_list(limit=limit))
