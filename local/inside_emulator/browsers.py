"""Distinguish requests of web pages from requests of programs and people.

Browsers send the source of a request: `Origin` with requests that may change something or cross origins, and
`Sec-Fetch-*` with every request to localhost (W3C Fetch Metadata). Pages cannot set these headers. Programs do not send
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPED = "none"
"""`Sec-Fetch-Site` of an address that a person typed or opened from a bookmark."""
HERE = "same-origin"
SAME_SITE = "same-site"
"""`Sec-Fetch-Site` of a request from another port of localhost."""


def comes_from_a_page(headers: Mapping[str, str]) -> bool:
    """Return whether a page sent a request; header names are in lower case."""
    return "origin" in headers or headers.get("sec-fetch-site", TYPED) != TYPED


def comes_from_another_origin(headers: Mapping[str, str], *, origins: frozenset[str]) -> bool:
    """Return whether a page of an unknown origin, or of none of these origins, sent a request.

    Another port of localhost is another origin of the same site.
    """
    origin = headers.get("origin")
    if origin is not None:
        return origin not in origins
    return headers.get("sec-fetch-site", TYPED) not in {TYPED, HERE}


def opens_a_document(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a tab or window, but not a frame, opens this address."""
    return (
        method in {"GET", "HEAD"}
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def is_a_frame(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a frame of a page opens this address."""
    return (
        method in {"GET", "HEAD"}
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "iframe"
    )
