"""A cluster: its client, how often a request is tried, and its errors in the library's words."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

import elasticsearch
import msgspec
from elastic_transport import Serializer, Transport
from elastic_transport.client_utils import DEFAULT, basic_auth_to_header
from eventsourcing import persistence

from infra.store_settings import BadSetting, ElasticsearchSettings, variable
from infra.tls import Tls

JSON, NDJSON = "application/json", "application/x-ndjson"
ADMINISTRATION = "application/vnd.elasticsearch+json"
TRIES = 8
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
REQUEST_SECONDS = 60.0
BUSY = frozenset({429, 502, 503, 504})
NOT_FOUND = 404
UNAUTHORIZED = 401
NOT_TAKEN = (
    "it does not take EVERBOOK_ELASTICSEARCH_USERNAME and EVERBOOK_ELASTICSEARCH_PASSWORD, or "
    "EVERBOOK_ELASTICSEARCH_API_KEY"
)
T = TypeVar("T")


class Missing(persistence.ProgrammingError):
    """What was asked for is not there: an index, or a point in time of one that was dropped."""


class NotLetIn(persistence.ProgrammingError):
    """The cluster does not take the name, password or key that is set."""


_BY_STATUS: dict[int, type[persistence.PersistenceError]] = {
    400: persistence.DataError, 401: persistence.ProgrammingError, 403: persistence.ProgrammingError,
    NOT_FOUND: Missing, 409: persistence.IntegrityError, 413: persistence.DataError,
    500: persistence.InternalError, **dict.fromkeys(BUSY, persistence.OperationalError),
}


class AsBytes(Serializer):
    """Bodies go and come as bytes: whoever asks knows best how to read them."""

    mimetype = JSON

    def dumps(self, data: Any) -> bytes:
        assert isinstance(data, bytes)
        return data

    def loads(self, data: bytes) -> bytes:
        return data


class Connection:
    """``urls`` may be several, by commas. ``client`` is for administration, through ``administer``; ``send`` is for the
    rest, in bytes.
    """

    def __init__(
        self, urls: str, *, api_key: str | None = None, basic_auth: tuple[str, str] | None = None,
        tls: Tls | None = None, transport_class: type[Transport] = Transport,
    ) -> None:
        hosts = [url.strip() for url in urls.split(",") if url.strip()]
        # A name and password may be in a URL, and are nobody's business.
        named = ", ".join(f"{url.partition('://')[0]}://{url.partition('://')[2].rpartition('@')[2]}" for url in hosts)
        self._named = f"Elasticsearch at {named} ({variable('elasticsearch_url')})"
        self._headers = {"authorization": f"ApiKey {api_key}"} if api_key else {}
        if basic_auth:
            self._headers = {"authorization": basic_auth_to_header(basic_auth)}
        self._tls = tls or Tls("elasticsearch")
        with translated():
            self.client = elasticsearch.Elasticsearch(
                hosts, headers=self._headers, transport_class=transport_class, max_retries=len(hosts) - 1,
                request_timeout=REQUEST_SECONDS,
                serializers={JSON: AsBytes(), NDJSON: AsBytes(), ADMINISTRATION: elasticsearch.JsonSerializer()},
                ssl_context=self._tls.context() if any(host.startswith("https:") for host in hosts) else DEFAULT,
            )

    @classmethod
    def of(cls, settings: ElasticsearchSettings) -> "Connection":
        """The connection that is set by ``EVERBOOK_ELASTICSEARCH_…``.

        Raises:
            BadSetting: when something is set that would not be used, or a file cannot be.
        """
        tls = Tls(
            "elasticsearch", settings.elasticsearch_ca_file, settings.elasticsearch_certificate_file,
            settings.elasticsearch_key_file, settings.elasticsearch_key_password,
        )
        name, password = settings.elasticsearch_username, settings.elasticsearch_password
        hosts = filter(None, map(str.strip, settings.elasticsearch_url.split(",")))
        if tls.is_set and not all(host.startswith("https:") for host in hosts):
            raise BadSetting(
                f"every URL of {variable('elasticsearch_url')} must begin with https: for the files of TLS to be used"
            )
        if settings.elasticsearch_api_key and name:
            raise BadSetting(
                f"{variable('elasticsearch_api_key')} or {variable('elasticsearch_username')} may be set, not both"
            )
        return cls(
            settings.elasticsearch_url, api_key=settings.elasticsearch_api_key or None,
            basic_auth=(name, password) if name else None, tls=tls,
        )

    def administer(self, action: Callable[[elasticsearch.Elasticsearch], T]) -> T:
        """What ``action`` gives, tried again while the cluster is busy."""
        for pause in pauses():
            try:
                with self._translated():
                    return action(self.client)
            except persistence.OperationalError as error:
                if pause is None or _status_of(error.__cause__) not in BUSY:
                    raise
                time.sleep(pause)
        raise AssertionError("the last pause is None")

    def send(
        self, method: str, path: str, body: bytes | None = None, *, content: str = JSON,
        parameters: Mapping[str, str] | None = None, missing: bytes | None = None,
    ) -> bytes:
        """The answer's body, tried again while the cluster is busy; ``missing`` is the answer when there is nothing."""
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        headers = {**self._headers, "accept": JSON, **({"content-type": content} if body is not None else {})}
        for pause in pauses():
            with self._translated():
                answer = self.client.transport.perform_request(method, target, body=body, headers=headers)
            status = answer.meta.status
            if status < 300:
                return bytes(answer.body)
            if status == NOT_FOUND and missing is not None:
                return missing
            if status == UNAUTHORIZED:
                raise NotLetIn(f"{self._named}: {NOT_TAKEN} ({method} {path}: {status})")
            if status not in BUSY or pause is None:
                raise error_of(status)(f"{self._named}: {method} {path}: {status} {bytes(answer.body)[:500]!r}")
            time.sleep(pause)
        raise AssertionError("the last pause is None")

    def close(self) -> None:
        self.client.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """As ``translated``, and the server and what the settings decide are said by their names."""
        try:
            with translated():
                yield
        except persistence.PersistenceError as error:
            behind = error.__cause__
            told = self._tls.told(behind.message) if isinstance(behind, elasticsearch.ConnectionError) else ""
            if told:
                raise persistence.ProgrammingError(f"{self._named}: {told}") from behind
            if _status_of(behind) == UNAUTHORIZED:
                raise NotLetIn(f"{self._named}: {NOT_TAKEN}") from behind
            raise type(error)(f"{self._named}: {error}") from behind


def pauses() -> Iterator[float | None]:
    """How long to wait after each try, a little at random; None after the last one."""
    for number in range(TRIES - 1):
        yield min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**number) * random.uniform(0.5, 1)
    yield None


def error_of(status: int) -> type[persistence.PersistenceError]:
    return _BY_STATUS.get(status, persistence.DatabaseError)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the client come out as ``eventsourcing.persistence`` errors."""
    try:
        yield
    except elasticsearch.UnsupportedProductError as error:
        raise persistence.NotSupportedError(str(error)) from error
    except elasticsearch.ApiError as error:
        raise error_of(error.status_code)(str(error)) from error
    except (elasticsearch.SerializationError, msgspec.MsgspecError) as error:
        raise persistence.DataError(str(error)) from error
    except (elasticsearch.ConnectionError, elasticsearch.ConnectionTimeout) as error:
        raise persistence.OperationalError(str(error)) from error
    except elasticsearch.TransportError as error:
        raise persistence.InterfaceError(str(error)) from error
    except ValueError as error:
        raise persistence.ProgrammingError(str(error)) from error


def _status_of(error: BaseException | None) -> int:
    return error.status_code if isinstance(error, elasticsearch.ApiError) else 0
