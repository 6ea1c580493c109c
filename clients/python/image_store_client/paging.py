"""Lists of the API, which come page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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


class AsyncPages(Generic[T]):
    """A list: `async for` yields its items and requests one page after the other."""

    def __init__(self, read: Callable[[str | None], Awaitable[Mapping[str, Any]]]) -> None:
        self._read = read

    async def page(self, cursor: str | None = None) -> Page[T]:
        """Return one page: the first one, or the one of a cursor."""
        body = await self._read(cursor)
        return Page(list(body["items"]), body.get("next_cursor") or None, body)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over the pages."""
        cursor: str | None = None
        while True:
            page = await self.page(cursor)
            yield page
            cursor = page.next_cursor
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
