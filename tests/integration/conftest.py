"""One ledger that is served, for all tests of a file that do not get in each other's way."""

from collections.abc import Iterator

import pytest

from tests.http import Api, Served, served


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With the foundation of ``tests.rules``."""
    with served(tmp_path_factory.mktemp("everbook")) as running:
        yield running


@pytest.fixture
def api(everbook: Served) -> Api:
    """As the administrator sees it."""
    return everbook.api
