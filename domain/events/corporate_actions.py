"""Facts about corporate actions: what is announced, and what a ledger log takes over of it."""

import msgspec

from domain.commands.corporate_actions import CorporateAction
from domain.commands.reference import LotMethod
from domain.events.envelope import Event


class CorporateActionEvent(Event, frozen=True, kw_only=True):
    """``action`` is the whole of it as it is after this event."""

    action: CorporateAction

    @property
    def action_id(self) -> str:
        return self.action.action

    @property
    def instrument(self) -> str:
        return self.action.instrument


class CorporateActionAnnounced(CorporateActionEvent, frozen=True, kw_only=True):
    pass


class CorporateActionAmended(CorporateActionEvent, frozen=True, kw_only=True):
    pass


class CorporateActionCancelled(CorporateActionEvent, frozen=True, kw_only=True):
    pass


class AppliedAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a trade's own event brings to a position that was not yet among the holders."""

    action: CorporateAction
    paid: bool = False


class Holder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A book of the log that had traded the instrument before the ex date, or got it by another action. ``actions`` are
    those that this one brings to its position in another instrument.
    """

    book: str
    desk: str
    entity: str
    base_currency: str
    lot_method: LotMethod
    fees_in_cost: bool = False
    actions: tuple[AppliedAction, ...] = ()


class AppliedEvent(CorporateActionEvent, frozen=True, kw_only=True):
    """``holders`` are the books that ``action`` is for. ``left`` are the books that it was for at the revision
    ``previous``, which holds no more. ``onward`` are the instruments whose positions rest on what it changes.
    """

    holders: tuple[Holder, ...] = ()
    previous: int = 0
    left: tuple[str, ...] = ()
    onward: tuple[str, ...] = ()


class CorporateActionApplied(AppliedEvent, frozen=True, kw_only=True):
    pass


class CorporateActionPaid(AppliedEvent, frozen=True, kw_only=True):
    pass


class CorporateActionReversed(AppliedEvent, frozen=True, kw_only=True):
    """``action`` is as it was applied, and never held; ``because`` is the revision that says so."""

    because: int
