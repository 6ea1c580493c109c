"""Save the emulator's state while it runs: MiniStack saves bytes at once, all else only on a clean exit."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LEAST_PAUSE_SECONDS = 2.0
PAUSE_PER_SAVING_SECOND = (
    10  # a large table takes long to write: never spend more than a tenth of the time on it
)
# Functions and layers, with their archives inside: tens of megabytes that only a deployment changes, and the
# launcher asks for a full save after each.
SAVED_ON_REQUEST_ONLY = frozenset({"lambda"})
KEPT_LOG_STREAMS = 100  # MiniStack makes one stream an invocation and keeps them all

logger = logging.getLogger("local.checkpoints")


class Checkpoints:
    """Writes each service's state when it changed, in the event loop, so that no request is half in it."""

    def __init__(self, emulator: Any, *, state_dir: Path) -> None:
        self._emulator = emulator
        self._state_dir = state_dir
        self._persistence: Any = importlib.import_module("ministack.core.persistence")
        self._saved: dict[str, int] = {}

    async def run(self) -> None:
        """Save what changed every few seconds until cancelled."""
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
        for service, get_state in self._states().items():
            if service not in SAVED_ON_REQUEST_ONLY:
                self._save(service, get_state)

    def save_everything(self) -> None:
        """Save every service, the deployed code included."""
        self._persistence.save_all(self._states())

    def _states(self) -> dict[str, Callable[[], Any]]:
        states: dict[str, Callable[[], Any]] = self._emulator._build_persistence_save_dict()
        return states

    def _save(self, service: str, get_state: Callable[[], Any]) -> None:
        try:
            with uncopied_tables():
                state = get_state()
                text = json.dumps(state, default=self._persistence._json_default)
        except RuntimeError as changed_meanwhile:  # a delivery thread of MiniStack added to a dict: next time
            logger.info("%s will be saved later: %s", service, changed_meanwhile)
            return
        if state is None or self._saved.get(service) == hash(text):
            return
        # As MiniStack's save_state writes it, and five times as fast: that one misses json's C encoder.
        version = self._persistence._state_format_version(service)
        path = self._state_dir / f"{service}.json"
        half_written = path.with_suffix(".json.tmp")
        half_written.write_text(f'{{"__ministack_format__": {version}, "payload": {text}}}')
        half_written.replace(path)
        self._saved[service] = hash(text)


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
