import hmac
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from infra.secrets import ExposedSecret, digest_of, new_secret, publish, read_private, secret_in


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = secret_in(tmp_path / "pepper")
    assert secret_in(tmp_path / "pepper") == first
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["pepper"]


def test_a_secret_has_256_bits_and_is_another_each_time() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(secret) == 43 and secret.isascii() and not set(secret) & set(' "\\\n') for secret in secrets)


def test_those_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            assert len(set(pool.map(secret_in, [tmp_path / str(number)] * 8))) == 1
    assert len(list(tmp_path.iterdir())) == 20


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_secret_that_others_may_reach_is_not_used(tmp_path: Path, mode: int) -> None:
    secret_in(tmp_path / "pepper")
    (tmp_path / "pepper").chmod(mode)
    with pytest.raises(ExposedSecret, match="mode 0600"):
        secret_in(tmp_path / "pepper")


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    publish(tmp_path / "key", b"first")
    publish(tmp_path / "key", b"second")
    assert read_private(tmp_path / "key") == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_digest_is_the_hmac_that_anyone_can_work_out() -> None:
    assert digest_of("pepper", "secret") == hmac.new(b"pepper", b"secret", sha256).hexdigest()
    assert digest_of("other", "secret") != digest_of("pepper", "secret") != digest_of("pepper", "secrets")
