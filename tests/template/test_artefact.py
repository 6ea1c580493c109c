"""What is deployed: the real ``sam build`` for Lambda's default target, on whatever machine this is.

The build needs nothing but the defaults of the makefiles and an interpreter and uv by name.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydantic_core
import pytest

from tests.benchmarks.authorizing import AUTHORIZER_ENVIRONMENT, write_token_inputs
from tests.benchmarks.cold import ENVIRONMENT, write_inputs
from tests.benchmarks.mcp import MCP_ENVIRONMENT, write_message

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = [
    "Upload",
    "Direct",
    "Retrieve",
    "List",
    "Update",
    "Delete",
    "Links",
    "Site",
    "Cleanup",
    "Backup",
    "Recovery",
    "Admin",
    "Migrate",
    "Imports",
    "Ingest",
    "Work",
    "Search",
    "Feed",
    "Events",
    "Stats",
    "Health",
    "Project",
    "Audit",
    "Rebuild",
    "Render",
    "Share",
    "Generations",
    "Openai",
    "Generate",
    "Authorize",
    "Keys",
    "Mcp",
    "Deliver",
    "Webhooks",
]
SEALING = {
    "Deliver",
    "Webhooks",
    "Retrieve",
    "Update",
    "Delete",
    "Generations",
    "Openai",
}  # of those that do not decode
LAYERS = {"SharedLayer", "DependenciesLayer", "ImagingLayer", "CryptoLayer", "ProvidersLayer", "McpLayer"}
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024  # Lambda's limit for a function and its layers
# What reaches SAM or the makefiles from `make test`, a developer's shell or an account of theirs.
FOREIGN = ("ARCH", "AWS_", "MAKE", "MFLAGS", "PLATFORM", "PYTHON", "SAM_", "UV", "VIRTUAL_ENV")
MB = 1_000_000
MAX_LOADED_BYTES = 40 * MB  # PERFORMANCE: what a function that does not decode loads
ELF_MACHINE = slice(18, 20)
AARCH64 = (183).to_bytes(2, "little")
UNCHECKED_HASH = (1).to_bytes(4, "little")  # PEP 552: made from a hash, and never compared with the source
POWERTOOLS = "aws_lambda_powertools"
ON_DEMAND = [
    POWERTOOLS,
    f"{POWERTOOLS}.event_handler",
    f"{POWERTOOLS}.event_handler.openapi",
    f"{POWERTOOLS}.utilities.data_classes",
]
# Each costs a tenth of a cold start or more, and answering from DynamoDB takes none of them.
SLOW_AND_NOT_NEEDED = {
    "asyncio",
    "boto3",
    "cryptography",
    "pydantic",
    "s3transfer",
    f"{POWERTOOLS}.event_handler.appsync",
    f"{POWERTOOLS}.metrics",
    f"{POWERTOOLS}.tracing",
    "image_store.adapters.dynamodb.finding.projector",
    "image_store.adapters.dynamodb.finding.projections",
    "image_store.adapters.dynamodb.finding.search_index",
    "image_store.adapters.kms",
    "image_store.domain.finding.projection",
    "image_store.domain.finding.words",
    "image_store.domain.finding.similarity",
    "image_store.services.finding.search",
    "image_store.services.finding.similarity",
}


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``sam deploy`` would package."""
    folder = tmp_path_factory.mktemp("artefact")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("UV_") or not name.startswith(FOREIGN)
    }
    tools = [str(ROOT / name / "bin") for name in (".venv-sam", ".venv-uv", ".venv-console")]
    environment |= {
        "PATH": os.pathsep.join([*tools, os.environ.get("PATH", os.defpath)]),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder / "settings"),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = ["sam", "build", "--parallel", "--no-cached", "--build-dir", str(folder / "build")]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder / "build"


def files(folder: Path, pattern: str = "*") -> list[Path]:
    """Every file below a folder whose name fits."""
    return [path for path in folder.rglob(pattern) if path.is_file()]


def size(folder: Path) -> int:
    """The bytes of a folder once it is unzipped."""
    return sum(path.stat().st_size for path in files(folder))


def test_every_function_and_layer_is_built(artefact: Path) -> None:
    folders = {path.name for path in artefact.iterdir() if path.is_dir()}

    assert folders == {f"{name}Function" for name in FUNCTIONS} | LAYERS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_handler_and_nothing_else(name: str, artefact: Path) -> None:
    folder = artefact / f"{name}Function"
    console = {"main.js", "looking.js", "rest.js", "console.css", "mark.svg"}
    console |= {"heif-worker.js", "libheif.js", "libheif.wasm", "libheif-license.txt"}
    site = {"openapi.json", "index.html", *(f"assets/{file}" for file in console)}
    extra = site if name == "Site" else set()

    names = {str(path.relative_to(folder)) for path in files(folder)}

    assert names == {"app.py", "__pycache__/app.cpython-313.pyc"} | extra


