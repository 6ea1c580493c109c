"""How a storage call fails, and which one does.

Every call has a name (`dynamodb.transact_write_items#1`, `public.put thumb.webp#1`). A run without faults tells the
names; each fault is then a mode and a name. Puts run in parallel, so their names carry the object and not the order.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum


class Mode(StrEnum):
    """How a call fails."""

    ERROR_BEFORE = "error before"
    """The call is never sent, and the caller is told so."""
    ANSWER_LOST = "applied but answer lost"
    """The call has its effect; the connection breaks before the answer is there."""
    REPEATED = "applied but answer lost, and repeated"
    """As before, and the client library sends it again by itself: the caller hears the second answer."""
    THROTTLED = "throttled"
    """The vendor says to come back later, for longer than its client library is patient."""
    SERVER_ERROR = "5xx"
    """The vendor has a fault of its own, and nothing happened."""
    SERVER_ERROR_APPLIED = "5xx, applied"
    """It has a fault of its own after it did what it was told."""
    TIMEOUT = "timeout"
    """There is no connection in time."""
    TIMEOUT_APPLIED = "timeout, applied"
    """There is no answer in time, but an effect."""
    APPLIED_LATE = "applied late"
    """There is no answer in time; the effect comes when the caller has given up."""
    KILLED = "process killed"
    """The function ends at once, without any of its handlers running."""
    KILLED_APPLIED = "process killed, applied"
    """The call has its effect, then the function ends."""
    OUTAGE = "outage"
    """This call and all later ones to the same store fail without effect."""
    ANSWER_LOST_IN_OUTAGE = "applied but answer lost, in an outage"
    """The call has its effect, its answer is lost, and all later calls to the same store fail without effect."""
    CONFLICT = "transaction conflict"
    """Another transaction holds a row this once; neither the emulator nor moto ever says so."""
    LASTING_CONFLICT = "lasting transaction conflict"
    """Other transactions hold a row for longer than anybody waits."""


CONFLICTS = frozenset({Mode.CONFLICT, Mode.LASTING_CONFLICT})
_MEETING_TRANSACTIONS = tuple(
    f"dynamodb.{operation}"
    for operation in ("delete_item", "put_item", "transact_get_items", "transact_write_items", "update_item")
)
_APPLIED = frozenset(
    {
        Mode.ANSWER_LOST,
        Mode.REPEATED,
        Mode.SERVER_ERROR_APPLIED,
        Mode.TIMEOUT_APPLIED,
        Mode.KILLED_APPLIED,
        Mode.ANSWER_LOST_IN_OUTAGE,
    }
)
_KILLS = frozenset({Mode.KILLED, Mode.KILLED_APPLIED})
_OUTAGES = frozenset({Mode.OUTAGE, Mode.ANSWER_LOST_IN_OUTAGE})


def may_conflict(name: str) -> bool:
    """Whether a call may meet a row that a transaction holds: every write, and a read that is one itself."""
    return name.startswith(_MEETING_TRANSACTIONS)


class Killed(BaseException):
    """The end of a function: no handler of the store's catches it."""


class Faults:
    """Counts and names the calls, and fails the one that was chosen."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.happened = False
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._at: str | None = None
        self._mode = Mode.ERROR_BEFORE
        self._late: list[Callable[[], object]] = []

    def begin(self, at: str | None = None, mode: Mode = Mode.ERROR_BEFORE) -> None:
        """Count anew, with one fault or with none."""
        self.calls, self.happened, self._counts = [], False, Counter()
        self._at, self._mode = at, mode

    def end(self) -> None:
        """Let everything succeed from here on; what was on its way arrives now."""
        self._at = None
        late, self._late = self._late, []
        for effect in late:
            with suppress(Exception):  # nobody is there to hear of it
                effect()

    def call[T](self, name: str, effect: Callable[[], T], *, error: Callable[[Mode], Exception]) -> T:
        """Carry out a call, or fail it."""
        with self._lock:
            self._counts[name] += 1
            numbered = f"{name}#{self._counts[name]}"
            self.calls.append(numbered)
            chosen = numbered == self._at
            down = self.happened and self._still_down(name)
            self.happened = self.happened or chosen
        if not chosen and not down:
            return effect()
        if chosen and self._mode in _APPLIED:
            with suppress(Exception):  # a refusal is an answer as well, and as lost
                effect()
        if chosen and self._mode is Mode.REPEATED:
            return effect()
        if chosen and self._mode is Mode.APPLIED_LATE:
            self._late.append(effect)
        if self._mode in _KILLS:
            raise Killed
        raise error(self._mode)

    def _still_down(self, name: str) -> bool:
        """Whether a call that comes after the chosen one fails as well."""
        if self._at is None:
            return False
        if self._mode is Mode.LASTING_CONFLICT:
            return name == self._at.partition("#")[0]
        same_store = name.partition(".")[0] == self._at.partition(".")[0]
        return same_store and self._mode in _OUTAGES


@contextmanager
def naming_fault(fault: str) -> Iterator[None]:
    """Add to an error with which fault it happened."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"with the fault: {fault}")
        raise
