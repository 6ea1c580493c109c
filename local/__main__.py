"""Run the whole local stack until Ctrl-C: ``python -m local`` in ``.venv``, or ``make run``.

Order: take the port and the state folder, start the emulator, build, create the buckets, deploy if anything changed,
serve. Exit codes: 0 after a stop, 1 when the emulator dies, 2 (with one sentence) for what a person can repair.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from botocore.config import Config

from local.buckets import keep_secret, prepare_r2
from local.build import build, build_folder, sam_build
from local.cdn import Cdn
from local.deployment import (
    DeployedStack,
    deploy,
    deployed_stack,
    deployment_fingerprint,
    parameters_for,
)
from local.emulator import Emulator, start_emulator
from local.front import Front, function_url
from local.greeting import greeting, make_sample
from local.issuer import make_issuer, make_second_issuer
from local.issuer_pages import issuer_application
from local.page_check import ANY
from local.ports import choose_ports, take_port
from local.problems import CannotRun
from local.provider_access import SECRET as PROVIDERS_SECRET
from local.provider_access import provider_access
from local.providers.server import ProviderServer
from local.reconciliation import reconcile
from local.routes import Routes
from local.settings import PUBLIC_BUCKET, LocalSettings, local_settings
from local.stack_file import stack_description
from local.state_folder import StateFolder, UncleanStop
from local.throttle import throttle_for_this_machine

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
PROGRESS_SECONDS = 10.0
LONGEST_LINE_BYTES = 16 * 1024  # tokens and cursors are long; the real gateway allows 10 KB for all headers


def main() -> int:
    """Run the stack; return the exit code of the process."""
    try:
        settings = local_settings(os.environ, root=ROOT)
        return asyncio.new_event_loop().run_until_complete(run_until_stopped(settings))
    except CannotRun as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


async def run_until_stopped(settings: LocalSettings) -> int:
    """Run the stack until it is stopped or the emulator ends; return the exit code, 1 if not everything was saved."""
    ending = Ending()
    async with AsyncExitStack() as parts:
        code = await run(settings, parts=parts, ending=ending)
    return code if ending.is_saved else 1


@dataclass
class Ending:
    """How the stack ended."""

    is_saved: bool = True


async def run(settings: LocalSettings, *, parts: AsyncExitStack, ending: Ending) -> int:
    """Start every part in order, then wait for a stop or the emulator's end; `parts` stops them in reverse order."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    state = StateFolder(settings.state)
    lock = parts.enter_context(state.lock())
    state.require_version()
    api_sockets = take_port(settings.port)
    parts.callback(close_all, api_sockets)
    state.prepare()
    ports = choose_ports(state.read("ports"), api_port=settings.port)
    state.write("ports", ports)
    log_to(state.log)
    issuer = make_issuer(state, port=ports["issuer"], origins=settings.origins - {ANY})
    second_issuer = make_second_issuer(state, port=ports["issuer"])
    await parts.enter_async_context(
        serving(issuer_application(issuer, second_issuer), take_port(ports["issuer"]))
    )
    access = provider_access(os.environ, server=f"http://localhost:{ports['providers']}")
    if access.is_local:
        sockets = take_port(ports["providers"])
        await parts.enter_async_context(serving(ProviderServer().application(), sockets))
    unclean = state.detect_unclean_stop()
    emulator = start_emulator(ROOT, state, port=ports["emulator"], lock=lock)

    def record_stop() -> None:
        if emulator.could_not_save:
            ending.is_saved = False
            print("error: not everything could be saved before the end.", file=sys.stderr, flush=True)
        elif emulator.has_saved and unclean is None:
            state.record_clean_stop()

    parts.callback(record_stop)
    parts.callback(emulator.stop)
    stopped = asyncio.create_task(stop.wait())
    parameters = parameters_for(
        settings, issuer=issuer, second_issuer=second_issuer, r2_endpoint=emulator.endpoint, access=access
    )
    ready = asyncio.create_task(
        make_ready(state, emulator=emulator, parameters=parameters, provider_keys=access.keys)
    )
    await wait_with_progress(stopped, ready)
    if stopped.done():
        ready.cancel()
        return 0
    stack = ready.result()
    if unclean is not None and await compare_after_unclean_stop(
        state, emulator, stack, unclean=unclean, stop=stopped
    ):
        unclean = None
    front = await make_front(settings, emulator, stack, parts=parts)
    await parts.enter_async_context(serving(front.application(), api_sockets))
    description = stack_description(
        settings, emulator=emulator, issuer=issuer, second_issuer=second_issuer, stack=stack
    )
    if access.is_local:
        description["providers_url"] = f"http://localhost:{ports['providers']}"
    state.write("stack", description)
    parts.callback(state.stack_file.unlink, missing_ok=True)
    sample = make_sample(settings.state / "sample.jpg")
    print(greeting(settings, issuer=issuer, sample=sample, log=state.log), flush=True)
    emulator_end = asyncio.create_task(emulator.wait_until_gone())
    await asyncio.wait({stopped, emulator_end}, return_when=asyncio.FIRST_COMPLETED)
    if emulator_end.done():
        print(f"error: the emulator ended unexpectedly. See the end of {state.log}.", file=sys.stderr)
        return 1
    emulator_end.cancel()
    say("stopping …")
    return 0


