"""What an AI client waits for and reads: a cold start of its function, and the size of the list of tools."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.cold import ENVIRONMENT, Artefact, cpu_ms
from tests.benchmarks.measurement import Measurement, compare

_PAIRS = 15
_CHILD = Path(__file__).with_name("cold_mcp_child.py")
_LAYERS = ("SharedLayer", "DependenciesLayer", "McpLayer")
MCP_ENVIRONMENT = {
    name: value for name, value in ENVIRONMENT.items() if name.startswith(("AWS_", "POWERTOOLS_"))
} | {"API_URL": "https://api.example.com", "ISSUER": "https://issuer.example.com"}
_LIST, _CALL = "tools/list", "tools/call"


def measure(build: Path) -> Iterator[Measurement]:
    """Measure the function; without a build there is nothing to measure."""
    built = Artefact(build.parent / ".aws-sam" / "local", "McpFunction", _LAYERS)
    if not built.folders[0].is_dir():
        print("Not measured: nothing is built; `make build` does.", file=sys.stderr)
        return
    interpreter = str(build.parent / ".venv-handlers" / "bin" / "python")
    import_boto3 = [interpreter, "-c", "import boto3"]
    inputs = {method: write_message(build / "cold", method) for method in (_LIST, _CALL)}
    ours_ms = {}
    ratio = 0.0
    for method, event in inputs.items():
        cold_start = [interpreter, str(_CHILD), event]
        compared = compare(
            lambda command=cold_start: cpu_ms(command, built, MCP_ENVIRONMENT),  # type: ignore[misc]
            lambda: cpu_ms(import_boto3, built, MCP_ENVIRONMENT),
            pairs=_PAIRS,
        )
        ours_ms[method], ratio = compared.ours_ms, max(ratio, compared.ratio)
        boto3_ms = compared.theirs_ms
    detail = ", ".join(f"{method} {milliseconds:.0f} ms" for method, milliseconds in ours_ms.items())
    yield Measurement("cold_mcp", ratio, "× import", 1.5, f"{detail}, import boto3 {boto3_ms:.0f} ms")

    size = answer_to([interpreter, str(_CHILD), inputs[_LIST]], built)["bytes"] / 1024
    yield Measurement("mcp_tools_kb", size, "KB", 8, "the whole answer to tools/list")


def write_message(folder: Path, method: str) -> str:
    """Write the event of a message, as a client of version 2025-11-25 sends it; answer where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    params = {"name": "get_stats", "arguments": {}} if method == _CALL else {}
    event = {
        "version": "2.0",
        "routeKey": "POST /mcp",
        "headers": {
            "authorization": "Bearer a-token",
            "content-type": "application/json",
            "mcp-protocol-version": "2025-11-25",
        },
        "requestContext": {
            "requestId": "r",
            "domainName": "api.example.com",
            "authorizer": {"lambda": {"name": "subject:alice", "owner": "alice", "scopes": "images:read"}},
        },
        "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
    }
    path = folder / f"{method.replace('/', '-')}.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    return str(path)


def answer_to(command: list[str], built: Artefact) -> dict[str, int]:
    """What a cold start says of its answer."""
    environment = MCP_ENVIRONMENT | {"PYTHONPATH": built.search_path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return answer
