"""Roots of trust that are read once, and not anew for each connection.

botocore names its bundle of certificate authorities to urllib3, which has OpenSSL read all of it whenever a connection
is opened: 35 ms of CPU time, a tenth of a cold start, and once more for every object that is put in parallel. What
is read stays in the context, so clients that share one context read it once. Which certificates are accepted, and
for which hosts, does not change.
"""

from collections.abc import Callable
from functools import cache
from ssl import SSLContext
from threading import Lock
from typing import Any


def trusting_once(client: Any) -> Any:
    """The same client of botocore, whose connections share what others have read; to be called before its first call.

    botocore has no option for it: this is the one place that reaches into its client, and a test with real
    connections holds that it still does what it says.
    """
    manager = client._endpoint.http_session._manager  # noqa: SLF001
    manager.connection_pool_kw["ssl_context"] = shared_context()
    return client


@cache
def shared_context() -> SSLContext:
    """botocore's own context, the one for all clients of this process."""
    from botocore.httpsession import create_urllib3_context

    context: SSLContext = create_urllib3_context()
    context.load_verify_locations = _once(context.load_verify_locations)  # type: ignore[method-assign]
    return context


def _once(load: Callable[..., None]) -> Callable[..., None]:
    """Load what was not loaded yet; connections that are opened at the same time wait for one of them."""
    loaded, lock = cache(load), Lock()

    def load_once(*locations: str | None) -> None:
        with lock:
            loaded(*locations)

    return load_once
