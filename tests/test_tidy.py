"""The house rules that a machine can hold."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "base", "manager", "common"}


def sources() -> Iterator[Path]:
    for folder in ("domain", "projections", "api", "infra", "tests", "benchmarks", "faults"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_no_file_is_too_long() -> None:
    assert [path for path in sources() if len(path.read_text().splitlines()) > LINES_IN_A_FILE] == []


def test_no_function_is_too_long() -> None:
    long = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LINES_IN_A_FUNCTION:
                    long.append(f"{path}:{node.lineno} {node.name}")
    assert long == []


def test_no_file_has_a_vague_name() -> None:
    assert [path for path in sources() if path.stem in VAGUE_NAMES] == []
