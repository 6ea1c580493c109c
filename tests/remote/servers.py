"""Other people's servers, played on the loopback address byte by byte, with an authority of their own."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from itertools import chain, repeat
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_SECONDS = 60


class Server:
    """Accepts connections and plays each the same; `heads` are the requests, `names` what TLS was asked for."""

    def __init__(
        self,
        act: Callable[[socket.socket], None],
        *,
        tls: ssl.SSLContext | None = None,
        at: str = "127.0.0.1",
    ) -> None:
        self.heads: list[str] = []
        self.names: list[str | None] = []
        self.connections = 0
        self._act = act
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((at, 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        if self._tls is not None:
            self._tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for opened in self._open:
            with suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                self.connections += 1
                accepted.settimeout(PATIENCE_SECONDS)
                self._open.append(accepted)
                thread = threading.Thread(target=self._serve, args=(accepted,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        with suppress(OSError), accepted:
            if self._tls is None:
                self._converse(accepted)
            else:
                with self._tls.wrap_socket(accepted, server_side=True) as secured:
                    self._converse(secured)

    def _converse(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(4096)
            if not received:
                return
            head += received
        self.heads.append(head.decode("latin-1"))
        self._act(connection)


def saying(*pieces: bytes, pause: float = 0.0, forever: bool = False) -> Callable[[socket.socket], None]:
    """Send pieces, with a pause after each; the last one again and again if `forever`.

    It ends when the client does, or after 10 s, so that a client which waits too long is found out.
    """

    def act(connection: socket.socket) -> None:
        over = time.monotonic() + PATIENCE_SECONDS
        for piece in chain(pieces, repeat(pieces[-1]) if forever else ()):
            if time.monotonic() > over:
                return
            connection.sendall(piece)
            if pause and _has_ended(connection, pause):
                return

    return act


def _has_ended(connection: socket.socket, pause: float) -> bool:
    connection.settimeout(pause)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with its length."""
    return head(*headers, f"Content-Length: {len(body)}", status=status) + body


def head(*headers: str, status: str = "200 OK") -> bytes:
    """The beginning of an answer."""
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode("latin-1")


class Authority:
    """Signs certificates; `trust()` trusts it alone."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = (
            self._begun(self._name, self._key.public_key(), days=2)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def trust(self) -> ssl.SSLContext:
        """What a client needs that trusts this authority."""
        return ssl.create_default_context(cadata=self._pem().decode())

    def bundle(self) -> str:
        """The file of its certificate, for clients that want to be told of one."""
        path = self._folder / f"authority-{self._certificate.serial_number}.pem"
        path.write_bytes(self._pem())
        return str(path)

    def _pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def serving(self, host: str, *, days: int = 1) -> ssl.SSLContext:
        """What a server needs that has a certificate for a host; with `days` below 0 it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        try:
            name: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        certificate = (
            self._begun(subject, key.public_key(), days=days)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / f"{host.replace(':', '_')}-{certificate.serial_number}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=10))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
