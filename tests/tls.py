"""Certificates made for a test, and a network that speaks TLS in front of a real server that does not."""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LOOPBACK = "127.0.0.1"
HEAD_ENDS = b"\r\n\r\n"
REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
STOP_SECONDS = 10


class Authority:
    """Signs certificates for loopback; ``file`` is what a client trusts."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._certificate = self._signed(self._name, self._key.public_key(), is_authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """The files of a certificate, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = self._signed(subject, key.public_key(), is_authority=False)
        files = (self._folder / f"{name}.pem", self._folder / f"{name}-key.pem")
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def server_side(self, name: str, *, asks_for_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.issue(name))
        if asks_for_certificate:
            context.load_verify_locations(self.file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _signed(self, subject: x509.Name, key: Any, *, is_authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address(LOOPBACK))
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if not is_authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


class Terminator:
    """Ends TLS and passes bytes on to a server. With ``authorization`` it lets in only connections whose first request
    carries that header; ``seen`` counts those it passed on.
    """

    def __init__(self, server: tuple[str, int], context: ssl.SSLContext | None, authorization: str = "") -> None:
        self._server = server
        self._context = context
        self._authorization = authorization
        self._open: set[asyncio.Task[None]] = set()
        self.seen = 0
        self.port = 0

    async def listen(self) -> asyncio.Server:
        listening = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self._context)
        self.port = listening.sockets[0].getsockname()[1]
        return listening

    async def stop(self, listening: asyncio.Server) -> None:
        listening.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._connect(client, to_client)
        to_client.close()
        with suppress(OSError, ssl.SSLError):
            await to_client.wait_closed()
        self._open.discard(task)

    async def _connect(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        head = b""
        if self._authorization:
            head = await client.readuntil(HEAD_ENDS)
            if f"authorization: {self._authorization}".lower().encode() not in head.lower():
                to_client.write(REFUSAL)
                await to_client.drain()
                return
        self.seen += 1
        server, to_server = await asyncio.open_connection(*self._server)
        to_server.write(head)
        try:
            await _first(_passed_on(client, to_server), _passed_on(server, to_client))
        finally:
            to_server.close()


@contextmanager
def terminated(
    server: tuple[str, int], context: ssl.SSLContext | None, authorization: str = ""
) -> Iterator[Terminator]:
    """A terminator that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="terminator")
    thread.start()

    def ran(what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, loop).result(STOP_SECONDS)

    terminator = Terminator(server, context, authorization)
    try:
        listening = ran(terminator.listen())
        try:
            yield terminator
        finally:
            ran(terminator.stop(listening))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _passed_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(1 << 16):
        target.write(data)
        await target.drain()


async def _first(*ways: Awaitable[None]) -> None:
    """Until one way has ended: then the other has no more to say."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
