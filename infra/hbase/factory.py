"""What ``PERSISTENCE_MODULE=infra.hbase`` constructs, in the tables of ``EVERBOOK_HBASE_URL``."""

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    ProcessRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from infra.hbase.address import access_of, address_of
from infra.hbase.aggregates import HBaseAggregateRecorder
from infra.hbase.connections import shared
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.snapshots import HBaseSnapshots
from infra.hbase.tracking import HBaseTrackingRecorder
from infra.store_settings import BadSetting, hbase_settings_of
from infra.transcoder import ExactTranscoder

HBASE_URL = "EVERBOOK_HBASE_URL"


class HBaseFactory(InfrastructureFactory[HBaseTrackingRecorder]):
    """Recorders on the connections of this process; the rows are named after the application."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        url = self.env.get(HBASE_URL)
        if not url:
            raise InfrastructureFactoryError(f"{HBASE_URL} must name an HBase, such as hbase://127.0.0.1:9090/everbook")
        try:
            access = access_of(hbase_settings_of(self.env.get))
        except BadSetting as error:
            raise InfrastructureFactoryError(str(error)) from error
        self.connections = shared.open(address_of(url), access)
        self._closed = False

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return HBaseAggregateRecorder(
            self.connections, f"{self._name}:{purpose}-of-aggregates", create=self._creates
        )

    def application_recorder(self) -> ApplicationRecorder:
        return HBaseRecorder(self.connections, self._name, create=self._creates)

    def tracking_recorder(
        self, tracking_recorder_class: type[HBaseTrackingRecorder] | None = None
    ) -> HBaseTrackingRecorder:
        if tracking_recorder_class is None:
            topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
            tracking_recorder_class = resolve_topic(topic) if topic else HBaseTrackingRecorder
        return tracking_recorder_class(self.connections, create=self._creates)

    def transcoder(self) -> Transcoder:
        return super().transcoder() if self.env.get(self.TRANSCODER_TOPIC) else ExactTranscoder()

    def process_recorder(self) -> ProcessRecorder:
        return HBaseRecorder(self.connections, self._name, create=self._creates)

    def snapshots(self) -> HBaseSnapshots:
        """Where snapshots of logs are kept."""
        return HBaseSnapshots(self.connections, create=self._creates)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            shared.close(self.connections)

    @property
    def _name(self) -> str:
        return self.env.name or "application"

    @property
    def _creates(self) -> bool:
        return strtobool(self.env.get("CREATE_TABLE", "yes"))
