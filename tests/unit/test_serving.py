"""What ``serve`` says when it begins."""

from pathlib import Path

from api.cli.serving import greeting
from infra.settings import Settings


def test_the_file_of_the_first_key_is_named_while_it_is_there(tmp_path: Path) -> None:
    settings, key = Settings(data=tmp_path), tmp_path / "admin-key"
    assert "admin-key" not in greeting(settings, "127.0.0.1", 8321)
    key.touch()
    assert f"http://127.0.0.1:8321 (API: /docs, key: {key})" in greeting(settings, "127.0.0.1", 8321)
