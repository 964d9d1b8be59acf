"""What ``PERSISTENCE_MODULE=infra.memory`` constructs."""

from eventsourcing.persistence import ApplicationRecorder, ProcessRecorder, Transcoder
from eventsourcing.popo import POPOFactory

from infra.memory.recorder import MemoryRecorder
from infra.memory.snapshots import MemorySnapshots
from infra.transcoder import ExactTranscoder


class MemoryFactory(POPOFactory):
    """Recorders of plain objects; those of events are whole logs, with receipts, commits and tree."""

    def application_recorder(self) -> ApplicationRecorder:
        return MemoryRecorder()

    def transcoder(self) -> Transcoder:
        return super().transcoder() if self.env.get(self.TRANSCODER_TOPIC) else ExactTranscoder()

    def process_recorder(self) -> ProcessRecorder:
        return MemoryRecorder()

    def snapshots(self) -> MemorySnapshots:
        """Where snapshots of logs are kept."""
        return MemorySnapshots()
