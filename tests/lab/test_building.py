"""The lab's programs are built once, and whoever waits for it sees what is going on. Go is played by a script that does as it is told."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.lab import building
from tests.lab.building import Part
from tests.lab.fixtures import wait_until

A_GO = """#!/bin/sh
echo "$@" >> "$GO_CALLS"
case "$1 $2" in
  version*) echo "go version ${GO_SAYS:-go1.26.0} linux/amd64" ;;
  build*) eval "$GO_BUILD" ;;
  "mod download") sleep 0.3; echo '{"Dir": "'"$GO_SOURCE"'", "Sum": "h1:right"}' ;;
  *) sleep 0.3 ;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go on the PATH, an empty cache, and a file in which every call of Go is noted."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "go").write_text(A_GO)
    (tmp_path / "bin" / "go").chmod(0o755)
    (tmp_path / "sources" / "controlplane").mkdir(parents=True)
    (tmp_path / "sources" / "controlplane" / "main.go").write_text("package main")
    (tmp_path / "foreign" / "cmd").mkdir(parents=True)
    calls = tmp_path / "calls"
    calls.touch()
    monkeypatch.setattr(building, "SOURCES", tmp_path / "sources")
    monkeypatch.setattr(building, "TOLD_EACH_SECONDS", 0.1)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("CLUSTERVIEW_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GO_CALLS", str(calls))
    monkeypatch.setenv("GO_SOURCE", str(tmp_path / "foreign"))
    monkeypatch.setenv("GO_BUILD", 'sleep 0.5; echo built > "$6"')
    monkeypatch.setitem(building.PARTS, "small", Part(make_small, ("controlplane/*.go",), ("1",)))
    return calls


def make_small(target: Path) -> None:
    building.go_build(module=building.SOURCES, package="./controlplane", output=target / "small")


def builds(go: Path) -> int:
    return sum(line.startswith("build ") for line in go.read_text().splitlines())


def test_a_build_says_that_it_goes_on_and_how_long_it_took(go: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = building.build("small")
    assert (made / "small").read_text() == "built\n"
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("lab: building small, ")
    assert told[-1].startswith("lab: building small took ")


def test_what_is_built_is_found_again_and_changed_sources_are_built_anew(go: Path) -> None:
    first = building.build("small")
    assert building.build("small") == first
    assert builds(go) == 1
    (building.SOURCES / "controlplane" / "main.go").write_text("package main // changed")
    assert building.build("small") != first
    assert builds(go) == 2
    assert first.is_dir(), "another clone may still want it"


def test_a_build_that_fails_shows_the_last_fifteen_lines_and_leaves_nothing_behind(go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO_BUILD", "seq 1 40 >&2; exit 3")
    with pytest.raises(building.CannotBuild) as failed:
        building.build("small")
    assert str(failed.value).splitlines() == ["go build failed:", *(str(number) for number in range(26, 41))]
    assert [path.name for path in building.PARTS["small"].folder().parent.iterdir()] == ["building.lock"]


def test_the_download_of_a_module_is_told_too(go: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = building.Foreign("example.com/other", "v1.0.0", "h1:right", "./cmd/other")
    (tmp_path / "target").mkdir()
    foreign.make(tmp_path / "target")
    told = capsys.readouterr().err
    assert "lab: downloading example.com/other v1.0.0, " in told
    assert "lab: building other took " in told
    other = building.Foreign("example.com/other", "v1.0.0", "h1:wrong", "./cmd/other")
    with pytest.raises(building.CannotBuild, match="is not what it was: h1:right instead of h1:wrong"):
        other.make(tmp_path / "target")
    assert building.source_of(module=building.SOURCES, name="example.com/source") == tmp_path / "foreign"
    assert "lab: downloading example.com/source" in capsys.readouterr().err


def test_who_waits_for_another_build_is_told_and_builds_nothing(
    go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    may_end, told = tmp_path / "may end", list[str]()

    def is_told() -> bool:
        told.append(capfd.readouterr().err)
        return "lab: waiting for another build, " in "".join(told)

    monkeypatch.setenv("GO_BUILD", f'for _ in $(seq 600); do [ -e "{may_end}" ] && break; sleep 0.05; done; echo built > "$6"')
    first, second = (threading.Thread(target=building.build, args=("small",)) for _ in range(2))
    first.start()
    wait_until(lambda: builds(go) == 1, seconds=10, what="the first one builds")
    second.start()
    try:
        wait_until(is_told, seconds=10, what="the second one is told")
    finally:
        may_end.touch()
        first.join()
        second.join()
    assert builds(go) == 1


@pytest.mark.parametrize(("says", "reason"), [("go1.25.9", "is too old; the lab needs Go 1.26 or newer"), ("", "")])
def test_go_has_to_be_new_enough(go: Path, monkeypatch: pytest.MonkeyPatch, says: str, reason: str) -> None:
    monkeypatch.setenv("GO_SAYS", says)
    assert (building.missing() or "").endswith(reason)
    assert bool(building.missing()) == bool(reason)


def test_without_go_the_text_says_what_is_missing(go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(building.CannotBuild, match="Go is not installed"):
        building.build("small")


def test_each_control_plane_is_built_from_the_version_whose_name_it_bears() -> None:
    sources = Path(building.__file__).parent
    for folder, version in ((sources, building.KUBERNETES), (sources / "older", building.OLDER_KUBERNETES)):
        assert f"k8s.io/kubernetes {version}\n" in (folder / "go.mod").read_text()
