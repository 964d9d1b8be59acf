"""Indices of ledgers that tests made, gone after them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from elasticsearch import Elasticsearch


@contextmanager
def dropped_after(url: str, ledgers: Collection[str]) -> Iterator[None]:
    """Drops the indices of ``ledgers``, as they are at the end."""
    try:
        yield
    finally:
        with Elasticsearch(url) as client:
            for ledger in ledgers:
                found = client.indices.get_alias(index=f"everbook-{ledger}-*", allow_no_indices=True).body
                if found:
                    client.indices.delete(index=",".join(found))
