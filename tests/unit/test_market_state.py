"""The latest price is the latest in the world, not the latest that was said."""

from datetime import timedelta
from decimal import Decimal

from domain.commands import RecordFxRate, RecordPrice
from tests.documents import History
from tests.rules import MOMENT, Rules

EARLIER = MOMENT - timedelta(days=1)


def late_close() -> RecordPrice:
    return RecordPrice(command_id="late", instrument="SAN", price=Decimal(95), effective_at=EARLIER)


def test_a_corrected_close_of_yesterday_takes_no_mark_of_today_away() -> None:
    rules = Rules()
    rules.when(late_close())
    assert rules.market.price("SAN") == 100
    rules.when(RecordPrice(command_id="now", instrument="SAN", price=Decimal(101)))
    assert rules.market.price("SAN") == 101


def test_nor_does_an_earlier_rate_said_the_other_way_round() -> None:
    rules = Rules()
    rules.when(RecordFxRate(command_id="late", base="USD", quote="EUR", rate=Decimal("0.5"), effective_at=EARLIER))
    assert rules.market.rate("EUR", "USD") == Decimal("1.25")
    rules.when(RecordFxRate(command_id="now", base="USD", quote="EUR", rate=Decimal("0.5")))
    assert rules.market.rate("EUR", "USD") == 2


def test_the_read_model_keeps_the_latest_too() -> None:
    told = History(late_close())
    assert told.documents("reference")["prices/SAN"].content["price"] == "100"
    told.when(RecordPrice(command_id="now", instrument="SAN", price=Decimal(101)))
    content = told.documents("reference")["prices/SAN"].content
    assert (content["price"], content["previous"]) == ("101", "100")
