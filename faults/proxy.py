"""A network between a client and a real server that can lose replies, break down and hang."""

import contextlib
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on; loses the reply to the next call of the method ``lose``, which the server carries out."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.lose = b""
        self.lost = 0
        self.held = 0
        self._up, self._passing = threading.Event(), threading.Event()
        self._up.set()
        self._passing.set()
        self._closing = False
        self._start(self._accept)

    def break_down(self) -> None:
        """Every connection breaks, and no new one holds."""
        self._up.clear()
        self._break()

    def hang(self) -> None:
        """Every connection holds, and nothing goes through until it comes back."""
        self._passing.clear()

    def come_back(self) -> None:
        self._up.set()
        self._passing.set()

    def close(self) -> None:
        self._closing = True
        self._passing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._break()
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._sockets):
            each.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._up.is_set():
                client.close()
                continue
            try:
                server = socket.create_connection(self._server)
            except OSError:
                # The server is away, as whoever connects is to notice.
                client.close()
                continue
            self._sockets |= {client, server}
            losing = threading.Event()
            self._start(self._pass_on, client, server, losing, True)
            self._start(self._pass_on, server, client, losing, False)

    def _pass_on(self, source: socket.socket, target: socket.socket, losing: threading.Event, requests: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.held += not self._passing.is_set()
                self._passing.wait()
                if requests and self.lose and self.lose in data:
                    self.lose = b""
                    losing.set()
                elif not requests and losing.is_set():
                    self.lost += 1
                    break
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _break(self) -> None:
        for each in tuple(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
