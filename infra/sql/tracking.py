"""What an application has processed of another: strictly forward, whoever writes."""

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder
from sqlalchemy import Connection, Engine

from infra.sql.engine import marks, reading, rows, writing
from infra.sql.tables import create_tracking


def insert_tracking(connection: Connection, engine: Engine, tracking: Tracking) -> None:
    """Moves the tracking of an application forward.

    Raises:
        IntegrityError: when it is there already, or beyond.
    """
    moved = connection.exec_driver_sql(
        f"INSERT INTO tracking (application_name, notification_id) VALUES ({marks(engine, 2)}) "
        "ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id "
        "WHERE tracking.notification_id < excluded.notification_id",
        (tracking.application_name, tracking.notification_id),
    ).rowcount
    if not moved:
        raise IntegrityError(
            f"{tracking.application_name} has processed {tracking.notification_id} or more already"
        )


class SqlTrackingRecorder(TrackingRecorder):
    """Tracking alone, for the library's projections."""

    def __init__(self, engine: Engine, *, create: bool = True) -> None:
        super().__init__()
        self.engine = engine
        if create:
            create_tracking(engine)

    def insert_tracking(self, tracking: Tracking) -> None:
        with writing(self.engine) as connection:
            insert_tracking(connection, self.engine, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        statement = f"SELECT notification_id FROM tracking WHERE application_name = {marks(self.engine, 1)}"
        with reading(self.engine) as connection:
            found = rows(connection, statement, (application_name,))
            return found[0][0] if found else None
