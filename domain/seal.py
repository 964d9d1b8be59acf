"""The hash that binds a commit's record to its receipts: neither is in the log's tree, and neither changes unseen."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from domain.ports import CommitRecord, Receipt

_encoder = msgspec.json.Encoder(order="sorted")


def sealed(record: CommitRecord, receipts: Sequence[Receipt]) -> CommitRecord:
    """The record with its seal: SHA-256 over the sorted JSON of the record without it, and of its receipts in order."""
    content = _encoder.encode((msgspec.structs.replace(record, seal=b""), receipts))
    return msgspec.structs.replace(record, seal=sha256(content).digest())
