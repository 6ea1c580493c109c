"""Encodes text as one segment of a path, for servers that decode it once or twice."""

import re
from urllib.parse import quote

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_DOTS = re.compile(r"(?:(?<![^/\\])|(?<=%2f)|(?<=%5c))((?:\.|%2e){1,2})(?=\Z|[/\\]|%2f|%5c)", re.IGNORECASE)


def segment(text: str) -> str:
    """A text as one segment of a path.

    `.` and `..` lead elsewhere even when they are percent-encoded
    (https://url.spec.whatwg.org/#double-dot-path-segment), and a server that decodes `%2F` first, even twice, finds
    them between slashes. A space after them makes them text. Control characters become spaces, because some servers
    end a path at them.
    """
    plain = _CONTROLS.sub(" ", text)
    return quote(_DOTS.sub(r"\1 ", plain), safe="", errors="replace")
