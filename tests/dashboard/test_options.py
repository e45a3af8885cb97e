"""What `up` refuses before anything is made, and that the remedy stands beside it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from clusterview.practice.sizes import Size
from dashboard import options, starting
from dashboard.refusals import Refused


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def read(state: Path, *words: str) -> options.Options:
    return options.read(arguments=list(words), state=state)


def test_a_host_beyond_loopback_without_encryption_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for public in ("", "http://clusterview.example"):
        monkeypatch.setenv("PUBLIC_URL", public)
        with pytest.raises(Refused, match=r"without encryption.*PUBLIC_URL=https://"):
            options.refuse(options=read(tmp_path, "--host", "0.0.0.0", "--port", free_port()))
    for public in ("https://clusterview.example", "HTTPS://Clusterview.Example/"):
        monkeypatch.setenv("PUBLIC_URL", public)
        options.refuse(options=read(tmp_path, "--host", "0.0.0.0", "--port", free_port()))


def test_a_public_address_that_no_browser_could_name_is_refused_wherever_the_page_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://example.com/view")
    with pytest.raises(Refused, match=r"PUBLIC_URL is 'https://example\.com/view'"):
        options.refuse(options=read(tmp_path, "--port", free_port()))


def test_a_taken_port_is_refused_with_the_option_that_helps(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = read(tmp_path, "--port", str(server.getsockname()[1]))
        with pytest.raises(Refused, match=rf"port {asked.port}: .*Choose another with --port"):
            options.refuse(options=asked)


@pytest.mark.parametrize("word", ["0", "65536", "http"])
def test_a_port_that_does_not_exist_is_refused(word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(tmp_path, "--port", word)
    assert "--port" in capsys.readouterr().err


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no kubeconfig at /no/such/file"):
        options.refuse(options=read(tmp_path, "--kubeconfig", "/no/such/file", "--port", free_port()))


def test_relative_kubeconfigs_are_told_to_the_children_as_absolute_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(tmp_path, "--kubeconfig", "one:/two").kubeconfig == f"{tmp_path}/one:/two"


def test_without_any_kubeconfig_the_practice_cluster_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read(tmp_path).practice == "shop"
    assert read(tmp_path, "--kubeconfig", "/one").practice == read(tmp_path, "--context", "one").practice == ""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        with monkeypatch.context() as here:
            here.setenv(name, "/one")
            assert read(tmp_path).practice == ""
            assert read(tmp_path, "--practice").practice == "shop"
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").touch()
    assert read(tmp_path).practice == ""


def test_the_practice_cluster_is_opened_alone_and_with_a_story_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no other"):
        options.refuse(options=read(tmp_path, "--practice", "shop", "--context", "one", "--port", free_port()))
    with pytest.raises(Refused, match=r"There is no story called soup\. There are: .*shop"):
        options.refuse(options=read(tmp_path, "--practice", "soup", "--port", free_port()))


def test_a_large_practice_cluster_has_the_size_that_is_asked_for(tmp_path: Path) -> None:
    for words, size in (([], Size()), (["--nodes", "10", "--pods", "300"], Size(nodes=10, pods=300)), (["--pods", "300"], Size(pods=300))):
        asked = read(tmp_path, "--practice", "large", *words)
        assert (asked.practice, asked.size) == ("large", size)
        line = starting.practice_line(practice=starting.own_practice(options=asked))
        assert line[-4:] == ["--nodes", str(size.nodes), "--pods", str(size.pods)]
    assert read(tmp_path, "--practice").size is None
    assert "--nodes" not in starting.practice_line(practice=starting.own_practice(options=read(tmp_path, "--practice")))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--practice", "shop", "--pods", "9"], "for the story large: add --practice large"), (["--nodes", "9"], "add --practice large"),
        (["--practice", "large", "--nodes", "3"], "at least 5 nodes"), (["--practice", "large", "--pods", "0"], "at least 5 nodes and 1 pod"),
        (["--practice", "large", "--nodes", "10", "--pods", "1101"], "10 nodes hold 1100 pods"),
    ],
)  # fmt: skip
def test_a_size_that_cannot_be_is_refused_before_anything_is_made(words: list[str], why: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=why):
        read(tmp_path, *words)


def test_contexts_are_collected_and_the_usual_address_is_loopback(tmp_path: Path) -> None:
    asked = read(tmp_path, "--context", "blue", "--context", "green", "--read-only")
    assert (asked.contexts, asked.read_only, asked.url) == (["blue", "green"], True, "http://127.0.0.1:8000")


def test_an_up_is_read_only_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLUSTERVIEW_READ_ONLY", "1")
    assert options.read(arguments=[], state=tmp_path).read_only
    assert read(tmp_path, "--host", "::1").url == "http://[::1]:8000"


def test_a_report_that_a_dead_up_left_behind_does_not_refuse_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "up.json").write_text('{"pid": 1, "url": "http://127.0.0.1:8000"}')
    assert options.running(options=read(tmp_path)) is None
