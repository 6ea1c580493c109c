"""One cold start of the authorizer: import its handler from a built artefact, verify one token, and end.

Run as `python cold_authorize_child.py EVENT.json DOCUMENTS.json [REPEATS]` with the artefact's folders in PYTHONPATH,
as Lambda has them. DOCUMENTS are what the issuer publishes, by path. Prints the owner, and with REPEATS the CPU time of
each further request. Nothing is imported here that the handler would not import itself: the parent measures the CPU
time of this whole process.
"""

import importlib
import json
import sys
import time


class _Context:
    """What Powertools wants to know of a Lambda context."""

    function_name = "authorize"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:authorize"
    aws_request_id = "8f5a1f6e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


class _Answer:
    """An answer of the issuer, as http.client reads it."""

    status = 200
    length = 0

    def __init__(self, body: bytes) -> None:
        self._body = body

    def getheader(self, _: str, default: str) -> str:
        return default

    def read(self, _: int) -> bytes:
        return self._body


def publish(documents: "dict[str, object]") -> None:
    """Let http.client make its connection, with the certificate roots, and answer without a socket."""
    from http.client import HTTPConnection, HTTPSConnection

    def connect(connection: HTTPConnection) -> None:
        connection.sock = None

    def request(connection: HTTPConnection, _: str, path: str, **__: object) -> None:
        connection.path = path  # type: ignore[attr-defined]

    def getresponse(connection: HTTPConnection) -> _Answer:
        return _Answer(json.dumps(documents[connection.path]).encode())  # type: ignore[attr-defined]

    HTTPSConnection.connect = connect  # type: ignore[method-assign, assignment]
    HTTPSConnection.request = request  # type: ignore[method-assign, assignment]
    HTTPSConnection.getresponse = getresponse  # type: ignore[method-assign, assignment]


def main(event_path: str, documents_path: str, repeats: str = "0") -> None:
    """Verify the token of the event, and print whose it is."""
    app = importlib.import_module("app")
    with open(event_path, encoding="utf-8") as file:
        event = json.load(file)
    with open(documents_path, encoding="utf-8") as file:
        publish(json.load(file))
    verdict = app.lambda_handler(event, _Context())
    times_ms = []
    for _ in range(int(repeats)):
        begun = time.process_time()
        app.lambda_handler(event, _Context())
        times_ms.append(1000 * (time.process_time() - begun))
    print(json.dumps({"status": 200, "owner": verdict["context"]["owner"], "times_ms": times_ms}))


if __name__ == "__main__":
    main(*sys.argv[1:])
