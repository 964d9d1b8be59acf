"""What a ledger log has to take over of the reference log: business dates, closed periods, corporate actions."""

from datetime import date

from domain.commands import (
    AnyCommand,
    ApplyCorporateAction,
    ClosePeriod,
    PayCorporateAction,
    ReverseCorporateAction,
    RollBusinessDate,
)
from domain.corporate_actions import opening_of
from domain.events import BusinessDateRolled, PeriodClosed
from domain.outcomes import SYSTEM
from domain.reference import ReferenceState
from domain.reference.state import Announcement
from domain.trades.decider import TradeDecider


def turns(reference: ReferenceState, decider: TradeDecider) -> list[AnyCommand]:
    """The commands that take over what is left, in the order of the reference log: an action comes when its date has,
    at once where the log knows no date, and again when it was amended. Each has the key that it would have had
    whenever it came.
    """
    carried = _Carried(decider)
    for sequence, turn in reference.turns.items():
        if isinstance(turn, PeriodClosed):
            carried.close(turn)
        elif isinstance(turn, BusinessDateRolled):
            carried.roll(turn)
        else:
            carried.announce(sequence, turn)
    carried.catch_up()
    return carried.commands


class _Carried:
    """Goes through the reference log as a ledger log did, or would have."""

    def __init__(self, decider: TradeDecider) -> None:
        self.commands: list[AnyCommand] = []
        self._decider = decider
        self._today: date | None = None
        self._known: dict[str, tuple[int, Announcement]] = {}
        live = decider.entitlements.live
        self._paid = {name: applied.paid for name, applied in live.items()}
        self._live = {name: applied.action for name, applied in live.items()}

    def close(self, turn: PeriodClosed) -> None:
        if is_later(turn.through, self._decider.closed_through()):
            self.commands.append(
                ClosePeriod(source=SYSTEM.key_id, command_id=f"close-{turn.through}", through=turn.through)
            )

    def roll(self, turn: BusinessDateRolled) -> None:
        self._today = day = turn.business_date
        if is_later(day, self._decider.business_date()):
            self.commands.append(
                RollBusinessDate(source=SYSTEM.key_id, command_id=f"roll-{day}", business_date=day)
            )
            self.catch_up()

    def announce(self, sequence: int, turn: Announcement) -> None:
        name = turn.action.action
        self._known[name] = (sequence, turn)
        if turn.action.revision > self._decider.entitlements.handled.get(name, 0):
            self._take(sequence, turn)

    def catch_up(self) -> None:
        """Takes over whatever is due on the day that was reached."""
        for sequence, announcement in self._known.values():
            self._take(sequence, announcement)

    def _take(self, sequence: int, turn: Announcement) -> None:
        action, name = turn.action, turn.action.action
        live = self._live.get(name)
        stands = live is not None and live.revision == action.revision and not turn.cancelled
        if not stands and (turn.cancelled or not self._reached(action.ex_date)):
            if live is not None:
                self.commands.append(ReverseCorporateAction(
                    source=SYSTEM.key_id, command_id=f"reverse-{sequence}", effective_at=opening_of(live.ex_date),
                    action=live, revision=action.revision,
                ))
                del self._live[name]
            return
        if not stands:
            self.commands.append(ApplyCorporateAction(
                source=SYSTEM.key_id, command_id=f"apply-{sequence}", effective_at=opening_of(action.ex_date),
                action=action,
            ))
            self._live[name], self._paid[name] = action, False
        if not self._paid[name] and self._reached(action.pay_date):
            self.commands.append(PayCorporateAction(
                source=SYSTEM.key_id, command_id=f"pay-{sequence}", effective_at=opening_of(action.pay_date),
                action=action,
            ))
            self._paid[name] = True

    def _reached(self, day: date) -> bool:
        return self._today is None or day <= self._today


def is_later(day: date | None, than: date | None) -> bool:
    """Whether ``day`` has come after ``than``."""
    return day is not None and (than is None or day > than)
