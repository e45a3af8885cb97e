"""Whatever happens between the API server and the observer: in the end the picture is what a list around everything says, object by object.

One observer stands behind the fault proxy for all of these. It looks at each row every second instead of every 30, and waits a second at most
after a failure, because one fault follows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusterview.kube import backoff, listing, reading, watching
from clusterview.kube.kinds import KINDS
from clusterview.observer import digesting, verifying
from clusterview.observer.keeping import Keeper
from clusterview.observer.readers import Readers
from clusterview.topology.objects import Kind, Namespace, Uid
from tests.faults.api import ApiProxy
from tests.faults.requests import AnswerHtml, AnswerStatus, Delay, GzipBomb, Match
from tests.faults.tcp import Blackhole, Down, Latency, LimitData, Reset, Slicer
from tests.faults.timeline import Fault
from tests.faults.watches import Corrupt, Drop, Duplicate, InjectError, RewriteVersion, SwallowBookmarks, Swap, Truncate
from tests.lab.cluster import Cluster
from tests.lab.fixtures import meanwhile, reset_shop, wait_until
from tests.observer import truth as truths
from tests.observer.reading import Page, access_of
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

GREEN = "/apis/apps/v1/namespaces/store/deployments/shop-green"
PODS = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
WATCHES = Match(path=r"/(pods|endpointslices|deployments)\?.*watch=1")
LISTS = Match(path=r"/(pods|endpointslices|deployments)\?limit=500", method="GET")
READS = Match(method="GET", path="/api", probability=0.3)


class Scene:
    """An observer behind the proxy, and what it has led to."""

    def __init__(self, *, lab: Cluster, proxy: ApiProxy, keeper: Keeper, page: Page) -> None:
        self.lab, self.proxy, self.page, self._keeper = lab, proxy, page, keeper
        self._wanted = 3

    def happen(self) -> None:
        """Two pods come or go, and the controllers write what follows."""
        self._wanted = 8 - self._wanted
        self.lab.patch(GREEN, {"spec": {"replicas": self._wanted}})

        def settled() -> bool:
            items = self.lab.get(PODS)["items"]
            return len(items) == self._wanted == sum(one["status"].get("phase") == "Running" for one in items)

        wait_until(settled, seconds=20, what=f"there are {self._wanted} pods")

    def happen_until(self, true: Callable[[], bool]) -> None:
        """This will let things happen twice, and again until it is true."""
        self.happen()

        def come() -> bool:
            self.happen()
            return true()

        wait_until(come, seconds=20, what="it has come to that")

    def expect_truth(self) -> None:
        try:
            wait_until(lambda: not self.differences(), seconds=20, what="the picture is what a list says, by uid and resourceVersion")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.differences()}") from None

    def differences(self) -> dict[str, object]:
        """What of each row is not as a list has it: other objects, or an older version of one; and what the page has otherwise."""
        observer = self._keeper._observer
        if observer is None or self.page.state() != "live":
            return {"page": self.page.contact()}
        projector, found = observer.following._projector, dict[str, object]()
        for spec in KINDS:
            query = "?fieldSelector=type%3DWarning" if spec.kind == Kind.EVENT else ""
            truth = {Uid(one["metadata"]["uid"]): one["metadata"]["resourceVersion"] for one in self.lab.get(spec.path + query)["items"]}
            known = set(projector.uids(kind=Kind(spec.kind), namespace=Namespace(spec.namespace)))
            behind = {uid for uid, version in truth.items() if projector.is_behind(uid=uid, version=version)}
            if known != set(truth) or behind:
                found[spec.key] = (known - set(truth), behind)
        shown, true = self.page.picture().objects, truths.truth(access=access_of(self.lab.kubeconfig))
        if otherwise := truths.differing(shown=shown, true=true):
            found["page"] = [(shown.get(uid), true.get(uid)) for uid in otherwise]
        return found

    def relist(self, key: str) -> None:
        self._readers.relist(key)

    def reopen(self, key: str) -> None:
        self._readers.reopen(key)

    def is_followed(self, key: str) -> bool:
        assert self._keeper._observer is not None
        return self._keeper._observer.following._sight._rows[key].state == "open"

    @contextmanager
    def pages_of(self, objects: int, *, key: str) -> Iterator[None]:
        """A list of the row comes in pages of so many objects."""
        reflector = self._readers._readers[key].reflector
        usual, reflector._limit = reflector._limit, objects
        try:
            yield
        finally:
            reflector._limit = usual

    @property
    def _readers(self) -> Readers:
        assert self._keeper._observer is not None
        return self._keeper._observer._readers

    def age(self) -> float:
        """For how long there has been no contact, as the page says."""
        contact = self.page.contact()
        assert contact is not None and contact.contact_age_seconds is not None
        return contact.contact_age_seconds

    def divergences(self) -> int:
        contact = self.page.contact()
        return contact.divergences if contact is not None else 0


@pytest.fixture(scope="module")
def scene(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    reset_shop(lab=lab)
    server = RedisServer(folder=tmp_path_factory.mktemp("redis"))
    server.start()
    with pytest.MonkeyPatch.context() as patch, ApiProxy(lab=lab, seed=11) as proxy:
        patch.setattr(digesting, "EVERY_SECONDS", 1.0)
        patch.setattr(digesting, "REST", 1.0)
        patch.setattr(backoff, "LONGEST_SECONDS", 1.0)
        patch.setattr(verifying, "SETTLE_SECONDS", 0.4)
        access = access_of(Path(proxy.kubeconfig(user="admin")))
        keeper = Keeper(access=access, redis_url=server.url)
        keeper.start()
        try:
            yield Scene(lab=lab, proxy=proxy, keeper=keeper, page=Page(url=server.url, cluster=access.id))
        finally:
            keeper.stop()
            server.kill()
            reset_shop(lab=lab)


@pytest.fixture
def quiet(scene: Scene) -> Iterator[Scene]:
    """The scene with the truth on the page and no fault."""
    scene.expect_truth()
    yield scene
    scene.proxy.clear()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Slicer(direction="to_client", piece_bytes=997), id="F18 small pieces"),
        pytest.param(Corrupt(match=WATCHES, chance=0.2), id="F18 corrupted lines"),
        pytest.param(Truncate(match=WATCHES, chance=0.2), id="F18 truncated lines"),
        pytest.param(Corrupt(match=WATCHES, chance=0.2, into=b'{"type":"ADDED","object":{"kind":"Table","rows":[]}}'), id="F19 a table"),
        pytest.param(Corrupt(match=WATCHES, chance=0.2, into=b'{"type":"INVENTED","object":{"metadata":{}}}'), id="F19 an unknown event"),
        pytest.param(Duplicate(match=WATCHES, chance=0.5), id="F21 doubled"),
        pytest.param(Swap(match=WATCHES, chance=0.3), id="F22 swapped"),
        pytest.param(InjectError(match=WATCHES, chance=0.2, code=500), id="F12 an error in the watch"),
        pytest.param(InjectError(match=WATCHES, event=1, code=410), id="F06 too old"),
        pytest.param(AnswerStatus(match=READS, code=500), id="F12 a burst of 500"),
        pytest.param(AnswerStatus(match=READS, code=503), id="F12 a burst of 503"),
        pytest.param(AnswerStatus(match=Match(method="GET", path="/api", times=20), code=429, retry_after_seconds=1), id="F09 busy"),
        pytest.param(AnswerHtml(match=READS), id="F29 a login page"),
        pytest.param(GzipBomb(match=READS, mebibytes=100), id="F29 a bomb"),
    ],
)
def test_the_picture_is_the_truth_after(fault: Fault, quiet: Scene) -> None:
    handle = quiet.proxy.add(fault)
    quiet.happen_until(lambda: handle.struck > 0)
    quiet.proxy.remove(handle)
    quiet.expect_truth()


def test_a_token_that_expired_between_two_pages_lets_the_list_begin_anew_f07(quiet: Scene) -> None:
    handle = quiet.proxy.add(AnswerStatus(match=Match(method="GET", path=r"/pods\?.*continue=", times=2), code=410))
    with quiet.pages_of(2, key="Pod"):
        quiet.relist("Pod")
        wait_until(lambda: handle.struck == 2, seconds=10, what="two tokens have expired")
        quiet.happen()
        quiet.expect_truth()


def test_an_event_that_a_proxy_lost_is_found_and_repaired_f23(quiet: Scene) -> None:
    found = quiet.divergences()
    handle = quiet.proxy.add(Drop(match=WATCHES))  # each one, for a later event of the same object would make up for it
    quiet.happen()
    wait_until(lambda: quiet.divergences() > found, seconds=20, what="it was found and counted")
    quiet.proxy.remove(handle)
    quiet.expect_truth()


def test_a_version_that_is_made_up_is_survived_f24(quiet: Scene) -> None:
    handle = quiet.proxy.add(RewriteVersion(match=Match(path=r"/pods\?.*watch=1"), event=1, version="999999999"))
    quiet.happen()
    quiet.proxy.remove(handle)
    quiet.happen()
    quiet.expect_truth()


def test_a_slow_api_server_is_asked_once_for_a_list_and_for_a_watch_no_more_often_than_it_takes_f03(quiet: Scene) -> None:
    """A tenth of three seconds, give or take two; so are the times for which an answer is waited."""
    with pytest.MonkeyPatch.context() as patch, quiet.pages_of(499, key="Pod"):
        for module, name in ((reading, "CONTACT_SECONDS"), (watching, "ANSWER_SECONDS"), (listing, "PAGE_SECONDS")):
            patch.setattr(module, name, getattr(module, name) / 10)
        handle = quiet.proxy.add(Latency(direction="to_client", seconds=0.3, jitter_seconds=0.2))
        asked = len(quiet.proxy.requests)
        quiet.relist("Pod")
        wait_until(lambda: any("/pods?limit=499" in path for _, path in quiet.proxy.requests[asked:]), seconds=10, what="the list was asked for")
        wait_until(lambda: quiet.is_followed("Pod"), seconds=10, what="the pods are followed again")
        quiet.happen()
        paths = [path for _, path in quiet.proxy.requests[asked:]]
        quiet.proxy.remove(handle)
    assert sum("/pods?limit=499" in path for path in paths) == 1
    assert sum("/pods?" in path and "watch=1" in path for path in paths) <= 3
    quiet.expect_truth()


def test_an_api_server_that_sends_no_bookmarks_leads_to_the_truth_f29(quiet: Scene) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "WATCH_SECONDS", (3, 3))  # one comes two seconds before the end
        handle = quiet.proxy.add(SwallowBookmarks(match=WATCHES))
        for key in ("Pod", "EndpointSlice", "Deployment"):
            quiet.reopen(key)
        wait_until(lambda: handle.struck >= 3, seconds=10, what="bookmarks were swallowed")
        quiet.happen()
        quiet.expect_truth()


@pytest.mark.parametrize("fault", [Down(), Reset(), Blackhole(direction="to_client")], ids=["F02 refused", "F02 reset", "F04 half open"])
def test_a_cluster_that_cannot_be_reached_is_stale_and_then_true_again(fault: Fault, quiet: Scene) -> None:
    handle = quiet.proxy.add(fault)
    wait_until(lambda: quiet.page.state() == "stale", seconds=5, what="the page is stale")
    before, age = set(quiet.page.picture().objects), quiet.age()
    with meanwhile(lambda: quiet.page.state() != "live" and before <= set(quiet.page.picture().objects), what="not live, and the last view stays"):
        quiet.happen()
    assert quiet.age() > age, "it is said how old the view is"
    quiet.proxy.remove(handle)
    wait_until(lambda: quiet.page.state() == "live", seconds=3, what="the page is live again")
    quiet.expect_truth()


@pytest.mark.parametrize(
    ("begin", "fault"),
    [
        pytest.param("relist", Delay(match=Match(method="GET", path=r"/pods\?limit="), seconds=6.0, hang_up=False), id="F05 a slow list"),
        pytest.param("reopen", Delay(match=Match(method="GET", path=r"/pods\?.*watch=1"), hang_up=False), id="F04 swallowed watches"),
    ],
)
def test_a_row_that_nothing_follows_is_not_live_though_the_api_server_answers(begin: str, fault: Fault, quiet: Scene) -> None:
    handle = quiet.proxy.add(fault)
    getattr(quiet, begin)("Pod")
    wait_until(lambda: quiet.page.state() == "stale", seconds=4.5, what="the page is stale")
    contact = quiet.page.contact()
    assert contact is not None and (contact.reason, contact.detail) == ("watches_behind", "Not up to date: Pod.")
    quiet.proxy.remove(handle)
    quiet.expect_truth()


def test_no_half_picture_is_shown_while_a_list_stalls_f05(quiet: Scene) -> None:
    before = set(quiet.page.picture().objects)
    handle = quiet.proxy.add(LimitData(direction="to_client", limit_bytes=9_000))
    with meanwhile(lambda: before <= set(quiet.page.picture().objects), what="all that was shown is shown"):
        quiet.relist("Pod")
        wait_until(lambda: handle.struck >= 2, seconds=10, what="lists broke off")
        quiet.proxy.remove(handle)
    quiet.expect_truth()


def test_an_api_server_that_comes_and_goes_meets_no_herd_f27(quiet: Scene) -> None:
    def watched() -> int:
        return sum("watch=1" in path and "/pods?" in path for _, path in quiet.proxy.requests[asked:])

    asked = len(quiet.proxy.requests)
    for flaps in range(1, 5):
        handle = quiet.proxy.add(Down())
        wait_until(lambda: handle.struck == 1, seconds=5, what="all connections are closed")  # noqa: B023
        quiet.proxy.remove(handle)
        wait_until(lambda: watched() >= flaps, seconds=5, what="it is watched again")  # noqa: B023
    quiet.happen()
    quiet.expect_truth()
    assert watched() <= 4 + 4
