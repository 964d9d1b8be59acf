"""A real Elasticsearch behind TLS and passwords, and errors that name the setting at fault."""

import base64
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from eventsourcing.persistence import OperationalError, ProgrammingError

from infra.elasticsearch.connection import Connection
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.settings import BadSetting, Settings
from tests.counting import Counting
from tests.indices import dropped_after
from tests.tls import Authority, terminated

COUNTING = (Counting(),)
BASIC = f"Basic {base64.b64encode(b'anna:open').decode()}"
ANNA = {"elasticsearch_username": "anna", "elasticsearch_password": "open"}


def server_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def settings(port: int, authority: Authority, **more: Any) -> Settings:
    return Settings(
        elasticsearch_url=f"https://127.0.0.1:{port}", elasticsearch_ca_file=str(authority.file), **more
    )


def refused(given: Settings, match: str) -> None:
    """By both ways in: what the client library does, and what is sent in bytes."""
    connection = Connection.of(given)
    ways: tuple[Callable[[], object], ...] = (
        lambda: connection.administer(lambda client: client.info()), lambda: connection.send("GET", "/")
    )
    try:
        for way in ways:
            with pytest.raises(ProgrammingError, match=match):
                way()
    finally:
        connection.close()


@pytest.mark.parametrize(("given", "word"), [
    (ANNA, BASIC), ({"elasticsearch_api_key": "a2V5"}, "ApiKey a2V5"),
])
def test_read_models_are_kept_behind_tls_and_credentials(
    elasticsearch: str, tmp_path: Path, given: dict[str, str], word: str
) -> None:
    authority = Authority(tmp_path, "ours")
    certificate, key = authority.issue("us")
    context = authority.server_side("server", asks_for_certificate=True)
    ledger = f"tls-{uuid4().hex[:8]}"
    with (
        dropped_after(elasticsearch, [ledger]),
        terminated(server_of(elasticsearch), context, word) as terminator,
    ):
        opened = ElasticsearchReadModels.of(
            settings(
                terminator.port, authority, elasticsearch_certificate_file=str(certificate),
                elasticsearch_key_file=str(key), elasticsearch_replicas=0, elasticsearch_shards=2, **given,
            ), COUNTING, ledger,
        )
        assert opened.reflected("counting", "ledger-0") == 0
        (index,) = opened._connection.administer(
            lambda client: client.indices.get_settings(index=f"everbook-{ledger}-*").body
        ).values()
        opened.close()
    assert index["settings"]["index"]["number_of_shards"] == "2"


def test_a_wrong_password_is_refused_by_the_settings_name(elasticsearch: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    with terminated(server_of(elasticsearch), authority.server_side("server"), BASIC) as terminator:
        refused(
            settings(terminator.port, authority, elasticsearch_username="anna", elasticsearch_password="wrong"),
            "EVERBOOK_ELASTICSEARCH_PASSWORD",
        )
        refused(settings(terminator.port, authority), "EVERBOOK_ELASTICSEARCH_API_KEY")


def test_a_server_that_another_authority_signed_is_refused_by_the_settings_name(
    elasticsearch: str, tmp_path: Path
) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    with terminated(server_of(elasticsearch), theirs.server_side("server")) as terminator:
        refused(settings(terminator.port, ours), "not trusted: EVERBOOK_ELASTICSEARCH_CA_FILE")


def test_tls_to_a_server_without_it_says_so(elasticsearch: str, tmp_path: Path) -> None:
    refused(
        settings(server_of(elasticsearch)[1], Authority(tmp_path, "ours")),
        "does not speak TLS there: EVERBOOK_ELASTICSEARCH_URL",
    )


def test_a_server_that_is_away_is_told_by_its_address_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    connection = Connection(f"http://anna:open@127.0.0.1:{port}")
    ways: tuple[Callable[[], object], ...] = (
        lambda: connection.administer(lambda client: client.info()), lambda: connection.send("GET", "/")
    )
    named = rf"http://127.0.0.1:{port} \(EVERBOOK_ELASTICSEARCH_URL\)"
    for way in ways:
        with pytest.raises(OperationalError, match=named) as caught:
            way()
        assert "anna" not in str(caught.value)
    connection.close()


@pytest.mark.parametrize(("given", "said"), [
    ({"elasticsearch_url": "http://h:1", "elasticsearch_ca_file": "/ca"}, "URL must begin with https:"),
    ({"elasticsearch_url": "https://h:1, http://h:2", "elasticsearch_ca_file": "/ca"}, "URL must begin with https:"),
    ({"elasticsearch_url": "https://h:1", "elasticsearch_ca_file": "/ca"}, "EVERBOOK_ELASTICSEARCH_CA_FILE='/ca'"),
    ({"elasticsearch_url": "http://h:1", "elasticsearch_api_key": "k", **ANNA}, "may be set, not both"),
])
def test_what_would_not_be_used_or_cannot_be_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        Connection.of(Settings(**given))
