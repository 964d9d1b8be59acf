"""What keeps servers from running, said so that somebody can mend it."""


class ClusterFailed(Exception):
    """A server did not start, or does not answer; the message says which and why."""


class Missing(ClusterFailed):
    """Something this machine lacks; the message names it, and what brings it."""
