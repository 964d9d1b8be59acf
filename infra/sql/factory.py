"""What ``PERSISTENCE_MODULE=infra.sql`` constructs, in the database of ``EVERBOOK_DATABASE_URL``."""

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    ProcessRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from infra.sql.engine import create_engine_for
from infra.sql.log_snapshots import SqlSnapshots
from infra.sql.recorder import SqlRecorder
from infra.sql.snapshots import SqlAggregateRecorder
from infra.sql.tracking import SqlTrackingRecorder
from infra.transcoder import ExactTranscoder

DATABASE_URL = "EVERBOOK_DATABASE_URL"


class SqlFactory(InfrastructureFactory[SqlTrackingRecorder]):
    """Recorders that share one engine; the tables are named after the application."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        url = self.env.get(DATABASE_URL)
        if not url:
            raise InfrastructureFactoryError(f"{DATABASE_URL} must name a database, such as sqlite:///events.db")
        self.engine = create_engine_for(url)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return SqlAggregateRecorder(self.engine, f"{self._name}_{purpose}_of_aggregates", create=self._creates)

    def application_recorder(self) -> ApplicationRecorder:
        return SqlRecorder(self.engine, self._name, create=self._creates)

    def tracking_recorder(
        self, tracking_recorder_class: type[SqlTrackingRecorder] | None = None
    ) -> SqlTrackingRecorder:
        if tracking_recorder_class is None:
            topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
            tracking_recorder_class = resolve_topic(topic) if topic else SqlTrackingRecorder
        return tracking_recorder_class(self.engine, create=self._creates)

    def transcoder(self) -> Transcoder:
        return super().transcoder() if self.env.get(self.TRANSCODER_TOPIC) else ExactTranscoder()

    def process_recorder(self) -> ProcessRecorder:
        return SqlRecorder(self.engine, self._name, create=self._creates)

    def snapshots(self) -> SqlSnapshots:
        """Where snapshots of logs are kept."""
        return SqlSnapshots(self.engine, create=self._creates)

    def close(self) -> None:
        self.engine.dispose()

    @property
    def _name(self) -> str:
        return self.env.name or "application"

    @property
    def _creates(self) -> bool:
        return strtobool(self.env.get("CREATE_TABLE", "yes"))
