"""What docs/operations.md names is there: settings, commands, metrics, and what is said."""

import re
from pathlib import Path

from typer.testing import CliRunner

from api.__main__ import app
from infra.settings import OF_OTHERS, Settings
from infra.store_settings import variable

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text()
SOURCES = "\n".join(path.read_text() for folder in ("api", "infra", "domain") for path in (ROOT / folder).rglob("*.py"))


def test_every_setting_is_one() -> None:
    named = set(re.findall(r"\bEVERBOOK_[A-Z_0-9]*[A-Z0-9]\b", TEXT))
    assert named
    assert named <= {variable(name) for name in Settings.__struct_fields__} | OF_OTHERS
    assert named >= OF_OTHERS


def test_every_command_is_one() -> None:
    named = set(re.findall(r"everbook ((?:work |keys )?[a-z]+)", "\n".join(re.findall(r"`+[^`]+`+", TEXT))))
    assert {"work ledger", "keys issue", "restore"} <= named
    for command in named:
        result = CliRunner().invoke(app, [*command.split(), "--help"])
        assert result.exit_code == 0, command


def test_every_option_is_one_of_its_command() -> None:
    for line in re.findall(r"everbook [^`\n#]+", TEXT):
        words = line.split()
        command = words[1:3] if words[1] in ("work", "keys") else words[1:2]
        options = [word for word in words if word.startswith("--")]
        said = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
        assert all(option in said for option in options), line


def test_every_metric_and_every_alarm_is_in_the_code() -> None:
    metrics = {name.removesuffix("_total") for name in re.findall(r"\beverbook_[a-z_]+[a-z]\b", TEXT)}
    tables = {"everbook_log", "everbook_index"}
    assert len(metrics - tables) >= 12
    assert all(f'"{name}"' in SOURCES for name in metrics - tables)
    alarms = re.findall(r"^\| `([a-zA-Z-]+)`", TEXT[TEXT.index("What is said"):], re.MULTILINE)
    assert len(alarms) >= 7
    assert all(alarm in SOURCES for alarm in alarms)


def test_every_metric_and_every_answer_that_is_not_now_is_in_the_text() -> None:
    metrics = {*re.findall(r'(?:Counter|Gauge|Histogram|Family|_counted)\(\s*"(everbook_[a-z_]+)"', SOURCES)}
    assert len(metrics) >= 20
    assert sorted(name for name in metrics if f"`{name}" not in TEXT) == []
    answers = {*re.findall(r'\b503,\s+"([a-z-]+)"', SOURCES)}
    assert len(answers) >= 6
    assert sorted(code for code in answers if f"`{code}`" not in TEXT) == []
