"""Keeps the projections of images up to date, and rebuilds all of them."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import UnreadableRow
from image_store.domain.finding.projection import Rebuild
from image_store.ports.finding import PROJECTED_TOGETHER, Projector
from image_store.ports.system import Clock

OLD_CONSUMERS = timedelta(minutes=2)
"""How long a consumer may still count in the old epoch: longer than its function may run."""

_SLICE_ROWS = 100
_log = logging.getLogger("image_store.projections")


@dataclass(frozen=True, slots=True, kw_only=True)
class Projections:
    """Brings projections up to date with their records."""

    projector: Projector
    clock: Clock

    def project(self, image_ids: Collection[str], *, failed: Callable[[str, Exception], None]) -> None:
        """Project images as they are now; calls `failed` for each image that needs a retry."""
        epoch = self.projector.rebuild().new_epoch
        for some in batched(image_ids, PROJECTED_TOGETHER, strict=False):
            for image_id in self._left_of(some, epoch):
                try:
                    self.projector.project(image_id, epoch=epoch, at=self.clock.now())
                except UnreadableRow as error:  # a retry cannot make the row readable
                    _log.error("an image cannot be projected: %s", error.message)
                except Exception as error:  # one image must not stop the others
                    failed(image_id, error)

    def _left_of(self, image_ids: Sequence[str], epoch: int) -> Collection[str]:
        """Project images together; returns those that have to be projected one by one."""
        if len(image_ids) == 1:
            return image_ids
        try:
            return self.projector.project_together(image_ids, epoch=epoch, at=self.clock.now())
        except Exception:  # one by one, those that fail are known
            return image_ids

    def rebuild(self, *, until: datetime) -> Rebuild:
        """Rebuild the projections of all images, or continue a rebuild; a run ends at `until`.

        If the returned rebuild is under way, call again, not before its `begins_at`. Images can be stored, changed
        and deleted meanwhile, and requests read figures of the served epoch. Conflict if another run works at the
        same time.
        """
        state = self.projector.rebuild()
        if not state.is_under_way:
            begins_at = self.clock.now() + OLD_CONSUMERS
            state = self.projector.store_rebuild(
                Rebuild(state.served_epoch, state.served_epoch + 1, begins_at, None, state.step)
            )
        waits_until = state.begins_at
        if waits_until is not None and not has_passed(waits_until, self.clock.now(), longest=OLD_CONSUMERS):
            return state
        while self.clock.now() < until:
            examined, after = self.projector.rebuild_slice(
                after=state.after, limit=_SLICE_ROWS, epoch=state.new_epoch, at=self.clock.now()
            )
            next_state = replace(state, after=after, examined=state.examined + examined)
            if after is None:
                next_state = replace(next_state, served_epoch=next_state.new_epoch, begins_at=None)
            state = self.projector.store_rebuild(next_state)
            if not state.is_under_way:
                break
        return state
