"""The API of a deployment in memory for a client with httpx: each request is an event to the function of its route."""

from __future__ import annotations

import base64
import re
from copy import deepcopy
from typing import TYPE_CHECKING

import httpx

from image_store.domain.errors import InvalidToken
from image_store.entrypoints.callers.verdicts import verdict_against
from tests.functions.deployment import event
from tests.functions.requests import routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.functions.deployment import Deployment

FORBIDDEN = verdict_against(InvalidToken("The API key is not valid."))


class ApiInMemory(httpx.BaseTransport):
    """Answers as the gateway does; `verdicts` is what the authorizer says of each credential."""

    def __init__(self, store: Deployment, verdicts: Mapping[str, dict[str, str]]) -> None:
        self.requests: list[httpx.Request] = []
        self._store = store
        self._verdicts = verdicts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        route = _route_of(request)
        if route is None:
            return httpx.Response(404, json={"message": "Not Found"})
        function, path, parameters = route
        sent = deepcopy(event("stats/own"))
        sent |= {
            "routeKey": f"{request.method} {path}",
            "rawPath": request.url.path,
            "rawQueryString": request.url.query.decode(),
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "pathParameters": parameters,
            "body": base64.b64encode(request.read()).decode(),
            "isBase64Encoded": True,
        }
        sent["requestContext"]["http"] |= {"method": request.method, "path": request.url.path}
        credential = request.headers.get("authorization", "").removeprefix("Bearer ")
        sent["requestContext"]["authorizer"] = {"lambda": self._verdicts.get(credential, FORBIDDEN)}
        answer = self._store.invoke(function, sent)
        body = answer.get("body", "")
        content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        return httpx.Response(answer["statusCode"], headers=answer.get("headers", {}), content=content)


def _route_of(request: httpx.Request) -> tuple[str, str, dict[str, str]] | None:
    """The function, the path as a template, and its variable parts; the most literal route that fits, if one does."""
    fitting = []
    for function, method, path in routes():
        pattern = re.sub(r"<(\w+)\+>", r"(?P<\1>.+)", re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path))
        match = re.fullmatch(pattern, request.url.path)
        if match and method == request.method:
            fitting.append((len(match.groupdict()), function, path, match.groupdict()))
    if not fitting:
        return None
    _, function, path, parameters = min(fitting, key=lambda each: each[0])
    return function, re.sub(r"<(\w+\+?)>", r"{\1}", path), parameters
