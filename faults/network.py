"""What the network loses on the way back."""

from faults.rig import Rig

CLAIM = b"checkAndPut"


def reply_lost(rig: Rig) -> str:
    """The connection to HBase is cut after a check-and-put was passed on, before its reply is."""
    before = rig.proxy.lost
    rig.proxy.lose = CLAIM
    rig.until(lambda: rig.proxy.lost > before, "an owner claims a sequence")
    return "checkAndPut"
