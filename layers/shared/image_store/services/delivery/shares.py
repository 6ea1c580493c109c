"""Creates, lists and revokes shares, and shows what a share allows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.scopes import Scope
from image_store.domain.delivery.renditions import Preset
from image_store.domain.delivery.shares import (
    CACHED_FOR,
    MAX_SHARES,
    USE_PERIOD,
    Share,
    share_token,
    verified_share_id,
)
from image_store.domain.errors import (
    ImageNotFound,
    InvalidRequest,
    ShareNotFound,
    StorageUnavailable,
    TooManyShares,
)
from image_store.domain.images.image import ImageRecord, State
from image_store.ports.delivery import Shares
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.renditions import RenditionFile, Renditions
from image_store.services.delivery.signing import current_key, verification_keys
from image_store.services.finding.cursors import Cursors
from image_store.services.images.retrieval import Retrieval

SigningKeys = Callable[[], Mapping[str, str]]
_MAX_CACHED = 1_000
"""Shares that one process remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShare:
    """A share that is to be created; without an image and a group it is of everything."""

    lifetime: timedelta
    image_id: str | None = None
    group: str | None = None
    presets: frozenset[str] = frozenset()
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedShare:
    """A share as its owner sees it."""

    share: Share
    token: str | None
    """The part of its addresses that lets their holders in; None for a caller who may not create shares.

    A key that may only read would otherwise keep an access that outlives it.
    """
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class ShareList:
    """The list of an owner's shares."""

    owner: str

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The values that its cursors are bound to."""
        return ("shares", self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAdministration:
    """What owners do with their shares; a foreign share answers as one that is not there."""

    shares: Shares
    retrieval: Retrieval
    presets: Mapping[str, Preset]
    signing_keys: SigningKeys
    cursors: Cursors
    clock: Clock
    ids: Ids

    def create(self, caller: Caller, request: NewShare) -> IssuedShare:
        """Create a share.

        Raises
        ------
        ImageNotFound
            the image is not there, or in the trash
        InvalidRequest
            there is no such preset
        TooManyShares
            the owner has 1,000 shares in force. Requests that run at once can pass this limit by their number
        """
        unknown = sorted(request.presets - self.presets.keys())
        if unknown:
            fault = (("body", "presets"), "enum", f"must be some of {', '.join(self.presets)}")
            raise InvalidRequest("There is no such preset.", errors=(fault,))
        if request.image_id is not None:
            record = self.retrieval.get_record(caller.owner, request.image_id)
            if record.state is not State.READY:
                raise ImageNotFound("There is no such image.")
        now = self.clock.now()
        if self.shares.count(caller.owner, at=now) >= MAX_SHARES:
            raise TooManyShares
        share = Share(
            id=self.ids.token(),
            owner=caller.owner,
            created_at=now,
            created_by=caller.name,
            expires_at=now + request.lifetime,
            image_id=request.image_id,
            group=request.group,
            presets=request.presets,
            name=request.name,
        )
        issued = self._issued(caller, share)  # a signing secret that cannot be read leaves no share
        self.shares.create(share)
        return issued

    def page(
        self, caller: Caller, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[IssuedShare], str | None]:
        """The caller's shares, the newest first, and the cursor of the next page; InvalidCursor.

        Shares that ended in the last days are among them.
        """
        now, share_list = self.clock.now(), ShareList(caller.owner)
        after = self.cursors.read_place(cursor, share_list, at=now) if cursor is not None else None
        shares, resume = self.shares.page(caller.owner, after=after, limit=limit)
        next_cursor = self.cursors.make(resume, share_list, at=now) if resume is not None else None
        return [self._issued(caller, share) for share in shares], next_cursor

    def _issued(self, caller: Caller, share: Share) -> IssuedShare:
        _, key = current_key(self.signing_keys())
        token = share_token(share.id, key) if Scope.WRITE_IMAGES in caller.scopes else None
        return IssuedShare(share=share, token=token, is_in_force=share.is_in_force(self.clock.now()))

    def revoke(self, caller: Caller, share_id: str) -> None:
        """Revoke a share for good. Safe to repeat; ShareNotFound for one that is not the caller's."""
        share = self.shares.get(share_id)
        if share is None or share.owner != caller.owner:
            raise ShareNotFound
        self.shares.revoke(share, at=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRendition:
    """A rendition that a share shows."""

    file: RenditionFile
    cached_for: timedelta
    """How long a browser may follow the same redirect again; never beyond the end of the share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedView:
    """Shows renditions to whoever has the address of a share.

    A share is read at most once a minute, so an image costs one read of its own and nothing else, and a revoked share
    stops working within a minute. Its use is noted once an hour.
    """

    shares: Shares
    retrieval: Retrieval
    renditions: Renditions
    signing_keys: SigningKeys
    clock: Clock
    _cached: dict[str, tuple[Share | None, datetime]] = field(default_factory=dict)

    def find(self, token: str, image_id: str, preset: str, *, accept: str | None) -> SharedRendition:
        """The rendition of an image that a share shows.

        ImageNotFound, whatever the reason is: the share was altered, revoked or has expired, or it does not show this
        image or preset, or the image is not there, in the trash or another owner's.
        """
        share_id = verified_share_id(token, verification_keys(self.signing_keys()))
        share = self._share(share_id) if share_id is not None else None
        now = self.clock.now()
        if share is None or not share.is_in_force(now) or not share.allows(image_id, preset):
            raise ImageNotFound("There is no such image.")
        file = self.renditions.for_record(lambda: self._record(share, image_id), preset, accept=accept)
        self._record_use(share, now)
        return SharedRendition(file=file, cached_for=min(CACHED_FOR, share.expires_at - now))

    def _share(self, share_id: str) -> Share | None:
        now = self.clock.now()
        cached = self._cached.get(share_id)
        if cached is not None and now - cached[1] < CACHED_FOR:
            return cached[0]
        share = self.shares.get(share_id)
        if len(self._cached) >= _MAX_CACHED:
            self._cached.pop(next(iter(self._cached)))
        self._cached.pop(share_id, None)
        self._cached[share_id] = (share, now)
        return share

    def _record_use(self, share: Share, now: datetime) -> None:
        if share.last_used_at is not None and now - share.last_used_at < USE_PERIOD:
            return
        cached = self._cached.get(share.id)
        if cached is not None:
            self._cached[share.id] = (replace(share, last_used_at=now), cached[1])
        try:
            self.shares.record_use(share.id, at=now)
        except StorageUnavailable:  # an image must not fail for want of a note
            return

    def _record(self, share: Share, image_id: str) -> ImageRecord:
        """The record of an image that the share shows: one read, of its details too where they decide."""
        if share.group is None:
            return self.retrieval.get_ready_of(share.owner, image_id)
        image = self.retrieval.get(share.owner, image_id)
        if image.record.state is not State.READY or share.group not in image.details.groups:
            raise ImageNotFound("There is no such image.")
        return image.record
