"""What a back-dated trade costs: its own position and those that came of it are read, and no more of the ledger."""

from collections.abc import Sequence
from random import Random

from projections.fold import Fold, Store
from projections.projection import Document
from projections.registry import PROJECTIONS
from tests.corporate_actions import EX, Told, announced, bought, roll, spin_off
from tests.instruments import define
from tests.rules import DAY
from tests.shelf import Hand, Shelf


def test_a_late_trade_reads_its_position_and_the_ones_that_follow() -> None:
    told = Told(define("AXA", "ESVUFR", None), define("ETF", "CEOGES", None), roll(DAY))
    told.tell(*(bought(f"T{number}", instrument=name, book=book) for number, (name, book) in enumerate([
        ("SAN", "EQ-1"), ("SAN", "EQ-2"), ("ETF", "EQ-1"), ("IBM", "EQ-1"), ("AXA", "EQ-2"),
    ])))
    told.tell(announced(spin_off("1", "2", "20")), roll(EX))
    before = told.events
    late = told.tell(bought("T9", "4", "90")).events[len(before):]
    shelf, read = Shelf(PROJECTIONS), set()
    for _ in Hand(shelf, PROJECTIONS, before, at_once=50, random=Random(0)).steps():
        pass

    def scan(model: str, prefix: str) -> Sequence[Document]:
        read.add((model, prefix))
        return shelf.scan(model, prefix)

    changed = Fold(PROJECTIONS, Store(shelf.find, scan)).run(late)
    assert read == {("movements", "EQ-1/SAN/"), ("movements", "EQ-1/AXA/")}
    assert set(changed["positions"]) == {"EQ-1/SAN", "EQ-1/AXA"}
