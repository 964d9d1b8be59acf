"""``import``: a file of commands, posted through the gate; what is wrong is said line by line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import err, fail, out, print_json, progress
from api.cli.opening import Data, Json, everbook, expected, settings_of
from api.cli.posting import post
from api.imports import FORMATS, Line
from api.imports.lines import UnreadableFile
from api.sources import submission_by
from domain.outcomes import Outcome, Submission
from infra.everbook import ADMIN, Everbook

SHOWN = 20
SOME_FAILED = 2


class Report:
    """Lines that were refused, now or when they came before, or could not be read; in the order in which they were
    found.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._numbers: list[int] = []
        self._landed = 0
        self.problems: list[dict[str, Any]] = []

    def submissions(self) -> Iterator[Submission]:
        for line in self._readable():
            if line.command is None:
                assert line.error is not None
                self._say(line.number, "malformed", line.error.field, line.error.detail)
                continue
            self._numbers.append(line.number)
            yield submission_by(ADMIN, line.command, line.content)

    def _readable(self) -> Iterator[Line]:
        """The lines up to one from which on the file cannot be read: what came before it counts."""
        begun = False
        try:
            for line in self._lines:
                begun = True
                yield line
        except UnreadableFile as error:
            if not begun:
                raise
            self._say(error.line, "unreadable", "$", f"{error.detail}; nothing from this line on was read")

    def landed(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            number = self._numbers[self._landed]
            self._landed += 1
            if outcome.status == "refused":
                self._say(number, outcome.code, outcome.field, outcome.detail)

    def _say(self, line: int, code: str, field: str, detail: str) -> None:
        self.problems.append({"line": line, "code": code, "field": field, "detail": detail})


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    form: Annotated[str, typer.Option("--format", help=" | ".join(FORMATS))], data: Data = None, as_json: Json = False,
    errors: Annotated[Path | None, typer.Option(help="Write every problem to this file, tab-separated")] = None,
) -> None:
    """Imports a file. A command that came before changes nothing, so an interrupted import is simply run again."""
    if form not in FORMATS:
        raise fail(f"--format is {' | '.join(FORMATS)}, not {form}")
    report = Report(FORMATS[form](file))
    if errors is not None:
        with expected():
            errors.touch()
    with everbook(settings_of(data)) as ledger:
        counts = _posted(ledger, report, file, as_json)
    if errors is not None:
        with expected():
            errors.write_text("".join(_as_line(problem) for problem in report.problems))
    if as_json:
        print_json({**counts, "problems": report.problems})
    else:
        _show(counts, report.problems)
    if report.problems:
        raise typer.Exit(SOME_FAILED)


def _posted(ledger: Everbook, report: Report, file: Path, quiet: bool) -> dict[str, int]:
    ledger.start()
    try:
        with progress(quiet) as bar:
            task = bar.add_task(f"Importing {file.name}", total=None)
            posted = post(ledger, report.submissions(), lambda count: bar.advance(task, count), report.landed)
    except UnreadableFile as error:
        raise fail(f"{file.name}: {error}") from error
    malformed = sum(problem["code"] == "malformed" for problem in report.problems)
    return {"accepted": posted.accepted, "refused": posted.refused, "duplicates": posted.duplicates,
            "malformed": malformed}


def _show(counts: dict[str, int], problems: Sequence[dict[str, Any]]) -> None:
    out.print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    for problem in problems[:SHOWN]:
        err.print(f"  line {problem['line']}: {problem['field']}: {problem['detail']} ({problem['code']})")
    if len(problems) > SHOWN:
        err.print(f"  and {len(problems) - SHOWN:,} more: --errors FILE has them all")


def _as_line(problem: dict[str, Any]) -> str:
    return f"{problem['line']}\t{problem['code']}\t{problem['field']}\t{problem['detail']}\n"
