"""What the authorizer spends: a cold start with a token, from what `make build` built, and a token when it is warm."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.cold import ENVIRONMENT, Artefact, cpu_ms
from tests.benchmarks.measurement import Measurement, compare
from tests.tokens.issuers import AUDIENCE, ISSUER, public_jwk, token

_PAIRS = 15
_REPEATS = 50
_CHILD = Path(__file__).with_name("cold_authorize_child.py")
_ALGORITHMS = {"RS256": "rsa", "ES256": "p256", "EdDSA": "ed25519"}
AUTHORIZER_ENVIRONMENT = ENVIRONMENT | {
    "ISSUER": ISSUER,
    "AUDIENCE": AUDIENCE,
    "METRICS_NAMESPACE": "ImageStore/store",
}


def measure(build: Path) -> Iterator[Measurement]:
    """Measure the authorizer; without a build there is nothing to measure."""
    built = Artefact(build.parent / ".aws-sam" / "local", "AuthorizeFunction")
    if not built.folders[0].is_dir():
        print("Not measured: nothing is built; `make build` does.", file=sys.stderr)
        return
    interpreter = str(build.parent / ".venv-handlers" / "bin" / "python")
    inputs = write_token_inputs(build / "cold")
    cold_start = [interpreter, str(_CHILD), *inputs]
    import_boto3 = [interpreter, "-c", "import boto3"]
    against_import = compare(
        lambda: cpu_ms(cold_start, built, AUTHORIZER_ENVIRONMENT),
        lambda: cpu_ms(import_boto3, built, AUTHORIZER_ENVIRONMENT),
        pairs=_PAIRS,
    )
    detail = f"{against_import.ours_ms:.0f} ms, import boto3 {against_import.theirs_ms:.0f} ms"
    yield Measurement("cold_authorize_vs_import_boto3", against_import.ratio, "× import", 1.0, detail)

    warm = {
        name: _warm_ms([interpreter, str(_CHILD), *write_token_inputs(build / "cold", name)], built)
        for name in _ALGORITHMS
    }
    detail = ", ".join(f"{name} {milliseconds:.2f}" for name, milliseconds in warm.items())
    yield Measurement("authorize_warm_ms", max(warm.values()), "ms", 3, detail)


def write_token_inputs(folder: Path, algorithm: str = "RS256") -> tuple[str, str]:
    """Write a request with a token, and what its issuer publishes; answer where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    event, documents = folder / f"{algorithm}.json", folder / "issuer.json"
    header = f"Bearer {token(algorithm, exp=timedelta(days=1))}"
    event.write_text(
        json.dumps(
            {
                "version": "2.0",
                "headers": {"authorization": header},
                "requestContext": {"requestId": "r"},
            }
        ),
        encoding="utf-8",
    )
    published = {
        "/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"},
        "/keys": {"keys": [public_jwk(kind) for kind in _ALGORITHMS.values()]},
    }
    documents.write_text(json.dumps(published), encoding="utf-8")
    return str(event), str(documents)


def _warm_ms(command: list[str], built: Artefact) -> float:
    """The median CPU time of a token in a process that has verified one."""
    done = subprocess.run(
        [*command, str(_REPEATS)],
        env=AUTHORIZER_ENVIRONMENT | {"PYTHONPATH": built.search_path, "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    times_ms: list[float] = json.loads(done.stdout.splitlines()[-1])["times_ms"]
    return statistics.median(times_ms)
