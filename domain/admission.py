"""Why a command was not taken or not recorded, other than by a rule. All of it may be sent again."""


class QueueFull(Exception):
    """Too much is waiting already; nothing was taken. Try again after ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("the command queue is full")
        self.retry_after_seconds = retry_after_seconds


class NotRecorded(Exception):
    """A retryable problem: nothing was recorded, the same command may be sent again."""


class ReferenceNotReached(NotRecorded):
    """The sender claims to have seen more of the reference log than there is; nothing was recorded."""


class NotOneLog(Exception):
    """An atomic unit names books of several logs, or mixes reference data with trades; nothing was taken."""


class OutcomeUnknown(Exception):
    """The store failed while it was writing: some of it may be recorded. Sending it again is safe, and tells."""


class NotConfirmed(OutcomeUnknown):
    """It was not confirmed that whoever decides has the command; it may have it all the same."""


class NotDecidedYet(OutcomeUnknown):
    """Whoever decides has the command, and did not answer in time."""
