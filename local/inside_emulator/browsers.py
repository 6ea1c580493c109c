"""Tell a request that a web page caused from one that a program or a person made.

Browsers say where a request comes from: `Origin` on what may change something or is read across origins, and
`Sec-Fetch-*` on every request to localhost (Fetch metadata, W3C). A page can set neither. Programs send none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPED = "none"
"""`Sec-Fetch-Site` of an address that a person typed, or chose from the bookmarks."""
HERE = "same-origin"


def comes_from_a_page(headers: Mapping[str, str]) -> bool:
    """Tell whether any page caused a request; the names of the headers are in lower case."""
    return "origin" in headers or headers.get("sec-fetch-site", TYPED) != TYPED


def comes_from_another_origin(headers: Mapping[str, str], *, origins: frozenset[str]) -> bool:
    """Tell whether a page caused a request whose origin is none of these, or does not say which it is.

    Another port of localhost is another origin, and the same site.
    """
    origin = headers.get("origin")
    if origin is not None:
        return origin not in origins
    return headers.get("sec-fetch-site", TYPED) not in {TYPED, HERE}


def opens_a_document(method: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a request is one of a tab or window that goes to an address; frames are none of these."""
    return (
        method in {"GET", "HEAD"}
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
