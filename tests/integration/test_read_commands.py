"""The reads of the command line: what is stale is not given, not even inside a sum."""

from pathlib import Path

import msgspec
import pytest

from infra.everbook import Everbook
from infra.settings import Settings
from tests.command_line import ledger_in, run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A ledger of which one position and one price are stale."""
    ledger_in(tmp_path)
    with Everbook(Settings(data=tmp_path)) as opened:
        opened.worker().catch_up()
        store = opened.read_models
        for model, log, key in (("positions", "ledger-0", "EQ-1/SAN"), ("reference", "market", "prices/SAN")):
            (document,) = store.get_many(model, [key]).values()
            place = store.reflected(model, log)
            stale = msgspec.structs.replace(document, stale=True)
            ((_, leaf),) = opened.recorder(log).select_leaves(place, 1)
            store.write(log, {model: {key: stale}}, expected=place, reflected=place, models=[model], leaf=leaf)
    return tmp_path


@pytest.mark.parametrize(("command", "stale"), [("positions", "EQ-1/SAN"), ("pnl", "EQ-1/SAN"), ("risk", "prices/SAN")])
def test_what_is_stale_is_said_and_not_given(data: Path, command: str, stale: str) -> None:
    assert f"could not be applied: {stale}" in run(command, "--data", data, code=1)
    assert run(command, "--data", data, "--json", code=1).startswith("error:")


def test_what_the_event_does_not_touch_goes_on(data: Path) -> None:
    assert [each["currency"] for each in run("cash", "--data", data, "--json")] == ["EUR"]
