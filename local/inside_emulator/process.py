"""Serve MiniStack on loopback until standard input closes; settings come from the environment.

The launcher holds the other end of standard input: however it ends, also by ``kill -9``, this process sees
the end of the file, saves its state and goes. That works where a parent-death signal does not exist (macOS)
and needs no pid file.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from local.inside_emulator.checkpoints import Checkpoints, is_deploying
from local.inside_emulator.corrections import (
    authorize_batches_as_what_they_repeat,
    count_loopback_as_encrypted,
    count_parameters_as_numbers,
    forget_stream_positions,
    refuse_broken_state,
    require_expiry,
    tell_encryption_contexts,
)
from local.inside_emulator.function_logs import end_invocations_with_their_logs, log_functions
from local.inside_emulator.gate import LocalhostOnly
from local.inside_emulator.http_api import import_api_bodies
from local.inside_emulator.layers import unpack_layers_once

KEEP_ALIVE_SECONDS = 75
DEPLOYMENT_POLL_SECONDS = 0.1


def main() -> None:
    """Run the emulator; returns when standard input closes or SIGTERM comes, with all state saved."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is the launcher's: it stops the parts in their order
    problems = os.dup(1)  # the launcher reads one sentence there; what MiniStack prints goes to the log
    os.dup2(2, 1)
    # MiniStack runs handlers on its own interpreter and they would see its packages. This one has none.
    sys.executable = os.environ.pop("HANDLER_PYTHON")
    emulator: Any = importlib.import_module("ministack.app")
    importlib.import_module("ministack.core.hypercorn_compat").install()
    refuse_broken_state(Path(os.environ["STATE_DIR"]), tell=problems)
    forget_stream_positions()
    import_api_bodies()
    require_expiry()
    count_loopback_as_encrypted()
    authorize_batches_as_what_they_repeat()
    count_parameters_as_numbers()
    tell_encryption_contexts()
    log_functions()
    end_invocations_with_their_logs()
    unpack_layers_once()
    asyncio.run(serve(emulator, port=int(os.environ["GATEWAY_PORT"])))
    os._exit(0)  # a handler still at work would hold the process, its port and its lock


async def serve(emulator: Any, *, port: int) -> None:
    """Serve until told to stop, saving what changed every few seconds meanwhile."""
    hypercorn: Any = importlib.import_module("hypercorn.asyncio")
    config: Any = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    threading.Thread(target=wait_for_launcher, args=(loop, stop), daemon=True).start()
    checkpoints = Checkpoints(emulator, state_dir=Path(os.environ["STATE_DIR"]))
    saving = asyncio.create_task(checkpoints.run())

    async def told_to_stop() -> None:
        await stop.wait()
        while is_deploying():  # takes seconds, and half of one cannot be continued
            await asyncio.sleep(DEPLOYMENT_POLL_SECONDS)

    await hypercorn.serve(
        LocalhostOnly(emulator.app, checkpoints.save_everything), config, shutdown_trigger=told_to_stop
    )
    saving.cancel()  # MiniStack has saved everything while it shut down
    logging.getLogger("local").info("stopped")


def wait_for_launcher(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Block until the launcher is gone, then ask for the stop."""
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)
