"""Long answers travel packed where the client takes that: the gateway packs nothing by itself."""

import base64
from typing import Any

SHORTEST_BYTES = 2_048
"""What is shorter fits into a packet or two anyway."""
_LEVEL = 6


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not to refuse it."""
    for entry in accepted.lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def finished(answer: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """An answer as it goes to the gateway: packed where that helps, with all that caches must tell apart.

    The gateway adds CORS headers only for requests that name an Origin. A cache that holds the answer to one that
    does not, as an `<img>` sends it, would hand it to a page's `fetch`, which may not read it then.
    """
    answer = packed(answer, event)
    headers = answer.get("headers", {})
    if "no-store" not in headers.get("Cache-Control", ""):
        answer = {**answer, "headers": {**headers, "Vary": _listed(headers.get("Vary"), "Origin")}}
    if event.get("requestContext", {}).get("http", {}).get("method") == "HEAD":
        return {**answer, "body": "", "isBase64Encoded": False}
    return answer


def packed(answer: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """An answer to the gateway as it is, or packed.

    What has an ETag stays: packed it would be another sequence of bytes, and clients send the validator back to change
    what it stands for.
    """
    body, headers = answer.get("body"), answer.get("headers", {})
    if not isinstance(body, str) or len(body) < SHORTEST_BYTES or answer.get("isBase64Encoded"):
        return answer
    if headers.keys() & {"ETag", "Content-Encoding"}:
        return answer
    # Said of both forms, or a cache that has one would not know that there is another.
    varying = {**headers, "Vary": _listed(headers.get("Vary"), "Accept-Encoding")}
    if not takes_gzip(str(event.get("headers", {}).get("accept-encoding", ""))):
        return {**answer, "headers": varying}
    import gzip  # what packs nothing does not load it

    content = gzip.compress(body.encode(), _LEVEL, mtime=0)
    return {
        **answer,
        "headers": {**varying, "Content-Encoding": "gzip"},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def _listed(names: str | None, name: str) -> str:
    return ", ".join(filter(None, [names, name]))
