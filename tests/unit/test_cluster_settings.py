"""What a process of a cluster needs before it begins, without a Kafka."""

from pathlib import Path

import msgspec
import pytest

from infra.cluster_everbook import ClusterEverbook, ledger_worker
from infra.everbook import Everbook
from infra.settings import BadSetting, Settings


def test_a_process_of_a_cluster_needs_the_pepper_that_all_of_them_have(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, kafka_bootstrap="127.0.0.1:1")
    with pytest.raises(BadSetting, match="EVERBOOK_PEPPER"):
        ClusterEverbook(settings)
    with pytest.raises(BadSetting, match="EVERBOOK_PEPPER"), ledger_worker(settings, lambda _logs: None):
        pass
    with pytest.raises(BadSetting, match="EVERBOOK_KAFKA_BOOTSTRAP"), ledger_worker(
        msgspec.structs.replace(settings, kafka_bootstrap="", pepper="p"), lambda _logs: None
    ):
        pass


def test_an_hbase_that_would_not_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"EVERBOOK_HBASE_URL is set, and PERSISTENCE_MODULE=infra\.sql"):
        Everbook(Settings(data=tmp_path, hbase_url="hbase://127.0.0.1:1"))
    assert [*tmp_path.iterdir()] == []


def test_of_several_first_processes_one_has_the_admin_key(tmp_path: Path) -> None:
    shared = f"sqlite:///{tmp_path / 'events.db'}"
    with (
        Everbook(Settings(data=tmp_path / "a", database_url=shared, pepper="p")) as first,
        Everbook(Settings(data=tmp_path / "b", database_url=shared, pepper="p")) as second,
    ):
        assert first.admin_secret
        assert second.admin_secret == ""
        # It may not have known of the other's key when it began.
        assert second._issue_admin("p") == ""
        assert not (tmp_path / "b" / "admin-key").exists()
        assert second.gate.authenticate(first.admin_secret) is not None
