"""What an error of TLS comes down to, by handshakes that really fail."""

import ssl
from pathlib import Path

import pytest

from infra.settings import BadSetting
from infra.tls import Tls
from tests.tls import LOOPBACK, Authority


def error_of(client_side: ssl.SSLContext, server_side: ssl.SSLContext) -> ssl.SSLError | None:
    """What the client is told in the end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(to_client, to_server, server_hostname=LOOPBACK)
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
                side.read(1)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                if side is client:
                    return error
    return None


def test_who_shows_no_certificate_where_one_is_asked_for_is_told_the_setting(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    asking = ours.server_side("server", asks_for_certificate=True)
    tls = Tls("hbase", str(ours.file))
    error = error_of(tls.context(), asking)
    assert error is not None
    assert "does not accept EVERBOOK_HBASE_CERTIFICATE_FILE and EVERBOOK_HBASE_KEY_FILE" in tls.told(error)
    certificate, key = map(str, ours.issue("us"))
    assert error_of(Tls("hbase", str(ours.file), certificate, key).context(), asking) is None


def test_a_server_that_another_authority_signed_is_told_by_its_setting(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    tls = Tls("elasticsearch", str(ours.file))
    error = error_of(tls.context(), theirs.server_side("server"))
    assert error is not None
    assert "not trusted: EVERBOOK_ELASTICSEARCH_CA_FILE" in tls.told(error)


def test_an_error_that_is_none_of_tls_is_left_to_others() -> None:
    assert Tls("hbase").told(OSError("handshake failure")) == ""


def test_a_key_that_is_not_that_of_the_certificate_is_refused_by_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    certificate, _ = map(str, authority.issue("us"))
    _, other = map(str, authority.issue("others"))
    with pytest.raises(BadSetting, match=r"EVERBOOK_HBASE_CERTIFICATE_FILE=.*EVERBOOK_HBASE_KEY_FILE"):
        Tls("hbase", "", certificate, other).context()
