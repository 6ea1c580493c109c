"""The server of the local stack that stands in for providers, for as long as a test needs it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from local.ports import any_free_port
from local.providers.server import ProviderServer


@contextmanager
def stand_in_server() -> Iterator[str]:
    """The address of a server that draws at once."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    port = any_free_port()

    async def serve() -> None:
        runner = web.AppRunner(ProviderServer(seconds=0).application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(60)
    yield f"http://localhost:{port}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
