"""``regimes``: the settlement cycles and penalty rates that come with Everbook, recorded as reference data."""

from api.cli.console import out, print_json
from api.cli.opening import Data, Json, everbook, settings_of
from api.cli.posting import post, submission
from api.regimes import regime_commands
from infra.everbook import ADMIN


def regimes(data: Data = None, as_json: Json = False) -> None:
    """Records the settlement cycles (US, EU, UK) and CSDR penalty rates that are shipped; twice changes nothing."""
    with everbook(settings_of(data)) as ledger:
        ledger.start()
        posted = post(ledger, [submission(command, ADMIN) for command in regime_commands()], lambda _count: None)
    counts = {"accepted": posted.accepted, "refused": posted.refused, "duplicates": posted.duplicates}
    if as_json:
        print_json(counts)
    else:
        out.print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
