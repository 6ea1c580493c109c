"""Reads a JSON document of an issuer, within bounds of time and size.

The addresses come from the deployment and from the issuers that it trusts, so there are no rules about networks here;
but an issuer may be broken or slow, and nothing of it may hold up a request for long. Redirects are not followed: a
document that moved is named by the deployment or by the discovery document.
"""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from image_store.domain.callers.issuers import check_address
from image_store.domain.json_values import UnreadableJson, read_json

MAX_DOCUMENT_BYTES = 256 * 1024
"""A key set with a hundred RSA keys of 4096 bits has 80 kB."""
SECONDS = 3.0
"""For one document: to connect, to send the request and to read the whole answer."""

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "image-store",
}


class UnreadableDocument(Exception):
    """A document could not be read; the text says why, and is for the log."""


def read_document(address: str, *, seconds: float = SECONDS) -> dict[str, Any]:
    """The JSON object at an address; UnreadableDocument when there is none within the bounds."""
    try:
        check_address(address)
        document = read_json(_bytes_at(address, seconds))
    except UnreadableJson:
        raise UnreadableDocument("not JSON") from None
    except (OSError, HTTPException, ValueError) as error:
        raise UnreadableDocument(type(error).__name__) from None
    if not isinstance(document, dict):
        raise UnreadableDocument("not a JSON object")
    return document


def _bytes_at(address: str, seconds: float) -> bytes:
    """The body of the answer, read in a thread: neither the system's resolver nor a dripping server knows an end."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    connection = (
        HTTPSConnection(host, port, timeout=seconds, context=shared_tls())
        if parts.scheme == "https"
        else HTTPConnection(host, port, timeout=seconds)
    )
    sockets: list[socket.socket] = []

    def exchange() -> bytes:
        connection.connect()
        sockets.append(connection.sock)
        connection.request("GET", parts.path or "/", headers=_HEADERS)
        return _body_of(connection.getresponse())

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(exchange).result(seconds)
    except TimeoutError:
        for connected in sockets:
            with suppress(OSError):  # closed already; not TLS's own shutdown, since the thread uses that
                socket.socket.shutdown(connected, socket.SHUT_RDWR)
        raise UnreadableDocument("out of time") from None
    finally:
        pool.shutdown(wait=False)
        connection.close()


@cache
def shared_tls() -> ssl.SSLContext:
    """What verifies the certificates of all issuers; reading this machine's authorities takes 20 ms of CPU time."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _body_of(response: HTTPResponse) -> bytes:
    if response.status != 200:
        raise UnreadableDocument(f"status {response.status}")
    if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnreadableDocument("an encoded body")
    body = response.read(MAX_DOCUMENT_BYTES + 1)
    if len(body) > MAX_DOCUMENT_BYTES:
        raise UnreadableDocument(f"more than {MAX_DOCUMENT_BYTES} bytes")
    if response.length:
        raise UnreadableDocument("an answer that broke off")
    return body
