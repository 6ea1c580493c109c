"""The settings of cleanup, and its reports."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from image_store.domain.images.image import Kind

LONGEST_RUN = timedelta(minutes=16)
"""The longest timeout of a function, with a margin for the lease."""
LONGEST_HOLD = timedelta(days=7)
"""How long cleanup waits at most for a restore that makes no progress."""
POLICIES_EVERY = timedelta(days=1)
"""How often policies look at the images of an owner."""
GRACE = timedelta(hours=24)
"""How old an object or a record must be before cleanup may call it garbage.

An hour would be enough: a record exists before the first of its objects. A day also covers clocks that are wrong.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Moves an owner's images to the trash that are older than a time AND not among the newest of their kind."""

    kind: Kind
    category: str | None = None
    """None means all images of the kind, whatever their category."""
    older_than: timedelta = timedelta(days=30)
    keep_newest: int = 100


@dataclass(slots=True, kw_only=True)
class CleanupReport:
    """What a run removed, or would remove in a dry run: numbers of images, publications or objects."""

    id: str
    started_at: datetime
    dry_run: bool
    finished_at: datetime | None = None
    abandoned: int = 0
    """Reservations past their deadline."""
    expired: int = 0
    """Images past their `expires_at`."""
    trash: int = 0
    """Images past their time in the trash."""
    deleted: int = 0
    """Deletions that had started earlier and are now complete."""
    tombstones: int = 0
    publications: int = 0
    """Publications whose copies were removed."""
    staged: int = 0
    """Objects of direct uploads that were never accepted."""
    orphans: int = 0
    """Objects that belong to no record or publication."""
    dangling: int = 0
    """Records whose original is missing."""
    renditions_missing: int = 0
    """Missing renditions of images whose original exists."""
    copies_missing: int = 0
    """Missing public copies of published images."""
    repairs: int = 0
    """Images that were queued for repair."""
    policies: list[int] = field(default_factory=list)
    """Images that each policy removed, in the order of the policies."""
    unknown: int = 0
    """Objects whose keys do not belong to the store; they are never removed."""
    bytes_freed: int = 0
    examined: int = 0
    """Objects and records that the sweeps examined."""
    unreadable: int = 0
    """Images and publications whose rows cannot be read; they and their objects are left as they are."""
    failed: int = 0
    """Steps that failed because a store did not answer; the next run repeats them."""
    stopped_because: str | None = None
    """`another_run`, `restore`, `deadline` or `cap`; None if nothing was left to do."""

    _left: set[str] = field(default_factory=set, repr=False, compare=False)

    def leave(self, *names: str) -> None:
        """Count images or publications that cannot be read, each once."""
        self._left.update(names)
        self.unreadable = len(self._left)

    def as_dict(self) -> dict[str, Any]:
        """The values of a report by name."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}

    @property
    def collected(self) -> Counter[str]:
        """The numbers of removed things by name, without zeros."""
        counts = {name: getattr(self, name) for name in _COLLECTED} | {"policies": sum(self.policies)}
        return Counter({name: count for name, count in counts.items() if count})


_COLLECTED = (
    "abandoned",
    "expired",
    "trash",
    "deleted",
    "tombstones",
    "publications",
    "staged",
    "orphans",
    "dangling",
)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run; a later lease has a higher token, and writes with an earlier one fail."""

    holder: str
    token: int


@dataclass(frozen=True, slots=True)
class PassPosition:
    """The position of a sweep; `after` is None at the end of its pass."""

    started_at: datetime
    after: str | None
