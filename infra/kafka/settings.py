"""What can be set of Kafka, by ``EVERBOOK_KAFKA_…``."""

from infra.store_settings import ElasticsearchSettings


class KafkaSettings(ElasticsearchSettings, frozen=True, kw_only=True):
    """With ``kafka_bootstrap`` set, commands go through Kafka, by topics whose names begin with ``kafka_prefix``.

    ``kafka_replication`` is that of topics made by us (the brokers' default when not set), ``kafka_session_seconds``
    how long a worker may be silent before its partitions go to others.
    """

    kafka_bootstrap: str = ""
    kafka_prefix: str = "everbook"
    kafka_replication: int | None = None
    kafka_reply_partitions: int = 12
    kafka_session_seconds: float = 10.0
    kafka_security_protocol: str = ""
    kafka_ca_file: str = ""
    kafka_certificate_file: str = ""
    kafka_key_file: str = ""
    kafka_key_password: str = ""
    kafka_sasl_mechanism: str = ""
    kafka_username: str = ""
    kafka_password: str = ""
