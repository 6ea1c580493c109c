"""A cold start of the retrieve function against `import boto3`, from what `make build` built."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measurement import Measurement, children_cpu_ms, compare
from tests.benchmarks.sample import retrieve_answers, retrieve_event

_PAIRS = 15
_FUNCTION = "RetrieveFunction"
_LAYERS = ("SharedLayer", "DependenciesLayer", "CryptoLayer")
_CHILD = Path(__file__).with_name("cold_child.py")

# What template.yaml sets on the function; the values mean nothing, as no network is used.
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "example",
    "AWS_SECRET_ACCESS_KEY": "example",
    "TABLE_NAME": "images",
    "PRIVATE_BUCKET": "private",
    "PUBLIC_BUCKET": "public",
    "PUBLIC_URL": "https://cdn.example.com",
    "R2_ENDPOINT": "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com",
    "R2_REGION": "auto",
    "R2_SECRET": "images/r2",
    "SECRETS_KEY": "arn:aws:kms:eu-west-1:123456789012:key/example",
    "POWERTOOLS_SERVICE_NAME": "image-store",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}


@dataclass(frozen=True, slots=True)
class Artefact:
    """The folders that Lambda would have: the function, and its layers under /opt."""

    root: Path
    function: str = _FUNCTION
    layers: tuple[str, ...] = _LAYERS

    @property
    def folders(self) -> tuple[Path, ...]:
        """The function's own folder, and those of its layers."""
        return (self.root / self.function, *(self.root / layer for layer in self.layers))

    @property
    def search_path(self) -> str:
        """Where Python looks for modules."""
        function, *layers = self.folders
        return os.pathsep.join(str(path) for path in (function, *(layer / "python" for layer in layers)))

    @property
    def size_mb(self) -> float:
        """The size of all files."""
        files = (path for folder in self.folders for path in folder.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files) / 1_000_000


def measure(build: Path) -> Iterator[Measurement]:
    """Measure cold starts; without a build there is nothing to measure."""
    built = Artefact(build.parent / ".aws-sam" / "local")
    if not built.folders[0].is_dir():
        print("Not measured: nothing is built; `make build` does.", file=sys.stderr)
        return
    interpreter = build.parent / ".venv-handlers" / "bin" / "python"
    inputs = write_inputs(build / "cold")
    cold_start = [str(interpreter), str(_CHILD), *inputs]
    import_boto3 = [str(interpreter), "-c", "import boto3"]

    against_import = compare(
        lambda: cpu_ms(cold_start, built), lambda: cpu_ms(import_boto3, built), pairs=_PAIRS
    )
    detail = f"{against_import.ours_ms:.0f} ms, import boto3 {against_import.theirs_ms:.0f} ms"
    yield Measurement("cold_retrieve_vs_import_boto3", against_import.ratio, "× import", 1.65, detail)

    compiled = _compiled_here(built, build / "compiled", interpreter)
    against_compiled = compare(
        lambda: cpu_ms(cold_start, built), lambda: cpu_ms(cold_start, compiled), pairs=_PAIRS
    )
    detail = f"{against_compiled.ours_ms:.0f} ms, compiled here {against_compiled.theirs_ms:.0f} ms"
    yield Measurement("artefact_vs_compiled", against_compiled.ratio, "× compiled", 1.05, detail)
    detail = f"{_FUNCTION} with {', '.join(_LAYERS)}"
    yield Measurement("function_unzipped_mb", built.size_mb, "MB", 40, detail)


def write_inputs(folder: Path) -> tuple[str, str]:
    """Write the event of a cold start and what AWS answers meanwhile; answer where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    event, answers = folder / "event.json", folder / "answers.json"
    event.write_text(json.dumps(retrieve_event()), encoding="utf-8")
    answers.write_text(json.dumps(retrieve_answers()), encoding="utf-8")
    return str(event), str(answers)


def cpu_ms(command: list[str], artefact: Artefact, variables: Mapping[str, str] = ENVIRONMENT) -> float:
    """The CPU time of one cold start, which must answer 200."""
    environment = {**variables, "PYTHONPATH": artefact.search_path}

    def run() -> None:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"The cold start failed: {done.stderr.strip()[-500:]}")
        if done.stdout and json.loads(done.stdout.splitlines()[-1])["status"] != 200:
            raise RuntimeError(f"The cold start answered {done.stdout.strip()[-500:]}")

    return children_cpu_ms(run)


def _compiled_here(built: Artefact, target: Path, interpreter: Path) -> Artefact:
    """A copy of the artefact whose bytecode was made in its place, as on a developer's machine."""
    shutil.rmtree(target, ignore_errors=True)
    for folder in built.folders:
        shutil.copytree(folder, target / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([str(interpreter), "-m", "compileall", "-q", str(target)], check=True)
    return Artefact(target)
