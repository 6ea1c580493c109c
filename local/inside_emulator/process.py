"""Serve MiniStack on loopback until standard input closes; settings come from the environment.

The launcher has the other end of standard input. However it ends, even by ``kill -9``, this process sees the end of the
file, saves its state and exits. This also works on macOS, which has no parent-death signal, and needs no pid file.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from local.inside_emulator.activity import Activity
from local.inside_emulator.checkpoints import Checkpoints, is_deploying, save_only_here
from local.inside_emulator.corrections import (
    authorize_batches_as_what_they_repeat,
    count_loopback_as_encrypted,
    count_parameters_as_numbers,
    forget_stream_positions,
    never_copy_over_an_object,
    provide_encryption_contexts,
    refuse_broken_state,
)
from local.inside_emulator.credentials import make_function_credentials_secret, secret_of
from local.inside_emulator.forked_workers import fork_workers
from local.inside_emulator.function_logs import end_invocations_with_their_logs, log_functions
from local.inside_emulator.gate import Gate
from local.inside_emulator.http_api import import_api_bodies
from local.inside_emulator.layer_files import keep_layers_in_files
from local.inside_emulator.layers import unpack_layers_once
from local.inside_emulator.shared_folder import SharedFolder
from local.inside_emulator.streams import keep_undelivered_changes, repeat_failed_changes
from local.inside_emulator.transforms import transform_templates_once
from local.inside_emulator.unsaved_objects import UnsavedObjects

KEEP_ALIVE_SECONDS = 75
NOT_SAVED = 4
"""The exit code if not everything could be saved."""
DEPLOYMENT_POLL_SECONDS = 0.1


def main() -> None:
    """Run the emulator until standard input closes or SIGTERM arrives, then save all state and exit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the launcher, which stops its parts in order
    problems = os.dup(
        1
    )  # the launcher reads messages for a person here; MiniStack's own output goes to the log
    os.dup2(2, 1)
    # MiniStack would run handlers on its own interpreter, with its packages. This interpreter has no packages.
    sys.executable = os.environ.pop("HANDLER_PYTHON")
    # Handlers inherit the environment.
    front_secret = os.environ.pop("FRONT_SECRET")
    shared = SharedFolder(Path(os.environ.pop("SHARED_DIR")))
    shared.delete_unused()
    state_dir = Path(os.environ["STATE_DIR"])
    emulator: Any = importlib.import_module("ministack.app")
    importlib.import_module("ministack.core.hypercorn_compat").install()
    refuse_broken_state(state_dir, report_to=problems)
    forget_stream_positions()
    keep_undelivered_changes()
    repeat_failed_changes()
    import_api_bodies()
    count_loopback_as_encrypted()
    authorize_batches_as_what_they_repeat()
    count_parameters_as_numbers()
    never_copy_over_an_object()
    provide_encryption_contexts()
    log_functions()
    end_invocations_with_their_logs()
    unpack_layers_once(shared)
    fork_workers()
    transform_templates_once(shared)
    keep_layers_in_files(state_dir)
    save_only_here()
    make_function_credentials_secret()
    objects = UnsavedObjects()
    objects.watch()
    activity = Activity()
    activity.watch_invocations()
    checkpoints = Checkpoints(
        emulator,
        state_dir=state_dir,
        objects=objects,
        activity=activity,
        report=partial(report_saving, problems),
    )
    port = int(os.environ["GATEWAY_PORT"])
    asyncio.run(serve(emulator, checkpoints, activity, port=port, front_secret=front_secret))
    checkpoints.save_everything()
    # A handler that is still running would keep the process, its port and its lock alive.
    os._exit(NOT_SAVED if checkpoints.fault else 0)


def report_saving(problems: int, fault: str | None) -> None:
    """Report to the launcher why saving fails, or that it works again."""
    with suppress(OSError):  # the launcher may be gone
        os.write(problems, json.dumps({"saving": fault}).encode() + b"\n")


async def serve(
    emulator: Any, checkpoints: Checkpoints, activity: Activity, *, port: int, front_secret: str
) -> None:
    """Serve until a stop, and save changes every few seconds meanwhile."""
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
    root = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    gate = Gate(
        emulator.app,
        save=checkpoints.save_everything,
        front_secret=front_secret,
        secret_of=partial(secret_of, root=root),
        fault=lambda: checkpoints.fault,
        is_bucket=lambda host, path: emulator._s3_cors_target(host, path) is not None,
    )
    saving = asyncio.create_task(checkpoints.run())
    saving.add_done_callback(partial(end_with, stop))

    async def wait_for_stop() -> None:
        await stop.wait()
        while is_deploying():  # a deployment takes seconds, and the next start cannot continue half of it
            await asyncio.sleep(DEPLOYMENT_POLL_SECONDS)

    await hypercorn.serve(activity.watch_requests(gate), config, shutdown_trigger=wait_for_stop)
    saving.cancel()
    logging.getLogger("local").info("stopped")


def end_with(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Stop if the saving task ended by itself, so that no change stays unsaved without notice."""
    if not task.cancelled():
        logging.getLogger("local").error("saving has ended", exc_info=task.exception())
        stop.set()


def wait_for_launcher(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Block until the launcher has ended, then trigger the stop."""
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)
