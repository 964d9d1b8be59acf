"""A refusal: a command that the rules rejected. It is recorded, unlike a retryable problem."""


class Refused(Exception):
    """Raised by a decider; becomes a ``command.refused.v1`` event.

    ``code`` is stable and public, ``field`` is the JSON path of the input at fault ("" when none is), ``limit`` the
    kind of the limit that refuses, if one does.
    """

    def __init__(self, code: str, detail: str, field: str = "", *, limit: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.limit = limit