async def wait_with_progress(stopped: asyncio.Task[bool], ready: asyncio.Task[DeployedStack]) -> None:
    """Wait for the first of two tasks, and print progress meanwhile."""
    begun = time.monotonic()
    finished: set[asyncio.Task[Any]] = set()
    while not finished:
        finished, _ = await asyncio.wait(
            {stopped, ready}, timeout=PROGRESS_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not finished:
            say(f"  starting: {time.monotonic() - begun:.0f} s so far …")


async def compare_after_unclean_stop(
    state: StateFolder,
    emulator: Emulator,
    stack: DeployedStack,
    *,
    unclean: UncleanStop,
    stop: asyncio.Task[bool],
) -> bool:
    """Compare table and buckets after an unclean stop; return whether the comparison finished."""
    say("the last stop was not clean: comparing table and buckets …")
    comparison = partial(
        reconcile, emulator, stop=unclean, table_name=stack.outputs["TableName"], aside=state.set_aside
    )
    work = asyncio.create_task(asyncio.to_thread(comparison))
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        return False
    result = work.result()
    say(result.line)
    if result.done:
        state.record_comparison()
    return result.done


async def make_front(
    settings: LocalSettings, emulator: Emulator, stack: DeployedStack, *, parts: AsyncExitStack
) -> Front:
    """Return the front of a deployed stack; its connections close with the other parts."""
    http = await parts.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
    openai = None
    if stack.openai_url is not None:
        url_id = (urlsplit(stack.openai_url).hostname or "").partition(".")[0]
        openai = function_url(f"{emulator.endpoint}/_aws/lambda-url/{url_id}", throttle_for_this_machine())
    return Front(
        api_base=f"{emulator.endpoint}/_aws/execute-api/{stack.api_id}/$default",
        openai=openai,
        cdn=Cdn(
            storage=emulator.client("s3", config=Config(signature_version="s3v4")),
            bucket=PUBLIC_BUCKET,
            http=http,
        ),
        http=http,
        origins=settings.origins,
        routes=Routes(await asyncio.to_thread(stack.route_keys, emulator)),
        secret=emulator.front_headers,
        throttle=throttle_for_this_machine(),
    )


async def make_ready(
    state: StateFolder,
    *,
    emulator: Emulator,
    parameters: dict[str, str],
    provider_keys: Mapping[str, str],
) -> DeployedStack:
    """Build while the emulator starts, then bring buckets and stack up to date."""
    build_fingerprint = await asyncio.to_thread(build, ROOT, run=sam_build)
    await emulator.wait_until_ready()
    keep_secret(emulator.client("secretsmanager"), PROVIDERS_SECRET, provider_keys)
    return await asyncio.to_thread(bring_up_to_date, state, emulator, build_fingerprint, parameters)


def bring_up_to_date(
    state: StateFolder, emulator: Emulator, build_fingerprint: str, parameters: dict[str, str]
) -> DeployedStack:
    """Create the R2 side, and deploy unless the emulator already has exactly this stack."""
    prepare_r2(emulator)
    fingerprint = deployment_fingerprint(build_fingerprint, parameters)
    present = deployed_stack(emulator) if state.read("deployed").get("fingerprint") == fingerprint else None
    if present is not None:
        return present
    stack = deploy(emulator, build_folder=build_folder(ROOT), parameters=parameters)
    emulator.checkpoint()
    state.write("deployed", {"fingerprint": fingerprint})
    return stack


@asynccontextmanager
async def serving(application: web.Application, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Serve an application on bound sockets while the block runs."""
    runner = web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,  # as the real gateway; a body that wrongly claims to be compressed would cause a 500
        max_line_size=LONGEST_LINE_BYTES,
        max_field_size=LONGEST_LINE_BYTES,
    )
    await runner.setup()
    try:
        for bound in sockets:
            await web.SockSite(runner, bound).start()
        yield
    finally:
        await runner.cleanup()


def log_to(path: Path) -> None:
    """Write this process's log to the stack's log file, which the emulator uses too."""
    logging.raiseExceptions = False  # on a full disk each line would print a traceback
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )


def say(what: str) -> None:
    """Print a line of progress."""
    print(f"  {what}", file=sys.stderr, flush=True)


def close_all(sockets: list[socket.socket]) -> None:
    """Release ports."""
    for bound in sockets:
        bound.close()


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    os._exit(exit_code)  # does not wait for a thread that is still building or deploying
