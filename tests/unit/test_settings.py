from pathlib import Path

import pytest

from infra.settings import BadSetting, Settings, settings_from


def test_every_setting_has_its_variable() -> None:
    given = {
        "EVERBOOK_DATA": "/data", "EVERBOOK_DATABASE_URL": "postgresql://a", "EVERBOOK_READ_DATABASE_URL":
        "postgresql://b", "EVERBOOK_LEDGERS": "4", "EVERBOOK_HOST": "::1", "EVERBOOK_PORT": "80", "EVERBOOK_PEPPER":
        "salt", "EVERBOOK_BATCH_LIMIT": "7", "EVERBOOK_QUEUE_LIMIT": "70", "EVERBOOK_ANSWER_SECONDS": "1.5",
        "EVERBOOK_LAG_SECONDS": "9", "EVERBOOK_ELASTICSEARCH_URL": "http://d:1,http://e:1",
        "EVERBOOK_HBASE_URL": "hbase://c:1/everbook", "EVERBOOK_KAFKA_BOOTSTRAP": "k:9092",
        "EVERBOOK_KAFKA_PREFIX": "ours", "EVERBOOK_KAFKA_REPLICATION": "3", "EVERBOOK_KAFKA_REPLY_PARTITIONS": "24",
        "EVERBOOK_KAFKA_SESSION_SECONDS": "6", "EVERBOOK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "EVERBOOK_KAFKA_CA_FILE": "/ca", "EVERBOOK_KAFKA_CERTIFICATE_FILE": "/cert", "EVERBOOK_KAFKA_KEY_FILE": "/key",
        "EVERBOOK_KAFKA_KEY_PASSWORD": "lock", "EVERBOOK_KAFKA_SASL_MECHANISM": "PLAIN",
        "EVERBOOK_KAFKA_USERNAME": "us", "EVERBOOK_KAFKA_PASSWORD": "open", "EVERBOOK_HBASE_TRANSPORT": "http",
        "EVERBOOK_HBASE_PROTOCOL": "compact", "EVERBOOK_HBASE_CA_FILE": "/ca", "EVERBOOK_HBASE_CERTIFICATE_FILE":
        "/cert", "EVERBOOK_HBASE_KEY_FILE": "/key", "EVERBOOK_HBASE_KEY_PASSWORD": "lock", "EVERBOOK_HBASE_USERNAME":
        "us", "EVERBOOK_HBASE_PASSWORD": "open", "EVERBOOK_ELASTICSEARCH_CA_FILE": "/ca",
        "EVERBOOK_ELASTICSEARCH_CERTIFICATE_FILE": "/cert", "EVERBOOK_ELASTICSEARCH_KEY_FILE": "/key",
        "EVERBOOK_ELASTICSEARCH_KEY_PASSWORD": "lock", "EVERBOOK_ELASTICSEARCH_API_KEY": "k",
        "EVERBOOK_ELASTICSEARCH_USERNAME": "us", "EVERBOOK_ELASTICSEARCH_PASSWORD": "open",
        "EVERBOOK_ELASTICSEARCH_SHARDS": "3", "EVERBOOK_ELASTICSEARCH_REPLICAS": "0",
        "EVERBOOK_SNAPSHOT_EVENTS": "5", "EVERBOOK_CHECKPOINT_KEY": "00ff",
    }
    assert settings_from(given) == Settings(
        data=Path("/data"), database_url="postgresql://a", read_database_url="postgresql://b", ledgers=4, host="::1",
        port=80, pepper="salt", batch_limit=7, queue_limit=70, answer_seconds=1.5, lag_seconds=9,
        hbase_url="hbase://c:1/everbook", elasticsearch_url="http://d:1,http://e:1",
        kafka_bootstrap="k:9092", kafka_prefix="ours", kafka_replication=3,
        kafka_reply_partitions=24, kafka_session_seconds=6, kafka_security_protocol="SASL_SSL", kafka_ca_file="/ca",
        kafka_certificate_file="/cert", kafka_key_file="/key", kafka_key_password="lock", kafka_sasl_mechanism="PLAIN",
        kafka_username="us", kafka_password="open", hbase_transport="http", hbase_protocol="compact",
        hbase_ca_file="/ca", hbase_certificate_file="/cert", hbase_key_file="/key", hbase_key_password="lock",
        hbase_username="us", hbase_password="open", elasticsearch_ca_file="/ca",
        elasticsearch_certificate_file="/cert", elasticsearch_key_file="/key", elasticsearch_key_password="lock",
        elasticsearch_api_key="k", elasticsearch_username="us", elasticsearch_password="open",
        elasticsearch_shards=3, elasticsearch_replicas=0, snapshot_events=5,
        checkpoint_key="00ff",
    )
    assert len(given) == len(Settings.__struct_fields__)


def test_without_any_the_ledger_is_in_one_folder() -> None:
    found = settings_from({"PATH": "/bin", "HOME": "/"})
    assert found == Settings()
    assert (found.events_url, found.read_models_url) == (
        "sqlite:///everbook-data/events.db", "sqlite:///everbook-data/read-models.db"
    )


@pytest.mark.parametrize(("name", "nearest"), [
    ("EVERBOOK_DATABASE_URI", "EVERBOOK_DATABASE_URL"), ("EVERBOOK_LEDGER", "EVERBOOK_LEDGERS"),
    ("EVERBOOK_PEPER", "EVERBOOK_PEPPER"), ("EVERBOOK_HBASE_CAFILE", "EVERBOOK_HBASE_CA_FILE"),
    ("EVERBOOK_ELASTICSEARCH_PASSWORT", "EVERBOOK_ELASTICSEARCH_PASSWORD"), ("EVERBOOK_data", "EVERBOOK_DATA"),
])
def test_an_unknown_setting_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(BadSetting, match=f"{name} is no setting; did you mean {nearest}"):
        settings_from({name: "x"})


def test_an_unknown_setting_like_no_other_is_refused_all_the_same() -> None:
    with pytest.raises(BadSetting, match=r"EVERBOOK_XYZZY is no setting$"):
        settings_from({"EVERBOOK_XYZZY": "1"})


@pytest.mark.parametrize(("name", "value"), [
    ("PORT", "http"), ("PORT", "0"), ("PORT", "-1"), ("PORT", "65536"), ("PORT", "1.5"), ("PORT", ""), ("DATA", ""),
    ("LEDGERS", "0"),
    ("LEDGERS", "many"), ("BATCH_LIMIT", "0"), ("QUEUE_LIMIT", "1e3x"), ("ANSWER_SECONDS", "0"),
    ("ANSWER_SECONDS", "nan"), ("ANSWER_SECONDS", "inf"), ("ANSWER_SECONDS", "-inf"),
    ("ELASTICSEARCH_REPLICAS", "-1"), ("ELASTICSEARCH_SHARDS", "0"), ("HBASE_PROTOCOL", "json"),
])
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"EVERBOOK_{name}(=| is empty)"):
        settings_from({f"EVERBOOK_{name}": value})


def test_what_only_tests_read_is_let_through() -> None:
    assert settings_from({"EVERBOOK_TEST_KILLS": "3"}) == Settings()


def test_what_the_servers_of_this_machine_are_started_by_is_no_setting_of_the_ledger() -> None:
    settings_from({"EVERBOOK_CLUSTER_CACHE": "/tmp/jars", "EVERBOOK_JAVA_17": "/java"})
