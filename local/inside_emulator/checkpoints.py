"""Save the emulator's state while it runs: MiniStack saves bytes at once, all else only on a clean exit."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_PAUSE_SECONDS = 2.0
PAUSE_PER_SAVING_SECOND = (
    10  # a large table may take long to write: never spend more than a tenth of the time on it
)
# Functions and layers, with their archives inside: tens of megabytes that only a deployment changes, and the
# launcher asks for a full save after each.
SAVED_ON_REQUEST_ONLY = frozenset({"lambda"})
KEPT_LOG_STREAMS = 100  # MiniStack makes one stream an invocation and keeps them all

logger = logging.getLogger("local.checkpoints")


class Checkpoints:
    """Writes each service's state when it changed, in the event loop, so that no request is half in it."""

    def __init__(self, emulator: Any) -> None:
        self._emulator = emulator
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
            state = get_state()
            if state is None:
                return
            content = hash(json.dumps(state, default=self._persistence._json_default))
        except RuntimeError as changed_meanwhile:  # a delivery thread of MiniStack added to a dict: next time
            logger.info("%s will be saved later: %s", service, changed_meanwhile)
            return
        if self._saved.get(service) != content:
            self._persistence.save_state(service, state)
            self._saved[service] = content


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
