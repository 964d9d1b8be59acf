"""Finding a JDK."""

from pathlib import Path

import pytest

from infra.cluster import SERVERS, Missing
from infra.cluster.jdk import Jdk, Wanted, find_jdk, read_jdk

EXACTLY_17 = Wanted(17, 17, "EVERBOOK_JAVA_17", "openjdk-17-jdk-headless")
FROM_21 = Wanted(21, None, "EVERBOOK_JAVA_21", "openjdk-21-jdk-headless")


def install(home: Path, version: str, *, compiler: bool = True) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\n')
    for tool in ("java", "javac") if compiler else ("java",):
        (home / "bin" / tool).touch(0o755)
    return home


@pytest.mark.parametrize(("stated", "version"), [("17.0.15", 17), ("25", 25), ("1.8.0_402", 8), ("21-ea", 21)])
def test_the_version_is_the_one_the_folder_states(tmp_path: Path, stated: str, version: int) -> None:
    assert read_jdk(install(tmp_path / "jdk", stated)) == Jdk(tmp_path / "jdk", version, True)


def test_a_folder_without_java_is_none(tmp_path: Path) -> None:
    (tmp_path / "release").write_text('JAVA_VERSION="17.0.1"')
    assert read_jdk(tmp_path) is None
    assert read_jdk(tmp_path / "nowhere") is None


def test_each_server_gets_the_version_it_runs_on(tmp_path: Path) -> None:
    homes = {version: install(tmp_path / f"jdk-{version}", f"{version}.0.1") for version in (11, 17, 25)}
    assert find_jdk(EXACTLY_17, {}, tmp_path).home == homes[17]
    assert find_jdk(FROM_21, {}, tmp_path).home == homes[25]


def test_java_home_comes_first_unless_it_does_not_fit(tmp_path: Path) -> None:
    own = install(tmp_path / "own", "17.0.2")
    installed = install(tmp_path / "installed" / "jdk-17", "17.0.1")
    assert find_jdk(EXACTLY_17, {"JAVA_HOME": str(own)}, installed.parent).home == own
    newer = install(tmp_path / "newer", "25.0.1")
    assert find_jdk(EXACTLY_17, {"JAVA_HOME": str(newer)}, installed.parent).home == installed


def test_java_on_the_path_is_found_through_its_links(tmp_path: Path) -> None:
    home = install(tmp_path / "jdk", "21.0.4")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(home / "bin" / "java")
    assert find_jdk(FROM_21, {"PATH": str(tmp_path / "links")}, tmp_path / "none").home == home


def test_a_runtime_without_compiler_serves_only_who_compiles_nothing(tmp_path: Path) -> None:
    install(tmp_path / "jre", "17.0.1", compiler=False)
    with pytest.raises(Missing, match=r"a JDK \(with javac\) 17 is needed, and there is a runtime without javac 17"):
        find_jdk(EXACTLY_17, {}, tmp_path)
    assert find_jdk(SERVERS["kafka"].java, {}, tmp_path).version == 17


def test_what_is_missing_is_named_with_what_brings_it(tmp_path: Path) -> None:
    install(tmp_path / "jdk", "17.0.1")
    with pytest.raises(Missing) as raised:
        find_jdk(SERVERS["elasticsearch"].java, {}, tmp_path)
    for part in ("21 or later", "there is a JDK 17", "openjdk-21-jdk-headless", "EVERBOOK_JAVA_21"):
        assert part in str(raised.value)


def test_a_named_jdk_that_does_not_fit_is_an_error_and_no_wish(tmp_path: Path) -> None:
    installed = install(tmp_path / "installed" / "jdk", "17.0.1")
    named = install(tmp_path / "named", "25.0.1")
    with pytest.raises(Missing, match=r"EVERBOOK_JAVA_17=.*named is a JDK 25"):
        find_jdk(EXACTLY_17, {"EVERBOOK_JAVA_17": str(named)}, installed.parent)