def test_the_shared_layer_has_the_package_of_the_checkout(artefact: Path) -> None:
    layer, source = artefact / "SharedLayer/python", ROOT / "layers/shared"
    sources = {
        str(path.relative_to(source)): path.read_bytes()
        for path in files(source / "image_store")
        if "__pycache__" not in path.parts
    }

    modules = {
        str(path.relative_to(layer)): path.read_bytes()
        for path in files(layer)
        if "__pycache__" not in path.parts
    }

    assert modules == sources


def test_compiled_libraries_are_for_lambdas_processor(artefact: Path) -> None:
    libraries = files(artefact, "*.so") + files(artefact, "*.so.*")
    machines = {path.name: path.read_bytes()[ELF_MACHINE] for path in libraries}

    assert {name.split(".")[0] for name in machines} >= {"_pydantic_core", "_imaging", "_webp", "_avif"}
    assert set(machines.values()) == {AARCH64}


def test_every_module_has_bytecode_that_lambda_uses_without_a_check(artefact: Path) -> None:
    modules = files(artefact, "*.py")
    compiled = {Path(importlib.util.cache_from_source(str(path))): path for path in modules}

    assert set(files(artefact, "*.pyc")) == set(compiled)
    for path, module in compiled.items():
        bytecode = path.read_bytes()
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER
        assert bytecode[4:8] == UNCHECKED_HASH
        assert bytecode[8:16] == importlib.util.source_hash(module.read_bytes())


def test_bytecode_names_the_paths_in_lambda(artefact: Path) -> None:
    for folder in artefact.iterdir():
        root = Path("/opt" if folder.name in LAYERS else "/var/task")
        for path in files(folder, "*.pyc"):
            module = path.parent.parent / f"{path.name.split('.')[0]}.py"
            code = marshal.loads(path.read_bytes()[16:])  # noqa: S302 - just compiled, by this very Python

            assert code.co_filename == str(root / module.relative_to(folder))


def test_nothing_of_this_machine_is_shipped(artefact: Path) -> None:
    here = [str(artefact).encode(), str(ROOT).encode()]

    assert not [path for path in files(artefact) if any(name in path.read_bytes() for name in here)]


def test_a_function_that_does_not_decode_loads_little(artefact: Path) -> None:
    layers = size(artefact / "SharedLayer") + size(artefact / "DependenciesLayer")
    crypto = size(artefact / "CryptoLayer")

    for name in FUNCTIONS:
        more = crypto if name in SEALING else size(artefact / "McpLayer") if name == "Mcp" else 0
        assert layers + more + size(artefact / f"{name}Function") <= MAX_LOADED_BYTES


def test_only_the_imaging_layer_has_pillow(artefact: Path) -> None:
    holding = {path.relative_to(artefact).parts[0] for path in artefact.rglob("PIL")}

    assert holding == {"ImagingLayer"}


def test_the_function_with_every_layer_is_far_below_lambdas_limit(artefact: Path) -> None:
    total = sum(size(artefact / layer) for layer in LAYERS) + size(artefact / "GenerateFunction")

    assert total < MAX_UNZIPPED_BYTES * 0.8


@pytest.mark.parametrize(
    "layer", ["DependenciesLayer", "ImagingLayer", "CryptoLayer", "ProvidersLayer", "McpLayer"]
)
def test_scanners_find_every_package_at_its_locked_version(layer: str, artefact: Path) -> None:
    lock = ROOT / "layers" / layer.removesuffix("Layer").lower() / "requirements.txt"
    locked = {line.split()[0] for line in lock.read_text().splitlines() if "==" in line}

    packages = set()
    for metadata in files(artefact / layer, "METADATA"):
        fields = dict(line.split(": ", 1) for line in metadata.read_text().splitlines()[:10] if ": " in line)
        packages.add(f"{fields['Name'].lower().replace('_', '-')}=={fields['Version']}")

    assert packages == locked


def test_exactly_the_authorities_of_the_bundle_are_in_the_folder(artefact: Path) -> None:
    botocore = artefact / "DependenciesLayer/python/botocore"
    mark = "-----BEGIN CERTIFICATE-----"
    _, *bundled = (botocore / "cacert.pem").read_text(encoding="utf-8").split(mark)

    laid_out = [path.read_text() for path in (botocore / "cacert.d").iterdir()]

    end = "-----END CERTIFICATE-----\n"
    assert sorted(laid_out) == sorted(mark + body.partition(end)[0] + end for body in bundled)


@pytest.fixture(scope="module")
def pruned(artefact: Path) -> dict[str, Any]:
    """The calls that the layer's boto3 can make."""
    script = ROOT / "tests/template/pruned_clients.py"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-I", "-S", script, artefact / "DependenciesLayer/python"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answers: dict[str, Any] = json.loads(result.stdout)
    return answers


