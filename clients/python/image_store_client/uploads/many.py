"""Adds up the progress of many uploads."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_client.progress import UploadManyProgress, UploadState
from image_store_client.uploads.sources import UploadSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store_client.progress import OnUploadManyProgress, UploadProgress

NOT_SENT = {"waiting", "hashing"}


class ProgressOfMany:
    """Reports how far many uploads are, one report at a time: a callback need not be safe for threads."""

    def __init__(self, sizes: Sequence[int], on_progress: OnUploadManyProgress) -> None:
        self._states = [UploadState(0, size, "waiting") for size in sizes]
        self._loaded, self._total = 0, sum(sizes)
        self._on_progress = on_progress
        self._lock = threading.Lock()

    def went_on(self, index: int, progress: UploadProgress) -> None:
        """Report the progress of one upload."""
        self._change(index, UploadState(progress.loaded, progress.total, progress.phase))

    def ended(self, index: int, *, is_stored: bool) -> None:
        """Report the end of one upload."""
        total = self._states[index].total
        self._change(index, UploadState(total, total, "stored" if is_stored else "failed"))

    def _change(self, index: int, state: UploadState) -> None:
        with self._lock:
            before, self._states[index] = self._states[index], state
            self._loaded += _sent(state) - _sent(before)
            self._total += state.total - before.total
            self._on_progress(UploadManyProgress(self._loaded, self._total, self._states))


def _sent(state: UploadState) -> int:
    return 0 if state.phase in NOT_SENT else state.loaded


def size_of(source: Any) -> int:
    """The bytes of a source as far as they are known before it is read; 0 otherwise."""
    if isinstance(source, UploadSource):
        return source.size_bytes
    if isinstance(source, bytes | bytearray):
        return len(source)
    if isinstance(source, memoryview):
        return source.nbytes
    if isinstance(source, os.PathLike):
        try:
            return Path(source).stat().st_size
        except OSError:  # its upload reports it
            return 0
    return 0
