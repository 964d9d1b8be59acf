"""A real HBase behind TLS, by every transport, and errors that name the setting at fault."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from eventsourcing.persistence import InfrastructureFactoryError, ProgrammingError, StoredEvent
from eventsourcing.utils import Environment

from infra.hbase.address import access_of
from infra.hbase.factory import HBaseFactory
from infra.settings import BadSetting, settings_from
from tests.integration.hbase.conftest import HBASE
from tests.integration.hbase.gateway import gateway
from tests.tls import Authority, Terminator, terminated

WORD = base64.b64encode(b"anna:open sesame").decode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def behind_tls(server_url: str, authority: Authority) -> Iterator[Terminator]:
    """The session's HBase, behind TLS that asks for a certificate too."""
    parts = urlsplit(server_url)
    context = authority.server_side("server", asks_for_certificate=True)
    with terminated((parts.hostname or "", parts.port or 0), context) as terminator:
        yield terminator


@pytest.fixture
def own_hbase(hbase: str, cluster_folder: Path) -> Path:
    """The data folder of the session's HBase."""
    assert hbase
    return cluster_folder / "hbase"


def options(authority: Authority, port: int, **more: str) -> dict[str, str]:
    certificate, key = authority.issue("us")
    return {
        "EVERBOOK_HBASE_URL": f"hbases://127.0.0.1:{port}/t{uuid4().hex[:8]}",
        "EVERBOOK_HBASE_CA_FILE": str(authority.file), "EVERBOOK_HBASE_CERTIFICATE_FILE": str(certificate),
        "EVERBOOK_HBASE_KEY_FILE": str(key), **more,
    }


def round_trip(given: Mapping[str, str]) -> None:
    """Writes an event and reads it again."""
    factory = HBaseFactory(Environment("log", given))
    try:
        recorder = factory.process_recorder()
        event = StoredEvent(uuid4(), 1, "type", b"x" * 100_000)
        assert recorder.insert_events([event]) == [1]
        assert recorder.select_events(event.originator_id) == [event]
    finally:
        factory.close()


def test_a_log_is_written_and_read_through_tls_with_certificates_on_both_sides(
    authority: Authority, behind_tls: Terminator
) -> None:
    round_trip(options(authority, behind_tls.port))
    assert behind_tls.seen >= 1


def test_a_server_that_another_authority_signed_is_refused_at_once_by_the_settings_name(
    authority: Authority, behind_tls: Terminator, tmp_path: Path
) -> None:
    given = options(authority, behind_tls.port, EVERBOOK_HBASE_CA_FILE=str(Authority(tmp_path, "theirs").file))
    with pytest.raises(ProgrammingError, match="not trusted: EVERBOOK_HBASE_CA_FILE"):
        round_trip(given)


@pytest.mark.skipif(bool(HBASE), reason="the gateway needs the session's own HBase")
@pytest.mark.parametrize(("arguments", "given"), [
    (["-f", "-c"], {"EVERBOOK_HBASE_TRANSPORT": "framed", "EVERBOOK_HBASE_PROTOCOL": "compact"}),
    ([], {"EVERBOOK_HBASE_TRANSPORT": "http"}),
])
def test_the_other_transports_and_protocols_work_through_tls_too(
    authority: Authority, own_hbase: Path, tmp_path: Path, arguments: list[str], given: dict[str, str]
) -> None:
    word = f"Basic {WORD}" if given["EVERBOOK_HBASE_TRANSPORT"] == "http" else ""
    named = {"EVERBOOK_HBASE_USERNAME": "anna", "EVERBOOK_HBASE_PASSWORD": "open sesame"} if word else {}
    with (
        gateway(own_hbase, tmp_path, arguments, http=bool(word)) as port,
        terminated(("127.0.0.1", port), authority.server_side("gateway"), word) as terminator,
    ):
        round_trip(options(authority, terminator.port, **given, **named))
        assert terminator.seen >= 1
        if word:
            wrong = {**named, "EVERBOOK_HBASE_PASSWORD": "wrong"}
            with pytest.raises(ProgrammingError, match="EVERBOOK_HBASE_USERNAME and EVERBOOK_HBASE_PASSWORD: 401"):
                round_trip(options(authority, terminator.port, **given, **wrong))


@pytest.mark.parametrize(("given", "said"), [
    ({"HBASE_URL": "hbase://h:1/p", "HBASE_CA_FILE": "/ca"}, "EVERBOOK_HBASE_URL must begin with hbases:"),
    ({"HBASE_URL": "hbases://h:1/p", "HBASE_CA_FILE": "/nowhere"}, "EVERBOOK_HBASE_CA_FILE='/nowhere'"),
    ({"HBASE_URL": "hbases://h:1/p", "HBASE_CERTIFICATE_FILE": "/no"}, "EVERBOOK_HBASE_CERTIFICATE_FILE='/no'"),
    ({"HBASE_URL": "hbases://h:1/p", "HBASE_KEY_FILE": "/k"}, "of no use without EVERBOOK_HBASE_CERTIFICATE_FILE"),
    ({"HBASE_URL": "hbase://h:1/p", "HBASE_USERNAME": "a"}, "only with EVERBOOK_HBASE_TRANSPORT=http"),
    ({"HBASE_URL": "hbase://anna:open@h:1/p"}, "^EVERBOOK_HBASE_URL has no place for a name and password"),
    ({"HBASE_TRANSPORT": "pigeon"}, "EVERBOOK_HBASE_TRANSPORT='pigeon'"),
])
def test_what_would_not_be_used_or_cannot_be_is_refused_by_name(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        access_of(settings_from({f"EVERBOOK_{name}": value for name, value in given.items()}))


def test_the_persistence_module_refuses_it_too() -> None:
    given = {"EVERBOOK_HBASE_URL": "hbase://h:1/p", "EVERBOOK_HBASE_TRANSPORT": "pigeon"}
    with pytest.raises(InfrastructureFactoryError, match="hbase_transport"):
        HBaseFactory(Environment("log", given))
