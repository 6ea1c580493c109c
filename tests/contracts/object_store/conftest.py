"""Buckets that keep the contract of ObjectStore."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from image_store.ports.objects import ObjectStore
from tests.contracts.object_store.buckets import (
    Buckets,
    in_memory,
    in_moto,
    on_server,
    r2_in_memory,
    s3_in_memory,
)
from tests.contracts.object_store.servers import S3Server, ministack, seaweedfs

IN_MEMORY = {"memory": in_memory, "r2 in memory": r2_in_memory, "s3 in memory": s3_in_memory}
SERVERS = [pytest.param(name, marks=pytest.mark.loopback) for name in ("ministack", "seaweedfs")]


@pytest.fixture(scope="session")
def ministack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(params=[*IN_MEMORY, "moto", *SERVERS])
def buckets(request: pytest.FixtureRequest) -> Iterator[Buckets]:
    if request.param in IN_MEMORY:
        yield IN_MEMORY[request.param]()
    elif request.param == "moto":
        with mock_aws():
            yield in_moto()
    else:
        server: S3Server = request.getfixturevalue(f"{request.param}_server")
        yield on_server(server)
        server.empty()


@pytest.fixture
def bucket(buckets: Buckets) -> ObjectStore:
    return buckets.private


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[S3Server]:
    started: S3Server = request.getfixturevalue(f"{request.param}_server")
    yield started
    started.empty()
