"""Save the emulator's state while it runs: MiniStack saves bytes immediately, but the rest only at a clean exit."""

from __future__ import annotations

import asyncio
import copy
import importlib
import json
import logging
import os
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.inside_emulator.activity import Activity
    from local.inside_emulator.unsaved_objects import UnsavedObjects

LEAST_PAUSE_SECONDS = 2.0
SETTLING_SECONDS = 10.0
"""How long a request or an invocation may change the state after its end, such as by deleting its message."""
LONGEST_UNSAVED_SECONDS = 60.0
"""Changes that nobody makes, such as at the end of a row's time to live, are saved this late on a quiet stack."""
PAUSE_PER_SAVING_SECOND = 10  # a large table takes long to write; saving gets at most a tenth of the time
# Functions, layers and stacks: they are large, and only deployments change them. The launcher requests a full save
# after each deployment.
SAVED_ON_REQUEST_ONLY = frozenset({"lambda", "cloudformation"})
LARGEST_STATES = ("dynamodb", "cloudwatch_logs")
"""Services that only copy when their state is read, and do not change the copy."""
LAST_SAVE = "saved"
"""The file beside the state whose modification time is the start of the last complete save."""
KEPT_LOG_STREAMS = 100  # MiniStack creates one stream for each invocation and keeps all of them

logger = logging.getLogger("local.checkpoints")


class Checkpoints:
    """Writes the changed state of services, in the event loop, so that no state has half a request.

    ``fault`` is the reason why the last save failed, or None. ``report`` is called with each change of it.
    """

    def __init__(
        self,
        emulator: Any,
        *,
        state_dir: Path,
        objects: UnsavedObjects,
        activity: Activity,
        report: Callable[[str | None], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emulator = emulator
        self._state_dir = state_dir
        self._objects = objects
        self._activity = activity
        self._now = now
        self._saved_at: float | None = None
        self._report = report
        self._persistence: Any = importlib.import_module("ministack.core.persistence")
        self._saved: dict[str, int] = {}
        self._fault: str | None = None
        self._reported: str | None = None

    @property
    def fault(self) -> str | None:
        """Why stored data is not on the disk; None if it is, or if the next save will write it."""
        return self._objects.fault or self._fault

    async def run(self) -> None:
        """Save changes every few seconds until cancelled, even while saving fails."""
        pause = LEAST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            started = time.monotonic()
            self.save_changed()
            pause = max(LEAST_PAUSE_SECONDS, PAUSE_PER_SAVING_SECOND * (time.monotonic() - started))

    def save_changed(self) -> None:
        """Save the services whose state changed since the last save, but nothing during a deployment.

        On a stack that nobody uses this only notes the time: to look for changes takes as long as to write them.
        """
        if is_deploying():  # the next start could not continue half a deployment
            return
        if self._is_saved():
            self._save_all({})
            return
        begun = self._now()
        forget_old_log_streams()
        states = {name: state for name, state in self._states().items() if name not in SAVED_ON_REQUEST_ONLY}
        self._saved_at = begun if self._save_all(states) else None

    def _is_saved(self) -> bool:
        return (
            self._saved_at is not None
            and self._now() - self._saved_at < LONGEST_UNSAVED_SECONDS
            and self._activity.is_quiet_since(self._saved_at - SETTLING_SECONDS)
        )

    def save_everything(self) -> None:
        """Save every service, including the deployed code."""
        self._save_all(self._states())

    def _states(self) -> dict[str, Callable[[], Any]]:
        states: dict[str, Callable[[], Any]] = self._emulator._build_persistence_save_dict()
        return states

    def _save_all(self, states: dict[str, Callable[[], Any]]) -> bool:
        """Save services and the objects that could not be saved before; return whether everything is on the disk.

        Any error becomes the fault.
        """
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
        if self.fault != self._reported:
            self._reported = self.fault
            self._report(self._reported)
        return is_complete and self.fault is None

    def _note_save(self, begun: float) -> None:
        """Set the file's modification time to the start of a complete save; after a kill the next start reads it."""
        path = self._state_dir.with_name(LAST_SAVE)
        path.touch()
        os.utime(path, (begun, begun))

    def _save(self, service: str, get_state: Callable[[], Any]) -> bool:
        """Save one service if it changed; return whether the file is up to date."""
        try:
            with uncopied_states():
                state = get_state()
                text = json.dumps(state, default=self._persistence._json_default)
        except RuntimeError as error:  # a delivery thread of MiniStack changed a dict; the next save succeeds
            logger.info("%s will be saved later: %s", service, error)
            return False
        if state is None or self._saved.get(service) == hash(text):
            return True
        # The same file as MiniStack's save_state writes, but five times as fast, because json can use its C encoder.
        version = self._persistence._state_format_version(service)
        path = self._state_dir / f"{service}.json"
        half_written = path.with_suffix(".json.tmp")
        try:
            half_written.write_text(f'{{"__ministack_format__": {version}, "payload": {text}}}')
            half_written.replace(path)
        except OSError:
            half_written.unlink(missing_ok=True)  # on a full disk it takes space
            raise
        self._saved[service] = hash(text)
        return True


def words_for(fault: Exception) -> str:
    """Return an error in words for a person."""
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault) or type(fault).__name__


@contextmanager
def uncopied_states() -> Iterator[None]:
    """Make the services with the largest states return them without copying them, which takes most of a save's time.

    A copy is only necessary if requests run during a save. Here a state becomes text before any request can run. Other
    threads still get copies.
    """
    saving = threading.get_ident()

    def same_for_this_thread(value: Any) -> Any:
        return value if threading.get_ident() == saving else copy.deepcopy(value)

    modules: list[Any] = [importlib.import_module(f"ministack.services.{name}") for name in LARGEST_STATES]
    originals = [module.copy for module in modules]
    for module in modules:
        module.copy = SimpleNamespace(copy=copy.copy, deepcopy=same_for_this_thread)
    try:
        yield
    finally:
        for module, original in zip(modules, originals, strict=True):
            module.copy = original


def save_only_here() -> None:
    """Keep MiniStack from saving when it stops: `save_everything` follows, and reports whether it succeeded."""
    emulator: Any = importlib.import_module("ministack.app")
    emulator.save_all = lambda _: None


def forget_old_log_streams() -> None:
    """Keep only the newest streams of each log group; the log file has every line."""
    logs: Any = importlib.import_module("ministack.services.cloudwatch_logs")
    for _, group in logs._log_groups.all_items():
        streams = group["streams"]
        for name in list(streams)[:-KEPT_LOG_STREAMS]:
            del streams[name]


def is_deploying() -> bool:
    """Return whether CloudFormation is changing a stack."""
    formation: Any = importlib.import_module("ministack.services.cloudformation")
    states = (stack["StackStatus"] for _, stack in formation._stacks.all_items())
    return any(state.endswith("_IN_PROGRESS") for state in states)
