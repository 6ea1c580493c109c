"""Compresses long responses for clients that accept it; the gateway compresses nothing."""

import base64
from typing import Any

from image_store.entrypoints.http.request import Request

SHORTEST_BYTES = 2_048
"""A shorter response fits into two packets anyway."""
_LEVEL = 6


def accepts_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding names gzip without refusing it."""
    for entry in accepted.lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def finish(answer: dict[str, Any], request: Request) -> dict[str, Any]:
    """A response as the gateway gets it: compressed if that helps, with `Vary` for caches, and without body for HEAD.

    `Vary` names the origin, because the gateway adds CORS headers only for requests with an Origin: a cache that holds
    the response to an `<img>`, which sends none, would hand it to a page's `fetch`, which could not read it.
    """
    answer = compress(answer, request)
    headers = answer.get("headers", {})
    if "no-store" not in headers.get("Cache-Control", ""):
        answer = {**answer, "headers": {**headers, "Vary": _joined(headers.get("Vary"), "Origin")}}
    if request.read_method == "HEAD":
        return {**answer, "body": "", "isBase64Encoded": False}
    return answer


def compress(answer: dict[str, Any], request: Request) -> dict[str, Any]:
    """A response as it is, or compressed.

    A response with an ETag stays: compressed it would be another sequence of bytes, and clients send the validator
    back to change the image that it stands for.
    """
    body, headers = answer.get("body"), answer.get("headers", {})
    if not isinstance(body, str) or len(body) < SHORTEST_BYTES or answer.get("isBase64Encoded"):
        return answer
    if headers.keys() & {"ETag", "Content-Encoding"}:
        return answer
    # Both forms say so, or a cache that has one would not know that there is another.
    varying = {**headers, "Vary": _joined(headers.get("Vary"), "Accept-Encoding")}
    if not accepts_gzip(request.header("accept-encoding") or ""):
        return {**answer, "headers": varying}
    import gzip  # only compressed responses need it

    content = gzip.compress(body.encode(), _LEVEL, mtime=0)
    return {
        **answer,
        "headers": {**varying, "Content-Encoding": "gzip"},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def _joined(names: str | None, name: str) -> str:
    return ", ".join(filter(None, [names, name]))
