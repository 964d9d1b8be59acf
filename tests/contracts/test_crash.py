"""A process that is killed between any two statements of a commit leaves all of it or nothing."""

import json
from typing import Any

from tests.processes import Process

KILLED_AT_EVERY_STATEMENT = """
import json, os, signal, sys
from sqlalchemy import event
from domain.routing import log_of
from infra.logs import CommandedLogs
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from infra.verification import verify
from tests.ledger import founded, send
from tests.rules import booking

url = sys.argv[1]

def opened():
    engine = create_engine_for(url)
    return engine, CommandedLogs(lambda log: SqlRecorder(engine, log))

def batch(number):
    return [booking(f"T{number}-{place}", "1", "1") for place in range(3)]

def send_and_be_killed(number):
    engine, logs = opened()
    steps = 0

    def step(*_):
        nonlocal steps
        steps += 1
        if steps == number:
            os.kill(os.getpid(), signal.SIGKILL)

    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.connection.driver_connection.set_trace_callback(step)
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(engine, name, step)
    send(logs, *batch(number))
    step()

def landed(number):
    engine, logs = opened()
    log = logs.recorders["ledger-0"]
    commands = batch(number)
    streams = log.select_streams([f"trade:{command.trade_id}" for command in commands])
    receipts = log.select_receipts([(command.source, command.command_id) for command in commands])
    outcomes = send(logs, *commands)
    after = send(logs, booking(f"next-{number}", "1", "1"))
    report = verify("ledger-0", log)
    engine.dispose()
    return {
        "events": len(streams), "receipts": len(receipts), "repeated": [each.repeated for each in outcomes],
        "sequences": [each.sequence for each in outcomes], "next": after[0].sequence, "found": report.findings,
    }

engine, logs = opened()
founded(logs)
engine.dispose()
kept, number, killed = [], 0, True
while killed:
    number += 1
    child = os.fork()
    if not child:
        send_and_be_killed(number)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    kept.append({**landed(number), "killed": killed})
print(json.dumps(kept))
"""


def test_a_commit_killed_at_any_statement_is_there_whole_or_not_at_all(database_url: str) -> None:
    process = Process(KILLED_AT_EVERY_STATEMENT, database_url)
    try:
        kills: list[dict[str, Any]] = json.loads(process.said())
    finally:
        process.end()
    assert not kills[-1]["killed"]
    assert len(kills) > 12
    last = 1
    for kill in kills:
        whole = kill["repeated"] == [True, True, True]
        assert whole or kill["repeated"] == [False, False, False]
        assert (kill["events"], kill["receipts"]) == ((3, 3) if whole else (0, 0))
        assert [*kill["sequences"], kill["next"]] == list(range(last + 1, last + 5))
        assert kill["found"] == []
        last = kill["next"]
    landed = [kill["repeated"][0] for kill in kills]
    assert landed == sorted(landed), "once it is durable it stays so"
    assert {True, False} == set(landed[:-1]), "kills came before and after the commit"
