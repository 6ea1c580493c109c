"""What `image-store deploy` needs on this machine beside the emulator: Cloudflare's API, and an address for the API.

The token that the played Cloudflare hands out is the key pair of the emulator's root, because IAM lets nobody choose a
key pair. What a token may do is checked where it is created.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from botocore.config import Config
from botocore.exceptions import ClientError

from local.__main__ import serving
from local.cdn import Cdn
from local.front import Front
from local.inside_emulator.gate import FRONT_HEADER
from local.page_check import ANY
from local.ports import any_free_port, take_port
from local.routes import Routes
from local.throttle import throttle_for_this_machine
from tests.local_servers import LocalHandler, LocalServer

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack
    from tests.fakes.cloudflare_account import CloudflareAccount

TOKEN_VALUE = "a-value-that-cloudflare-shows-once"
ROOT_KEY = {
    "access_key": "5f2c5f2c5f2c5f2c5f2c5f2c5f2c5f2c",
    "secret_key": hashlib.sha256(TOKEN_VALUE.encode()).hexdigest(),
}
"""The emulator's root: id and hash of the value of the token that the played Cloudflare hands out."""
POLL_SECONDS = 0.1
READY_SECONDS = 300


class CloudflareServer(LocalServer):
    """The played account at an address."""

    def __init__(self, account: CloudflareAccount) -> None:
        super().__init__(_handler(account))

    @property
    def base(self) -> str:
        """The address for CLOUDFLARE_API_BASE_URL."""
        return f"{self.url}/client/v4"


def _handler(account: CloudflareAccount) -> type[LocalHandler]:
    class Handler(LocalHandler):
        def respond(self) -> None:
            parts = urlsplit(self.path)
            query, headers = dict(parse_qsl(parts.query)), dict(self.headers.items())
            answer = account.answer(self.command, parts.path, query, headers, self.body())
            if answer is None:
                self.close_connection = True
                return
            status, body, more = answer
            self.answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **more})

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815 - the base class's names

    return Handler


def apply_cors(storage: Any, bucket: str, rules: list[dict[str, Any]]) -> None:
    """Give a bucket of the emulator the CORS rules that Cloudflare's API was given."""
    names = {"origins": "AllowedOrigins", "methods": "AllowedMethods", "headers": "AllowedHeaders"}
    in_s3 = [
        {names[name]: value for name, value in rule["allowed"].items()}
        | {"ExposeHeaders": rule["exposeHeaders"], "MaxAgeSeconds": rule["maxAgeSeconds"]}
        for rule in rules
    ]
    storage.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": in_s3})


class SecondFront:
    """Serves the API of a second stack at a port of its own, as soon as the stack has one; a context manager."""

    def __init__(self, stack: Stack, *, name: str, public_bucket: str) -> None:
        self.port = any_free_port()
        self.url = f"http://localhost:{self.port}"
        self._stack = stack
        self._name = name
        self._bucket = public_bucket
        self._secret = front_secret(stack)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(READY_SECONDS)

    async def _run(self) -> None:
        while (api := await asyncio.to_thread(self._api)) is None:
            if self._ending.is_set():
                return
            await asyncio.sleep(POLL_SECONDS)
        routes = self._stack.client("apigatewayv2").get_routes(ApiId=api)["Items"]
        endpoint = self._stack.described["s3_endpoint"]
        async with aiohttp.ClientSession(auto_decompress=False) as http:
            front = Front(
                api_base=f"{endpoint}/_aws/execute-api/{api}/$default",
                cdn=Cdn(
                    storage=self._stack.client("s3", config=Config(signature_version="s3v4")),
                    bucket=self._bucket,
                    http=http,
                ),
                http=http,
                origins=frozenset({ANY}),
                routes=Routes([route["RouteKey"] for route in routes]),
                secret={FRONT_HEADER.decode(): self._secret},
                throttle=throttle_for_this_machine(),
            )
            async with serving(front.application(), take_port(self.port)):
                while not self._ending.is_set():
                    await asyncio.sleep(POLL_SECONDS)

    def _api(self) -> str | None:
        formation = self._stack.client("cloudformation")
        try:
            status = formation.describe_stacks(StackName=self._name)["Stacks"][0]["StackStatus"]
            if status != "CREATE_COMPLETE":
                return None
            resources = formation.describe_stack_resources(StackName=self._name)["StackResources"]
        except ClientError:
            return None
        kinds = {each["ResourceType"]: each["PhysicalResourceId"] for each in resources}
        return str(kinds["AWS::ApiGatewayV2::Api"])


def front_secret(stack: Stack) -> str:
    """The secret by which the emulator recognises its front, from the environment with which it was started."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    for pid, parent in (line.split() for line in listing.stdout.splitlines()):
        if int(parent) == stack.launcher:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            for variable in variables:
                if variable.startswith(b"FRONT_SECRET="):
                    return variable.partition(b"=")[2].decode()
    raise AssertionError("the emulator is not running")


class Operator:
    """Somebody at a terminal in the checkout, with the accounts of a deployment in the environment."""

    def __init__(self, stack: Stack, cloudflare: str, *, token: str, root: Path, home: Path) -> None:
        own = ("IMAGE_STORE", "AWS_", "CLOUDFLARE_")
        self._root = root
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(own)},
            "PYTHONPATH": os.pathsep.join(
                str(root / folder) for folder in ("cli", "clients/python", "clients/mcp")
            ),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            "AWS_ENDPOINT_URL": stack.described["s3_endpoint"],
            "AWS_ACCESS_KEY_ID": stack.described["access_key"],
            "AWS_SECRET_ACCESS_KEY": stack.described["secret_key"],
            "CLOUDFLARE_API_BASE_URL": cloudflare,
            "CLOUDFLARE_API_TOKEN": token,
            "IMAGE_STORE_TOKEN": stack.token("admin", scope="images:admin"),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command in a process that can be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "image_store_cli", *words],
            cwd=self._root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, exit_code: int = 0) -> tuple[list[dict[str, Any]], str]:
        """Run a command to its expected end; return the JSON lines of its stdout, and everything that it printed."""
        process = self.start(*words, "--json")
        out, err = process.communicate(timeout=READY_SECONDS)
        assert process.returncode == exit_code, out + err
        return [json.loads(line) for line in out.splitlines()], out + err


def wait_for_stack(stack: Stack, name: str) -> None:
    """Wait until CloudFormation knows a stack: before it has resources, while it gets them, or after."""
    formation, deadline = stack.client("cloudformation"), time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            formation.describe_stacks(StackName=name)
        except ClientError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise AssertionError(f"there was never a stack {name}")
