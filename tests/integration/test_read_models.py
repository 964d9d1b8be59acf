"""What a database of read models does beyond the contract."""

from pathlib import Path

import pytest

from infra.sql.read_models import OtherReadModels, SqlReadModels
from projections.registry import PROJECTIONS


def test_read_models_of_another_ledger_are_not_used(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'read-models.db'}"
    SqlReadModels.open(url, PROJECTIONS, "one-ledger").close()
    with pytest.raises(OtherReadModels):
        SqlReadModels.open(url, PROJECTIONS, "another-ledger")
