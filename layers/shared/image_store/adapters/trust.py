"""Roots of trust that are read once, and not anew for each connection.

botocore names its bundle of certificate authorities to urllib3, which has OpenSSL read all of it whenever a connection
is opened: 35 ms of CPU time, a tenth of a cold start, and once more for every object that is put in parallel. What
is read stays in the context, so clients that share one context read it once. Beside botocore's own bundle the layer
has a folder of the same authorities, of which OpenSSL reads those that it meets. Which certificates are accepted, and
for which hosts, does not change.
"""

import os
from collections.abc import Callable
from functools import cache
from ssl import SSLContext
from threading import Lock
from typing import Any


def share_trust(client: Any) -> Any:
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

    def load_once(bundle: str | None = None, folder: str | None = None, data: str | None = None) -> None:
        laid_out = _laid_out(bundle)
        with lock:
            if laid_out is None:
                loaded(bundle, folder, data)
            else:
                loaded(None, laid_out, None)

    return load_once


@cache
def _laid_out(bundle: str | None) -> str | None:
    """The folder that holds all of a bundle, one authority a file; None where the build made none."""
    folder = None if bundle is None else f"{bundle.removesuffix('.pem')}.d"
    return folder if folder is not None and folder != bundle and os.path.isdir(folder) else None
