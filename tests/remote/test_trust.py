"""Connections of one process read the certificate authorities once, and trust no more than they did."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore import httpsession
from botocore.config import Config
from botocore.exceptions import SSLError
from botocore.session import get_session

from image_store.adapters import trust
from tests.remote.servers import Authority, Server, answer, saying

pytestmark = pytest.mark.loopback

HOST = "127.0.0.1"
STORED = answer(b"", "Connection: close")


class CountingContext(ssl.SSLContext):
    """Counts how often certificate authorities are read."""

    reads = 0

    def load_verify_locations(self, *args: Any, **kwargs: Any) -> None:
        type(self).reads += 1
        super().load_verify_locations(*args, **kwargs)


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Contexts that count, and none that another test has made."""
    monkeypatch.setattr(CountingContext, "reads", 0)
    monkeypatch.setattr(
        httpsession, "create_urllib3_context", lambda: CountingContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    trust.shared_context.cache_clear()
    yield
    trust.shared_context.cache_clear()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "the tests' own")


@contextmanager
def client(server: Server, authority: Authority) -> Iterator[Any]:
    """A client of S3 that is sent to the server, and trusts the authority alone."""
    config = Config(
        connect_timeout=5,
        read_timeout=5,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        max_pool_connections=5,
    )
    made = get_session().create_client(
        "s3",
        endpoint_url=f"https://{HOST}:{server.port}",
        region_name="auto",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        verify=authority.bundle(),
        config=config,
    )
    with closing(made):
        yield made


def test_connections_of_several_clients_read_the_authorities_once(authority: Authority) -> None:
    with (
        Server(saying(STORED), tls=authority.serving(HOST)) as server,
        client(server, authority) as one,
        client(server, authority) as other,
        ThreadPoolExecutor(5) as threads,
    ):
        clients = [trust.trusting_once(one), trust.trusting_once(other)]
        calls = [threads.submit(clients[key % 2].head_object, Bucket="b", Key=str(key)) for key in range(10)]
        for call in calls:
            call.result(timeout=20)

    assert server.connections == 10
    assert CountingContext.reads == 1


def test_a_client_as_it_comes_reads_them_for_each_connection(authority: Authority) -> None:
    with Server(saying(STORED), tls=authority.serving(HOST)) as server, client(server, authority) as store:
        for key in range(3):
            store.head_object(Bucket="b", Key=str(key))

    assert CountingContext.reads == 3


def test_a_server_that_another_authority_has_certified_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "nobody's")

    with Server(saying(STORED), tls=other.serving(HOST)) as server, client(server, authority) as store:
        trust.trusting_once(store)
        with pytest.raises(SSLError):
            store.head_object(Bucket="b", Key="k")


@pytest.mark.parametrize(("host", "days"), [("example.com", 1), (HOST, -1)])
def test_a_certificate_of_another_host_or_time_is_refused(authority: Authority, host: str, days: int) -> None:
    with (
        Server(saying(STORED), tls=authority.serving(host, days=days)) as server,
        client(server, authority) as store,
    ):
        trust.trusting_once(store)
        with pytest.raises(SSLError):
            store.head_object(Bucket="b", Key="k")
