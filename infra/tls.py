"""TLS to a server: who is trusted, and who we say that we are."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from infra.store_settings import BadSetting, variable

ALERTS = ("ALERT", "certificate required", "bad certificate", "unknown ca", "handshake failure")


class Tls(msgspec.Struct, frozen=True):
    """The files that are set for a ``server`` (``hbase``, ``elasticsearch``), each empty when it is not."""

    server: str
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    key_password: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.ca_file, self.certificate_file, self.key_file))

    def context(self) -> ssl.SSLContext:
        """Trusts the authority that is set, else those of this machine.

        Raises:
            BadSetting: naming the variable whose file cannot be used.
        """
        if self.key_file and not self.certificate_file:
            raise BadSetting(f"{self._named('key_file')} is of no use without {self._named('certificate_file')}")
        with self._naming("ca_file"):
            context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.certificate_file:
            with self._naming("certificate_file"):
                context.load_cert_chain(
                    self.certificate_file, self.key_file or None, lambda: self.key_password
                )
        return context

    def told(self, error: BaseException | str) -> str:
        """What an error of TLS comes down to, with the settings that decide it; empty when it is none of TLS."""
        text = str(error)
        if "certificate verify failed" in text:
            return f"its certificate is not trusted: {self._named('ca_file')} names who signed it ({text})"
        if "WRONG_VERSION_NUMBER" in text or "wrong version number" in text:
            return f"it does not speak TLS there: {self._named('url')} says that it does ({text})"
        if isinstance(error, ssl.SSLError) and any(alert.lower() in text.lower() for alert in ALERTS):
            return (
                f"it does not accept {self._named('certificate_file')} and {self._named('key_file')}, or asks for them "
                f"({text})"
            )
        return ""

    def _named(self, field: str) -> str:
        return variable(f"{self.server}_{field}")

    @contextmanager
    def _naming(self, field: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ssl.SSLError) as error:
            also = f", {self._named('key_file')}, …_KEY_PASSWORD" if field == "certificate_file" else ""
            raise BadSetting(f"{self._named(field)}={getattr(self, field)!r}{also}: {error}") from error
