"""Objects whose bytes did not reach the disk.

MiniStack keeps them in memory, answers 200, and loses them if it is killed.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SAVING = ("_persist_object", "_persist_delete_marker", "_persist_version_state", "_persist_displaced_version")

logger = logging.getLogger("local.objects")


class UnsavedObjects:
    """Records objects that could not be written, and writes them once that works again."""

    def __init__(self) -> None:
        self._storage: Any = importlib.import_module("ministack.services.s3")
        self._scope: Any = importlib.import_module("ministack.core.responses")
        self._unsaved: set[tuple[str, str, str]] = set()
        self._faults: list[OSError] = []
        self._fault: str | None = None

    @property
    def fault(self) -> str | None:
        """Why objects are not written; None if all are."""
        return self._fault if self._unsaved else None

    def watch(self) -> None:
        """Record every object that MiniStack cannot write from now on."""
        write = self._storage._atomic_write

        def write_or_record(*arguments: Any, **options: Any) -> None:
            try:
                write(*arguments, **options)
            except OSError as fault:
                self._faults.append(fault)
                raise

        self._storage._atomic_write = write_or_record
        for name in SAVING:
            setattr(self._storage, name, self._watched(getattr(self._storage, name)))

    def _watched(self, save: Callable[..., None]) -> Callable[..., None]:
        def save_and_note(bucket: str, key: str, *rest: Any) -> None:
            before = len(self._faults)
            save(bucket, key, *rest)
            if len(self._faults) > before:
                self._fault = self._faults[-1].strerror or "the disk refuses"
                self._unsaved.add((self._scope.get_account_id(), bucket, key))

        return save_and_note

    def save_again(self) -> None:
        """Try to write every unsaved object again."""
        self._faults.clear()
        for account, bucket, key in sorted(self._unsaved):
            self._scope.set_request_account_id(account)
            self._unsaved.discard((account, bucket, key))
            versions = self._storage._buckets.get(bucket)
            if versions is not None:
                self._storage._persist_version_state(bucket, key, versions)  # adds it again when that fails
        if not self._unsaved and self._fault is not None:
            logger.info("every object is on the disk again")
            self._fault = None
