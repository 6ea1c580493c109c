"""Certificate authorities that all connections share.

botocore hands its bundle of authorities to urllib3, and OpenSSL reads the whole bundle for every new connection: 35 ms
of CPU time, a tenth of a cold start, and again for each object that is put in parallel. A context keeps what it has
read, so clients that share a context read the bundle once. Beside botocore's bundle the layer has a folder with the
same authorities, of which OpenSSL reads only those that it needs. The accepted certificates and host names stay the
same.
"""

import os
from collections.abc import Callable
from functools import cache
from ssl import SSLContext
from threading import Lock
from typing import Any


def share_trust(client: Any) -> Any:
    """Let the connections of a botocore client use the shared context; call it before the client's first call.

    botocore has no option for this, so this function uses internals of its client. A test with real connections checks
    that they still work this way.
    """
    manager = client._endpoint.http_session._manager  # noqa: SLF001
    manager.connection_pool_kw["ssl_context"] = shared_context()
    return client


@cache
def shared_context() -> SSLContext:
    """botocore's own context, one for all clients of this process."""
    from botocore.httpsession import create_urllib3_context

    context: SSLContext = create_urllib3_context()
    context.load_verify_locations = _once_each(context.load_verify_locations)  # type: ignore[method-assign]
    return context


def _once_each(load: Callable[..., None]) -> Callable[..., None]:
    """Make a loader read each bundle once; connections that open at the same time wait for the first."""
    load_new, lock = cache(load), Lock()

    def load_once(bundle: str | None = None, folder: str | None = None, data: str | None = None) -> None:
        folder_of_bundle = _folder_of(bundle)
        with lock:
            if folder_of_bundle is None:
                load_new(bundle, folder, data)
            else:
                load_new(None, folder_of_bundle, None)

    return load_once


@cache
def _folder_of(bundle: str | None) -> str | None:
    """The folder with the authorities of a bundle, one in each file; None if the build did not make it."""
    folder = None if bundle is None else f"{bundle.removesuffix('.pem')}.d"
    return folder if folder is not None and folder != bundle and os.path.isdir(folder) else None
