"""Searching an owner's images by words, the nearest first and then the newest.

One word leads: its rows are read in windows, whole words before longer ones, and in each what says most of its image
before the newest. Every row holds all terms of its image, so the other words cost no reads. The images of a window are
ranked together and answered page by page; then comes the next window. So what is answered and not what is stored
decides what is read, and a search that fits into one window, as most do, is ranked as a whole.

A cursor names the bounds of its window, so that images that come and go neither hide others nor show them twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from image_store.domain.errors import InvalidRequest
from image_store.domain.finding.cards import Card
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS
from image_store.domain.finding.search import SearchQuery, TermRows, score
from image_store.ports.finding import SearchIndex
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors
from image_store.services.finding.lists import Page

WINDOW_ROWS = 200
PROBED_ROWS = 25
MOST_LOOKED_AT = 100
"""Images of one read."""
_PROBED_WORDS = 4
_LAST = "\U0010ffff"
"""Sorts after every letter."""
_LIKELY = 0.5
"""If so many of the first rows are found, the rest of a window fills a page, whichever word leads."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a search stands: in the window of `word` that begins after `start`, after an image of a score."""

    word: str
    start: str | None = None
    end: str | None = None
    score: int = -1
    image_id: str = ""

    @property
    def next_window(self) -> "_Place":
        return _Place(self.word, start=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """Answers searches from rows that were made for them."""

    index: SearchIndex
    cursors: Cursors
    clock: Clock
    window_rows: int = WINDOW_ROWS
    probed_rows: int = PROBED_ROWS

    def page(self, query: SearchQuery, *, cursor: str | None) -> Page:
        """One page; InvalidCursor unless the cursor came from this owner's same search."""
        if query.trashed and query.group is not None:
            raise InvalidRequest("Trashed images are in no group: ask for one or the other.")
        if not query.words or query.is_empty:
            return Page((), None)
        now = self.clock.now()
        if cursor is not None:
            place = _Place(*json.loads(self.cursors.read_place(cursor, query, at=now)))
            examined, first = 0, None
        else:
            place, first, examined = self._begin(query)
        cards: list[Card] = []
        while True:
            window = first or self._window(query, place, room=MAX_EXAMINED_ROWS - examined)
            examined += 0 if first else window.examined
            first = None
            place = replace(place, end=place.end or window.resume_after)
            ranked = [found for found in _ranked(window, query, place.word) if found > _after(place)]
            taken, left = self._take(query, ranked, room=query.limit - len(cards))
            cards += taken
            if left:
                far, inverted = ranked[len(ranked) - left - 1]
                # The last window is bounded too: it may have grown beyond its size when it is read again.
                end = place.end or f"{place.word}{_LAST}"
                stands = replace(place, end=end, score=far, image_id=_newest_first(inverted))
                return self._page(query, cards, stands)
            if place.end is None:
                return Page(tuple(cards), None)
            place = place.next_window
            if len(cards) == query.limit or examined >= MAX_EXAMINED_ROWS:
                return self._page(query, cards, place)

    def _page(self, query: SearchQuery, cards: Sequence[Card], place: _Place) -> Page:
        text = json.dumps(
            [place.word, place.start, place.end, place.score, place.image_id],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return Page(tuple(cards), self.cursors.make(text, query, at=self.clock.now()))

    def _begin(self, query: SearchQuery) -> tuple[_Place, TermRows | None, int]:
        """The word that leads, as it has the fewest rows, and what was read to find that out."""
        if len(query.words) == 1:
            return _Place(query.words[0]), None, 0
        # The longest words are the rarest, more often than not.
        probed = sorted(query.words, key=len, reverse=True)[:_PROBED_WORDS]
        examined = 0
        for limit in (self.probed_rows, self.window_rows):
            read = {word: self.index.rows(query, word, start=None, end=None, limit=limit) for word in probed}
            examined += sum(rows.examined for rows in read.values())
            ended = [(rows.examined, word) for word, rows in read.items() if rows.resume_after is None]
            if ended:
                _, word = min(ended)
                return _Place(word), read[word], examined
            # Of two words the rarer one has more of its images in common with the other.
            shares = {word: _share(rows, query) for word, rows in read.items()}
            word = max(probed, key=lambda each: shares[each])
            if shares[word] >= _LIKELY:
                return _Place(word), None, examined
        return _Place(probed[0]), None, examined

    def _window(self, query: SearchQuery, place: _Place, *, room: int) -> TermRows:
        """The rows of a window; one whose end is known already may have grown since."""
        # Where nothing is left out, half of the rows fill a page, and no page reads rows for another one.
        rows = self.window_rows if query.is_filtered else max(query.limit, self.window_rows // 2)
        limit = min(rows, room) if place.end is None else MAX_EXAMINED_ROWS
        return self.index.rows(query, place.word, start=place.start, end=place.end, limit=max(1, limit))

    def _take(
        self, query: SearchQuery, ranked: Sequence[tuple[int, str]], *, room: int
    ) -> tuple[list[Card], int]:
        """The cards of the first images that are still there, and how many images were not looked at."""
        taken: list[Card] = []
        looked_at, at_once = 0, room
        while len(taken) < room and looked_at < len(ranked):
            ids = [_newest_first(inverted) for _, inverted in ranked[looked_at : looked_at + at_once]]
            at_once = min(2 * at_once, MOST_LOOKED_AT)  # few that are not shown must not become many reads
            cards = self.index.cards(query, ids)
            for image_id in ids:
                if len(taken) == room:
                    break
                looked_at += 1
                if image_id in cards:
                    taken.append(cards[image_id])
        return taken, len(ranked) - looked_at


def _ranked(window: TermRows, query: SearchQuery, word: str) -> list[tuple[int, str]]:
    """The images of a window that have all words, as score and inverted id: in the order of their ranks."""
    return sorted(
        (far, _newest_first(row.image_id))
        for row in window.rows
        if row.is_first_for(word) and (far := score(row.terms, query.words)) is not None
    )


def _share(rows: TermRows, query: SearchQuery) -> float:
    """Which part of some rows belongs to images that have all words."""
    if not rows.rows:
        return 0
    return sum(score(row.terms, query.words) is not None for row in rows.rows) / len(rows.rows)


def _after(place: _Place) -> tuple[int, str]:
    return place.score, _newest_first(place.image_id)


def _newest_first(image_id: str) -> str:
    """A text that sorts as ids do the other way round; its own inverse."""
    return image_id.translate(_INVERTED)


_INVERTED = str.maketrans("0123456789abcdef", "fedcba9876543210")
