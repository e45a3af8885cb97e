"""Which journeys are made on one of the two clusters only, each with the reason: a file, or one test of it. All others are made on both."""

from __future__ import annotations

LAB, PRACTICE = "lab", "practice"
PAGE = "it is about the page, whatever it shows"
PRODUCT = "it is about our own processes, people and connections, whatever they watch"

LAB_ALONE = {
    "test_accessible.py": PAGE,
    "test_handshake.py": PAGE,
    "test_map.py": PAGE,
    "test_page.py::test_a_real_cluster_has_no_buttons_that_make_things_happen": "the practice cluster has them",
    "test_page.py::test_an_administrator_forbids_and_allows_switching_on_the_page_and_the_audit_says_who": PRODUCT,
    "test_page.py::test_light_and_dark_are_changed_on_the_page_and_stay": PAGE,
    "test_page.py::test_the_language_is_changed_on_the_page_and_stays": PAGE,
    "test_people.py": PRODUCT,
    "test_policy.py": PAGE,
    "test_rest.py::test_probes_answer_everybody_and_metrics_those_with_a_token": PRODUCT,
    "test_rest.py::test_the_api_describes_every_answer_it_gives": PRODUCT,
    "test_secrets.py": "what must not leave a cluster has to have been in a real one",
    "test_see.py::test_a_killed_and_restarted_api_server_makes_no_false_history": "`up` has the practice cluster back before anything is stale",
    "test_see.py::test_the_api_server_sees_as_many_watches_for_one_viewer_and_for_ten_as_for_none": "only kube-apiserver counts its watches",
    "test_survive.py": PRODUCT,
    "test_switch.py::test_a_switch_that_ctrl_c_interrupts_is_finished_by_the_next_up_f54": "its API server and its controllers freeze together",
    "test_troubles.py": PRODUCT,
    "test_viewers.py": "only kube-apiserver counts its lists",
    "test_wire.py": PRODUCT,
    "test_without_end.py": PRODUCT,
}
PRACTICE_ALONE = {
    "test_practice.py": "the lab has no buttons, and another kubeconfig than the one that `up` makes",
}


def clusters(*, file: str, test: str) -> list[str]:
    """Where this test is made."""
    keys = {file, f"{file}::{test}"}
    return [LAB] if keys & LAB_ALONE.keys() else [PRACTICE] if keys & PRACTICE_ALONE.keys() else [PRACTICE, LAB]
