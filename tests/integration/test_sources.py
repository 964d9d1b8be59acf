"""A command that names no source has that of its key, on every way in; no key takes that of another."""

from pathlib import Path

from domain.schema import business_content
from tests.command_line import run
from tests.http import problem, results, served, trade
from tests.rules import booking


def test_half_a_file_that_was_posted_is_recognised_when_all_of_it_is_imported(tmp_path: Path) -> None:
    commands = [booking(f"T{number}") for number in range(4)]
    with served(tmp_path / "data", worker=False) as everbook:
        assert {each["status"] for each in results(everbook.api.bulk(*commands[:2]))} == {"accepted"}
    (tmp_path / "day.ndjson").write_bytes(b"\n".join(business_content(each) for each in commands))
    said = run("import", tmp_path / "day.ndjson", "--format", "commands-ndjson", "--data", tmp_path / "data", "--json")
    assert (said["accepted"], said["duplicates"], said["problems"]) == (2, 2, [])


def test_the_source_of_another_key_is_refused_by_name(tmp_path: Path) -> None:
    with served(tmp_path, worker=False) as everbook:
        desk, other = everbook.key("trader"), everbook.key("trader")
        taken = other.post("/v1/trades", trade("T1", source=desk.key_id), key="next")
        problem(taken, 422, "reserved", "$.source")
        desk.done("/v1/trades", trade("T1"), key="next")
