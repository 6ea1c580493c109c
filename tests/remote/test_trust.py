"""Connections of one process read the certificate authorities once, and trust no more than they did."""

import importlib.util
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
ROOTS = Path(__file__).resolve().parents[2] / "layers/dependencies/roots.py"


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
        connect_timeout=60,
        read_timeout=60,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        max_pool_connections=5,
    )
    new_client = get_session().create_client(
        "s3",
        endpoint_url=f"https://{HOST}:{server.port}",
        region_name="auto",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        verify=authority.bundle(),
        config=config,
    )
    with closing(new_client):
        yield new_client


def test_connections_of_several_clients_read_the_authorities_once(authority: Authority) -> None:
    with (
        Server(saying(STORED), tls=authority.serving(HOST)) as server,
        client(server, authority) as one,
        client(server, authority) as other,
        ThreadPoolExecutor(5) as threads,
    ):
        clients = [trust.share_trust(one), trust.share_trust(other)]
        calls = [threads.submit(clients[key % 2].head_object, Bucket="b", Key=str(key)) for key in range(10)]
        for call in calls:
            call.result(timeout=60)

    assert server.connections == 10
    assert CountingContext.reads == 1


def test_an_unchanged_client_reads_the_authorities_for_each_connection(authority: Authority) -> None:
    with Server(saying(STORED), tls=authority.serving(HOST)) as server, client(server, authority) as store:
        for key in range(3):
            store.head_object(Bucket="b", Key=str(key))

    assert CountingContext.reads == 3


def test_a_server_that_another_authority_has_certified_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "nobody's")

    with Server(saying(STORED), tls=other.serving(HOST)) as server, client(server, authority) as store:
        trust.share_trust(store)
        with pytest.raises(SSLError):
            store.head_object(Bucket="b", Key="k")


@pytest.mark.parametrize(("host", "days"), [("example.com", 1), (HOST, -1)])
def test_a_certificate_of_another_host_or_time_is_refused(authority: Authority, host: str, days: int) -> None:
    with (
        Server(saying(STORED), tls=authority.serving(host, days=days)) as server,
        client(server, authority) as store,
    ):
        trust.share_trust(store)
        with pytest.raises(SSLError):
            store.head_object(Bucket="b", Key="k")


def lay_out(bundle: Path) -> Path:
    """What the build of the layer does with the authorities of botocore."""
    spec = importlib.util.spec_from_file_location("roots", ROOTS)
    assert spec is not None
    assert spec.loader is not None
    roots = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(roots)
    folder = bundle.with_suffix(".d")
    roots.lay_out(bundle, folder)
    return folder


@pytest.mark.parametrize("name", ["plain", "Two  Words\tand  MORE ", "Österreich Ä", "猫", "x" * 64])
def test_an_authority_in_the_folder_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    others = [Authority(tmp_path, "another"), Authority(tmp_path, "another")]
    authority = Authority(tmp_path, name)
    bundle = Path(authority.bundle())
    bundle.write_text("".join(Path(each.bundle()).read_text() for each in (*others, authority)))
    folder = lay_out(bundle)

    with Server(saying(STORED), tls=authority.serving(HOST)) as server, client(server, authority) as store:
        trust.share_trust(store)
        bundle.write_text("")  # what is laid out is all that is read
        store.head_object(Bucket="b", Key="k")

    assert len(list(folder.iterdir())) == 3


def test_a_server_of_an_authority_outside_the_folder_is_refused(authority: Authority, tmp_path: Path) -> None:
    lay_out(Path(authority.bundle()))
    other = Authority(tmp_path, "nobody's")

    with Server(saying(STORED), tls=other.serving(HOST)) as server, client(server, authority) as store:
        trust.share_trust(store)
        with pytest.raises(SSLError):
            store.head_object(Bucket="b", Key="k")
