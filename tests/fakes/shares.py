"""Shares in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from image_store.domain.delivery.shares import Share
from image_store.domain.errors import Conflict
from image_store.ports.delivery import Shares


class MemoryShares(Shares):
    """Shares in memory; `reads` counts the shares that were looked up."""

    def __init__(self) -> None:
        self.reads = 0
        self._shares: dict[str, Share] = {}

    def create(self, share: Share) -> None:
        if share.id in self._shares:
            raise Conflict("There is a share with this id.")
        self._shares[share.id] = share

    def get(self, share_id: str) -> Share | None:
        self.reads += 1
        return self._shares.get(share_id)

    def page(self, owner: str, *, after: str | None, limit: int) -> tuple[Sequence[Share], str | None]:
        places = sorted(
            ((f"{share.created_at.isoformat()}#{share.id}", share) for share in self._shares.values()),
            key=lambda place: place[0],
            reverse=True,
        )
        rest = [(at, share) for at, share in places if share.owner == owner and (after is None or at < after)]
        page = rest[:limit]
        return [share for _, share in page], page[-1][0] if len(rest) > limit else None

    def count(self, owner: str, *, at: datetime) -> int:
        return sum(share.owner == owner and share.is_in_force(at) for share in self._shares.values())

    def revoke(self, share: Share, *, at: datetime) -> None:
        current = self._shares.get(share.id)
        if current is not None and current.revoked_at is None:
            self._shares[share.id] = replace(current, revoked_at=at)

    def record_use(self, share_id: str, *, at: datetime) -> None:
        share = self._shares.get(share_id)
        if share is not None and (share.last_used_at is None or share.last_used_at < at):
            self._shares[share_id] = replace(share, last_used_at=at)
