"""Searches an owner's images by words: the best matches first, then the newest.

1. The rows of one word, the leading word, are read in windows: exact matches before longer words, then by rank, then
   the newest first.
2. Every row holds all terms of its image, so the other words need no reads.
3. The images of a window are ranked together and returned page by page. Then the next window follows.

So the cost of a page does not depend on the number of images. Most searches fit into one window and are ranked as a
whole. A cursor contains the bounds of its window, so changes between pages neither hide nor repeat an image.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from image_store.domain.errors import InvalidRequest
from image_store.domain.finding.cards import Card, Page
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS
from image_store.domain.finding.search import SearchQuery, TermRows, score
from image_store.ports.finding import ListRows, SearchIndex
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors
from image_store.services.finding.lists import card_fields

WINDOW_ROWS = 200
PROBED_ROWS = 25
MOST_LOOKED_AT = 100
"""Images that one read asks for."""
_PROBED_WORDS = 4
_LAST = "\U0010ffff"
"""Sorts after every letter."""
_LIKELY = 0.5
"""If this share of the first rows matches, a window fills a page with any leading word."""


@dataclass(frozen=True, slots=True)
class _SearchPosition:
    """The position of a search: in the window of `word` that begins after `start`, after an image with a score."""

    word: str
    start: str | None = None
    end: str | None = None
    score: int = -1
    image_id: str = ""

    @property
    def next_window(self) -> "_SearchPosition":
        return _SearchPosition(self.word, start=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Answers searches."""

    index: SearchIndex
    lists: ListRows
    cursors: Cursors
    clock: Clock
    window_rows: int = WINDOW_ROWS
    probed_rows: int = PROBED_ROWS

    def page(self, query: SearchQuery, *, cursor: str | None) -> Page:
        """One page; InvalidCursor unless the cursor is from the same search of the same owner."""
        if query.trashed and query.group is not None:
            raise InvalidRequest("Trashed images are in no group: ask for one or the other.")
        if not query.words or query.is_empty:
            return Page((), None)
        now = self.clock.now()
        if cursor is not None:
            place = _SearchPosition(*json.loads(self.cursors.read_place(cursor, query, at=now)))
            examined, first = 0, None
        else:
            place, first, examined = self._begin(query)
        cards: list[Card] = []
        while True:
            window = first or self._window(query, place, room=MAX_EXAMINED_ROWS - examined)
            examined += 0 if first else window.examined
            first = None
            place = replace(place, end=place.end or window.resume_after)
            ranked = [image for image in _ranked(window, query, place.word) if image > _after(place)]
            matches, rest = self._take(query, ranked, room=query.limit - len(cards))
            cards += matches
            if rest:
                distance, inverted = ranked[len(ranked) - rest - 1]
                # The last window gets a bound too, because it may have grown when the next page reads it.
                end = place.end or f"{place.word}{_LAST}"
                position = replace(place, end=end, score=distance, image_id=_newest_first(inverted))
                return self._page(query, cards, position)
            if place.end is None:
                return self._page(query, cards, None)
            place = place.next_window
            if len(cards) == query.limit or examined >= MAX_EXAMINED_ROWS:
                return self._page(query, cards, place)

    def _page(self, query: SearchQuery, cards: Sequence[Card], place: _SearchPosition | None) -> Page:
        fields = card_fields(self.lists, query.owner, cards, query.fields)
        if place is None:
            return Page(tuple(cards), None, fields)
        text = json.dumps(
            [place.word, place.start, place.end, place.score, place.image_id],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return Page(tuple(cards), self.cursors.make(text, query, at=self.clock.now()), fields)

    def _begin(self, query: SearchQuery) -> tuple[_SearchPosition, TermRows | None, int]:
        """The place of the word with the fewest rows, its rows if they were read, and the number of rows examined."""
        if len(query.words) == 1:
            return _SearchPosition(query.words[0]), None, 0
        # Usually the longest words are the rarest.
        probes = sorted(query.words, key=len, reverse=True)[:_PROBED_WORDS]
        examined = 0
        for limit in (self.probed_rows, self.window_rows):
            rows_of = {
                word: self.index.rows(query, word, start=None, end=None, limit=limit) for word in probes
            }
            examined += sum(rows.examined for rows in rows_of.values())
            complete = [(rows.examined, word) for word, rows in rows_of.items() if rows.resume_after is None]
            if complete:
                _, word = min(complete)
                return _SearchPosition(word), rows_of[word], examined
            # Of two words, the rarer one shares a larger part of its images with the other.
            shares = {word: _share(rows, query) for word, rows in rows_of.items()}
            word = max(probes, key=lambda each: shares[each])
            if shares[word] >= _LIKELY:
                return _SearchPosition(word), None, examined
        return _SearchPosition(probes[0]), None, examined

    def _window(self, query: SearchQuery, place: _SearchPosition, *, room: int) -> TermRows:
        """The rows of a window; a window whose end is known may have grown since."""
        # Without filters half of the rows fill a page, and no page reads rows for the next one.
        rows = self.window_rows if query.is_filtered else max(query.limit, self.window_rows // 2)
        limit = min(rows, room) if place.end is None else MAX_EXAMINED_ROWS
        return self.index.rows(query, place.word, start=place.start, end=place.end, limit=max(1, limit))

    def _take(
        self, query: SearchQuery, ranked: Sequence[tuple[int, str]], *, room: int
    ) -> tuple[list[Card], int]:
        """The cards of the first images that still exist, and the number of images after them."""
        matches: list[Card] = []
        looked_at, at_once = 0, room
        while len(matches) < room and looked_at < len(ranked):
            ids = [_newest_first(inverted) for _, inverted in ranked[looked_at : looked_at + at_once]]
            at_once = min(
                2 * at_once, MOST_LOOKED_AT
            )  # images that no longer match must not cause many small reads
            cards = self.index.cards(query, ids)
            for image_id in ids:
                if len(matches) == room:
                    break
                looked_at += 1
                if image_id in cards:
                    matches.append(cards[image_id])
        return matches, len(ranked) - looked_at


def _ranked(window: TermRows, query: SearchQuery, word: str) -> list[tuple[int, str]]:
    """The images of a window that have all words, as score and inverted id, the best first."""
    return sorted(
        (distance, _newest_first(row.image_id))
        for row in window.rows
        if row.is_first_for(word) and (distance := score(row.terms, query.words)) is not None
    )


def _share(rows: TermRows, query: SearchQuery) -> float:
    """The share of rows that belong to images with all words."""
    if not rows.rows:
        return 0
    return sum(score(row.terms, query.words) is not None for row in rows.rows) / len(rows.rows)


def _after(place: _SearchPosition) -> tuple[int, str]:
    return place.score, _newest_first(place.image_id)


def _newest_first(image_id: str) -> str:
    """A text that sorts in the reverse order of ids; applying it twice gives the id."""
    return image_id.translate(_INVERTED)


_INVERTED = str.maketrans("0123456789abcdef", "fedcba9876543210")
