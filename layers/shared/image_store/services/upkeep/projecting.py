"""Keeps the projections of images up to date, and rebuilds them."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import UnreadableRow
from image_store.domain.finding.projection import Rebuild
from image_store.ports.finding import Projector
from image_store.ports.system import Clock

OLD_CONSUMERS = timedelta(minutes=2)
"""How long a consumer may still be at work that does not know of a rebuild: longer than its function may run."""

_SLICE_ROWS = 100
_log = logging.getLogger("image_store.projections")


@dataclass(frozen=True, slots=True, kw_only=True)
class Projecting:
    """Brings projections to the state of their records."""

    projector: Projector
    clock: Clock

    def project(self, image_ids: Collection[str], *, failed: Callable[[str, Exception], None]) -> None:
        """Project images as they are now; `failed` is called for each that has to be tried again."""
        epoch = self.projector.rebuild().building
        for image_id in image_ids:
            try:
                self.projector.project(image_id, epoch=epoch, at=self.clock.now())
            except UnreadableRow as error:  # which trying again does not make readable
                _log.error("an image cannot be projected: %s", error.message)
            except Exception as error:  # one image must not hold up the others
                failed(image_id, error)

    def rebuild(self, *, until: datetime) -> Rebuild:
        """Remake the projections of all images, or go on with it; a run ends at `until`.

        The rebuild in the result is under way until it is done: the caller calls again, not before
        `begins_at`. Images are stored, changed and deleted meanwhile as ever; figures are answered as they were
        counted before. Conflict when another run is at work.
        """
        state = self.projector.rebuild()
        if not state.under_way:
            begins_at = self.clock.now() + OLD_CONSUMERS
            state = self.projector.keep_rebuild(
                Rebuild(state.serving, state.serving + 1, begins_at, None, state.step)
            )
        waits_until = state.begins_at
        if waits_until is not None and not has_passed(waits_until, self.clock.now(), longest=OLD_CONSUMERS):
            return state
        while self.clock.now() < until:
            examined, after = self.projector.remake(
                after=state.after, limit=_SLICE_ROWS, epoch=state.building, at=self.clock.now()
            )
            done = replace(state, after=after, examined=state.examined + examined)
            if after is None:
                done = replace(done, serving=done.building, begins_at=None)
            state = self.projector.keep_rebuild(done)
            if not state.under_way:
                break
        return state
