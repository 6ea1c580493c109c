"""Save the emulator's state while it runs: MiniStack saves bytes at once, all else only on a clean exit."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.inside_emulator.unsaved_objects import UnsavedObjects

LEAST_PAUSE_SECONDS = 2.0
PAUSE_PER_SAVING_SECOND = (
    10  # a large table takes long to write: never spend more than a tenth of the time on it
)
# Functions and layers, with their archives inside: tens of megabytes that only a deployment changes, and the
# launcher asks for a full save after each.
SAVED_ON_REQUEST_ONLY = frozenset({"lambda"})
LAST_SAVE = "saved"
"""The file beside the state whose time says when the last complete save began."""
KEPT_LOG_STREAMS = 100  # MiniStack makes one stream an invocation and keeps them all

logger = logging.getLogger("local.checkpoints")


class Checkpoints:
    """Writes each service's state when it changed, in the event loop, so that no request is half in it.

    ``fault`` says in words why the last save failed; it is None while everything is saved. ``tell`` hears of each
    change of it.
    """

    def __init__(
        self, emulator: Any, *, state_dir: Path, objects: UnsavedObjects, tell: Callable[[str | None], None]
    ) -> None:
        self._emulator = emulator
        self._state_dir = state_dir
        self._objects = objects
        self._tell = tell
        self._persistence: Any = importlib.import_module("ministack.core.persistence")
        self._saved: dict[str, int] = {}
        self._fault: str | None = None
        self._told: str | None = None

    @property
    def fault(self) -> str | None:
        """Why not everything that was stored is on the disk; None when it is, or will be in a moment."""
        return self._objects.fault or self._fault

    async def run(self) -> None:
        """Save what changed every few seconds until cancelled, also while saving fails."""
        pause = LEAST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            started = time.monotonic()
            self.save_changed()
            pause = max(LEAST_PAUSE_SECONDS, PAUSE_PER_SAVING_SECOND * (time.monotonic() - started))

    def save_changed(self) -> None:
        """Save the services whose state differs from the last save; none while a stack is being changed."""
        if is_deploying():  # half a deployment could not be continued by the next start
            return
        forget_old_log_streams()
        self._save_all(
            {name: state for name, state in self._states().items() if name not in SAVED_ON_REQUEST_ONLY}
        )

    def save_everything(self) -> None:
        """Save every service, the deployed code included."""
        self._save_all(self._states())

    def _states(self) -> dict[str, Callable[[], Any]]:
        states: dict[str, Callable[[], Any]] = self._emulator._build_persistence_save_dict()
        return states

    def _save_all(self, states: dict[str, Callable[[], Any]]) -> None:
        """Save services and the objects that could not be saved before; whatever goes wrong becomes the fault."""
        begun, faults, is_complete = time.time(), [], True
        self._objects.save_again()
        for service, get_state in states.items():
            try:
                is_complete = self._save(service, get_state) and is_complete
            except Exception as fault:  # saving must continue, and writers must get the error
                logger.exception("%s cannot be saved", service)
                faults.append(words_for(fault))
        if is_complete and not faults and self._objects.fault is None:
            try:
                self._note_save(begun)
            except OSError as fault:
                faults.append(words_for(fault))
        self._fault = faults[0] if faults else None
        if self.fault != self._told:
            self._told = self.fault
            self._tell(self._told)

    def _note_save(self, begun: float) -> None:
        """Let the file's time say up to when everything is saved: the next start reads it after a kill."""
        path = self._state_dir.with_name(LAST_SAVE)
        path.touch()
        os.utime(path, (begun, begun))

    def _save(self, service: str, get_state: Callable[[], Any]) -> bool:
        """Save one service when it changed; tell whether the file is up to date."""
        try:
            with uncopied_tables():
                state = get_state()
                text = json.dumps(state, default=self._persistence._json_default)
        except RuntimeError as changed_meanwhile:  # a delivery thread of MiniStack added to a dict: next time
            logger.info("%s will be saved later: %s", service, changed_meanwhile)
            return False
        if state is None or self._saved.get(service) == hash(text):
            return True
        # As MiniStack's save_state writes it, and five times as fast: that one misses json's C encoder.
        version = self._persistence._state_format_version(service)
        path = self._state_dir / f"{service}.json"
        half_written = path.with_suffix(".json.tmp")
        try:
            half_written.write_text(f'{{"__ministack_format__": {version}, "payload": {text}}}')
            half_written.replace(path)
        except OSError:
            half_written.unlink(missing_ok=True)  # on a full disk it is in the way
            raise
        self._saved[service] = hash(text)
        return True


def words_for(fault: Exception) -> str:
    """Answer what a person may read of a fault."""
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault) or type(fault).__name__


@contextmanager
def uncopied_tables() -> Iterator[None]:
    """Let DynamoDB hand out its tables as they are: it copies them first, which takes most of a save's time.

    The copy is for a writer that shares the time with requests. This one turns the tables into text before
    any request can run.
    """
    tables: Any = importlib.import_module("ministack.services.dynamodb")
    copy, tables.copy = tables.copy, SimpleNamespace(deepcopy=lambda value: value)
    try:
        yield
    finally:
        tables.copy = copy


def forget_old_log_streams() -> None:
    """Keep each log group's newest streams only; the log file has every line."""
    logs: Any = importlib.import_module("ministack.services.cloudwatch_logs")
    for _, group in logs._log_groups.all_items():
        streams = group["streams"]
        for name in list(streams)[:-KEPT_LOG_STREAMS]:
            del streams[name]


def is_deploying() -> bool:
    """Tell whether CloudFormation is at work on a stack."""
    formation: Any = importlib.import_module("ministack.services.cloudformation")
    states = (stack["StackStatus"] for _, stack in formation._stacks.all_items())
    return any(state.endswith("_IN_PROGRESS") for state in states)
