"""One cold start of the function for AI clients: import its handler from a built artefact, answer a message, and end.

Run as `python cold_mcp_child.py EVENT.json` with the artefact's folders in PYTHONPATH, as Lambda has them. The API
behind a tool is replaced below httpx: the client, its connection and its certificate roots are those of a real call.
Prints the status and the bytes of the answer. Nothing is imported here that the handler would not import itself: the
parent measures the CPU time of this whole process.
"""

import importlib
import json
import sys


class _Context:
    """What Powertools wants to know of a Lambda context."""

    function_name = "mcp"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:mcp"
    aws_request_id = "8f5a1f6e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


STATS = {
    "scope": "own",
    "images": 0,
    "size_bytes": 0,
    "trash": {"images": 0, "size_bytes": 0},
    "by_kind": {},
    "by_format": {},
    "by_visibility": {},
    "by_model": {},
}


def _answer_without_network() -> None:
    """Let httpx make its client and its request; only the sockets are left out."""
    import httpx

    def handle_request(_: object, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=STATS, request=request)

    httpx.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign, assignment]


def main(event_path: str) -> None:
    """Answer the event and print what was answered."""
    app = importlib.import_module("app")
    with open(event_path, encoding="utf-8") as file:
        event = json.load(file)
    if '"tools/call"' in event["body"]:
        _answer_without_network()
    answer = app.lambda_handler(event, _Context())
    body = json.loads(answer["body"])
    is_good = "result" in body and not body["result"].get("isError")
    print(json.dumps({"status": answer["statusCode"] if is_good else 500, "bytes": len(answer["body"])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
