"""Sums over whole read models are folded page by page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest

from api.cli import report
from api.cli.posting import Posted
from api.paging import READ_AT_ONCE, pages
from infra.everbook import Everbook, LocalReads
from infra.settings import Settings
from projections.ports import ReadModels
from projections.projection import Document
from tests.command_line import ledger_in
from tests.day import lay
from tests.http import served


class Watched(LocalReads):
    """Reads that say how many documents of each model were asked for at once."""

    def __init__(self, read_models: ReadModels) -> None:
        super().__init__(read_models)
        self.most: Counter[str] = Counter()

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Document]:
        self.most[model] = max(self.most[model], limit if limit >= 0 else 1 << 60)
        return super().select(model, where=where, after=after, limit=limit, prefix=prefix, shape=shape)

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        return self.select(model, prefix=prefix, limit=-1)


def test_a_trial_balance_is_folded_in_pages_over_http(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        lay(running)
        watched = Watched(running.everbook.read_models)
        app: Any = running.server.config.app
        app.state.services.reads = watched
        assert set(map(float, running.api.read("/v1/trial-balance")["sums"].values())) == {0.0}
        assert watched.most["journal"] == READ_AT_ONCE


def test_a_trial_balance_is_folded_in_pages_in_the_demo(tmp_path: Path) -> None:
    ledger_in(tmp_path)
    with Everbook(Settings(data=tmp_path)) as opened:
        opened.worker().catch_up()
        watched: Any = Watched(opened.read_models)
        opened.read_models = watched
        assert not any(report.read(opened, Posted(), 1.0).trial_balance.values())
        assert watched.most["journal"] == watched.most["settlements"] == READ_AT_ONCE
        opened.read_models = watched._read_models


class Counted:
    """As many documents as said. ``read``: whether in its own thread, of what, and after which id."""

    def __init__(self, documents: int, fails_after: str = "") -> None:
        self._documents = [Document(id=f"D-{number}") for number in range(documents)]
        self._fails_after = fails_after
        self._own = current_thread()
        self.read: list[tuple[bool, str, str | None]] = []

    def select(self, model: str, *, after: str | None = None, limit: int = 1000, **_: Any) -> Sequence[Document]:
        self.read.append((current_thread() is self._own, model, after))
        if after == self._fails_after:
            raise LookupError(after)
        return [each for each in self._documents if after is None or each.id > after][:limit]


def test_only_who_asks_for_a_second_page_has_the_next_read_ahead() -> None:
    reads = Counted(9)
    every: Any = pages(reads, "anything", size=2)
    assert [each.id for each in next(every)] == ["D-0", "D-1"]
    assert reads.read == [(True, "anything", None)]
    assert [each.id for each in next(every)] == ["D-2", "D-3"]
    every.close()
    assert reads.read == [(True, "anything", None), (True, "anything", "D-1"), (False, "anything", "D-3")]
    assert [len(page) for page in pages(Counted(9), "anything", size=2)] == [2, 2, 2, 2, 1]
    assert [len(page) for page in pages(Counted(4), "anything", size=2)] == [2, 2, 0]


def test_what_reading_ahead_failed_with_is_raised_where_the_page_is_asked_for() -> None:
    every = pages(Counted(9, fails_after="D-3"), "anything", size=2)
    assert [[each.id for each in next(every)] for _ in range(2)] == [["D-0", "D-1"], ["D-2", "D-3"]]
    with pytest.raises(LookupError, match="D-3"):
        next(every)


def test_pages_together_are_everything_whatever_their_size(tmp_path: Path) -> None:
    ledger_in(tmp_path)
    with Everbook(Settings(data=tmp_path)) as opened:
        opened.worker().catch_up()
        whole = list(opened.read_models.scan("journal", ""))
        for size in (1, 2, len(whole), len(whole) + 1):
            read = list(pages(opened.read_models, "journal", size=size))
            assert [entry for page in read for entry in page] == whole
            assert max(map(len, read)) <= size