def test_every_operation_of_the_store_works_with_the_layers_boto3(
    pruned: dict[str, Any], artefact: Path
) -> None:
    assert Path(pruned["boto3"]).is_relative_to(artefact)
    assert {name.split(".")[0] for name in pruned["called"]} == {
        "cloudfront",
        "dynamodb",
        "events",
        "kms",
        "lambda",
        "s3",
        "secretsmanager",
        "sqs",
    }
    assert pruned["presigned"] == "https://images.s3.amazonaws.com/images/a/b.jpg"


@pytest.mark.parametrize("package", ON_DEMAND)
def test_powertools_exports_the_same_names_and_imports_them_on_demand(package: str, artefact: Path) -> None:
    offered = importlib.import_module(package).__all__

    result = run_script("on_demand_imports.py", layers(artefact, "DependenciesLayer"), package, *offered)

    assert result["missing"] == []
    assert sorted(result["all"]) == sorted(offered)
    assert not {"asyncio", f"{POWERTOOLS}.event_handler.appsync", f"{POWERTOOLS}.metrics"} & set(
        result["loaded"]
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_can_be_imported_with_only_its_layers_and_no_environment(
    name: str, artefact: Path, tmp_path: Path
) -> None:
    own = ["McpLayer"] if name == "Mcp" else []
    path = [str(artefact / f"{name}Function"), *layers(artefact, "SharedLayer", "DependenciesLayer", *own)]
    compiled_for_this_machine = Path(pydantic_core.__file__).parent
    (tmp_path / "pydantic_core").symlink_to(compiled_for_this_machine)

    result = run_script("cold_start.py", [str(tmp_path), *path])

    assert result["handler"] == "lambda_handler"
    assert not {"PIL", "asyncio", "boto3", "cryptography", "google", "httpx", "httpx2", "openai"} & set(
        result["loaded"]
    )


def test_the_first_response_of_retrieve_imports_few_modules(artefact: Path, tmp_path: Path) -> None:
    path = [str(artefact / "RetrieveFunction"), *layers(artefact, "SharedLayer", "DependenciesLayer")]
    inputs = write_inputs(tmp_path)

    result = run_script("cold_start.py", path, "cold_child", *inputs, environment=ENVIRONMENT)

    assert result["status"] == 200
    assert not SLOW_AND_NOT_NEEDED & set(result["loaded"])


@pytest.mark.parametrize(
    ("method", "not_needed"), [("tools/list", {"httpx", "ssl"}), ("tools/call", set[str]())]
)
def test_an_ai_client_is_answered_without_what_other_functions_need(
    method: str, not_needed: set[str], artefact: Path, tmp_path: Path
) -> None:
    path = [
        str(artefact / "McpFunction"),
        *layers(artefact, "SharedLayer", "DependenciesLayer", "McpLayer"),
    ]

    result = run_script(
        "cold_start.py", path, "cold_mcp_child", write_message(tmp_path, method), environment=MCP_ENVIRONMENT
    )

    assert result["status"] == 200
    assert not ({"boto3", "pydantic", "mcp_types"} | not_needed) & set(result["loaded"])


def test_the_layer_for_ai_clients_has_the_packages_of_the_checkout(artefact: Path) -> None:
    for source in (ROOT / "clients/mcp/image_store_mcp", ROOT / "clients/python/image_store_client"):
        layer = artefact / "McpLayer/python" / source.name
        sources = {path.relative_to(source) for path in files(source) if "__pycache__" not in path.parts}

        assert sources == {
            path.relative_to(layer) for path in files(layer) if "__pycache__" not in path.parts
        }


def test_a_token_is_verified_without_boto3_and_pydantic(artefact: Path, tmp_path: Path) -> None:
    for compiled in ("cryptography", "_cffi_backend"):  # for this machine; the artefact's are for Lambda
        location = importlib.util.find_spec(compiled)
        assert location is not None
        assert location.origin is not None
        file = Path(location.origin)
        source = file.parent if file.name == "__init__.py" else file
        (tmp_path / source.name).symlink_to(source)
    folders = layers(artefact, "SharedLayer", "DependenciesLayer", "CryptoLayer")
    path = [str(tmp_path), str(artefact / "AuthorizeFunction"), *folders]

    result = run_script(
        "cold_start.py",
        path,
        "cold_authorize_child",
        *write_token_inputs(tmp_path / "inputs"),
        environment=AUTHORIZER_ENVIRONMENT,
    )

    assert result["owner"] == "alice"
    assert not {"asyncio", "boto3", "pydantic", "jwt.jwks_client"} & set(result["loaded"])
    of_the_table = (
        "botocore.",
        "image_store.adapters.dynamodb",
    )  # Powertools looks whether there is a botocore
    assert not [name for name in result["loaded"] if name.startswith(of_the_table)]


def layers(artefact: Path, *names: str) -> list[str]:
    """The module search path of Lambda for these layers."""
    return [str(artefact / name / "python") for name in names]


def run_script(
    script: str, path: list[str], *arguments: str, environment: dict[str, str] | None = None
) -> Any:
    """The output of a script beside this file that can import only the standard library and `path`."""
    result = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "tests/template" / script, os.pathsep.join(path), *arguments],
        env=environment or {},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
