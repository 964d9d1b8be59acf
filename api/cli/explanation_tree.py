"""An explanation as a tree: the figures, what they are made of, and who did it."""

from rich.tree import Tree

from api.cli.console import format_cell
from api.travel import Journey
from projections.explanation import Contribution, Explanation, Figures

FIGURES = Figures.__struct_fields__


def tree_of(found: Explanation, asked: Journey) -> Tree:
    """The position, a branch for each contribution, and one for each that was taken back."""
    position = f"{found.book}/{found.instrument} is {format_cell(found.quantity)} {as_of(asked)}: {_figures(found)}"
    tree = Tree(position)
    for each in found.items:
        _add(tree, each)
    for taken in found.superseded or ():
        line = f"{taken.event} {taken.kind} {taken.trade_id} revision {taken.revision}: {format_cell(taken.quantity)}"
        branch = tree.add(line, style="dim")
        because = f": {taken.superseded_because}" if taken.superseded_because else ""
        branch.add(f"taken back by {taken.superseded_by}, {taken.superseded_by_actor}{because}")
    return tree


def as_of(asked: Journey) -> str:
    """The instant in words."""
    valid = "for ever" if asked.valid_at is None else f"at {asked.valid_at:%Y-%m-%d %H:%M:%S}"
    return f"{valid}, as known at {asked.known.token}" + ("" if asked.known.final else " (not final)")


def _add(tree: Tree, each: Contribution) -> None:
    kind = f"{each.kind} of {each.source}" if each.source else each.kind
    line = f"{each.event} {kind} {each.trade_id} revision {each.revision} at {format_cell(each.price)}"
    branch = tree.add(f"{line}: {_figures(each)}")
    because = f": {each.reason}" if each.reason else ""
    branch.add(f"{each.actor}, {each.recorded_at:%Y-%m-%d %H:%M:%S}{because}")
    for what, lots in (("opened", each.opened), ("closed", each.closed)):
        for lot in lots:
            branch.add(f"{what} {format_cell(lot.quantity)} of {lot.trade_id or 'the average'}")
    if each.supersedes:
        branch.add(f"supersedes {each.supersedes}")


def _figures(figures: Figures) -> str:
    """Those that are not zero."""
    said = {name: getattr(figures, name) for name in FIGURES}
    return ", ".join(f"{name} {format_cell(value)}" for name, value in said.items() if value) or "nothing"
