"""One cold start: import a handler from a built artefact, answer one event, and end. Run as a script.

`python cold_child.py EVENT.json ANSWERS.json` with the artefact's folders in PYTHONPATH, as Lambda has them.
Prints the status of the answer, and what AWS operations were called. Nothing is imported here that the
handler would not import itself: the parent measures the CPU time of this whole process.
"""

import importlib
import json
import sys


class _Context:
    """What Powertools wants to know of a Lambda context."""

    function_name = "retrieve"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:retrieve"
    aws_request_id = "8f5a1f6e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


class _Body:
    """The raw part of an answer, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> "list[bytes]":
        return [self._body]


def _answer_without_network(answers: "dict[str, object]", called: "list[str]") -> None:
    """Let botocore prepare, sign and parse as ever; only the sockets are left out.

    What urllib3 does for each new connection is done: it has the context of the client read the certificate roots.
    """
    from botocore import httpsession
    from botocore.awsrequest import AWSResponse

    connected: set[int] = set()

    def send(session: object, request: object) -> AWSResponse:
        operation = request.headers["X-Amz-Target"]  # type: ignore[attr-defined]
        operation = operation.decode() if isinstance(operation, bytes) else operation
        called.append(operation)
        if id(session) not in connected:
            connected.add(id(session))
            manager = session._manager  # type: ignore[attr-defined]  # noqa: SLF001
            context = manager.connection_pool_kw["ssl_context"]
            context.load_verify_locations(httpsession.get_cert_path(True), None, None)
        body = json.dumps(answers[operation]).encode()
        headers = {"content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, headers, _Body(body))  # type: ignore[attr-defined]

    httpsession.URLLib3Session.send = send


def main(event_path: str, answers_path: str) -> None:
    """Answer the event and print what was answered."""
    app = importlib.import_module("app")
    with open(event_path, encoding="utf-8") as file:
        event = json.load(file)
    with open(answers_path, encoding="utf-8") as file:
        answers = json.load(file)
    called: list[str] = []
    _answer_without_network(answers, called)
    answer = app.lambda_handler(event, _Context())
    print(json.dumps({"status": answer["statusCode"], "called": called}))


if __name__ == "__main__":
    main(*sys.argv[1:])
