"""The protocol with one guard taken away at a time, and the promise that breaks then. What no promise notices is not needed, or explained.

Each exploration is bounded as small as shows it. Only the named promise is looked at, so that each promise is seen to be able to break.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.traffic.model.worlds import BLUE, BOTH, GREEN, Bounds, Guards

ALONE = Bounds(foreign=0, faults=1, wishes=0, asked=1)
TWICE = Bounds(foreign=0, faults=1, wishes=0, asked=2)
WRITTEN = Bounds(foreign=1, faults=1, wishes=0, asked=1)
FORBIDDEN = Bounds(foreign=0, faults=0, wishes=1, asked=1)
FORGOTTEN = Bounds(foreign=1, faults=2, wishes=0, asked=1)
OVERLAPPED = Bounds(foreign=0, faults=0, wishes=0, asked=1, plan=(BLUE, BOTH, GREEN))
WEBHOOK = Bounds(foreign=0, faults=2, wishes=0, asked=1, webhooks=True)
EMPTIED = Bounds(foreign=1, faults=0, wishes=0, asked=1, empties=True, writes=())
POLICY = Bounds(foreign=0, faults=1, wishes=0, asked=1, policy=True)


@dataclass(frozen=True)
class Mutant:
    """`without` names the guards that are gone."""

    what: str
    without: tuple[str, ...]
    promise: str
    bounds: Bounds = ALONE

    @property
    def guards(self) -> Guards:
        return Guards(**dict.fromkeys(self.without, False))


MUTANTS = (
    Mutant("the effect does not test the resourceVersion", ("effect_tests_version",), "I5"),
    Mutant("the effect carries no marker, and nobody wonders at that", ("effect_writes_marker", "unmarked_is_unclear"), "I14"),
    Mutant("the marker names the operation and not the step", ("marker_names_step",), "I14"),
    Mutant("the mark does not test the resourceVersion", ("mark_tests_version",), "I7"),
    Mutant("a mark that moved nothing counts, and an effect without it", ("mark_must_move", "unmarked_is_unclear"), "I14", POLICY),
    Mutant("every fence has the same value", ("fence_is_fresh",), "I14", TWICE),
    Mutant("every fence has the same value, and a seal that moved nothing counts", ("fence_is_fresh", "seal_must_move"), "I5"),
    Mutant("the seal does not test the resourceVersion", ("seal_tests_version",), "I14"),
    Mutant("a doubt is called void without a seal", ("seals_before_void",), "I5"),
    Mutant("a doubt is answered by sending again", ("doubt_sends_nothing",), "I12"),
    Mutant("a lost answer counts as a refusal", ("lost_is_unknown",), "I14"),
    Mutant("a refusal because the object moved on is believed", ("rejection_is_read",), "I14"),
    Mutant("who takes over begins anew and does not ask what became of the effect", ("takeover_reads_first",), "I3"),
    Mutant("transactions do not compare the epoch", ("transactions_compare_epoch",), "I3"),
    Mutant("a claim does not raise the epoch", ("claim_raises_epoch",), "I14"),
    Mutant("claims do not run out", ("leases_end",), "END"),
    Mutant("nobody compares the selector before the effect", ("prepare_checks_selector", "effect_tests_selector"), "I6", WRITTEN),
    Mutant("only the patch compares the selector", ("prepare_checks_selector",), "I14", WRITTEN),
    Mutant("another Service of the same name is taken for the one that was meant", ("prepare_checks_uid",), "I6", WRITTEN),
    Mutant("an object that moved on is not replayed", ("replays",), "I14", WRITTEN),
    Mutant("the replay begins one version late", ("replay_sees_first",), "I14", WRITTEN),
    Mutant("a history that is forgotten counts as one without our marker", ("expired_is_unclear",), "I14", FORGOTTEN),
    Mutant("the effect is sent before its INTENT is committed", ("intent_before_effect",), "I2"),
    Mutant("the permission is read before the INTENT's transaction", ("permission_in_transaction",), "I11", FORBIDDEN),
    Mutant("a refusal writes no OUTCOME", ("outcome_of_refusal",), "I3"),
    Mutant("a seal writes no OUTCOME", ("outcome_of_seal",), "I3"),
    Mutant("success is not read back", ("reads_back",), "I14", WRITTEN),
    Mutant("the end of a way back is not read back", ("reads_back",), "I10", WRITTEN),
    Mutant("a switch that is half done ends as if nothing had been changed", ("half_done_goes_back",), "I14", OVERLAPPED),
    Mutant("a switch in doubt is set aside and nothing is locked out", ("locks_out_first",), "I5"),
    Mutant("a seal that moved nothing counts", ("seal_must_move",), "I5", WEBHOOK),
    Mutant("our selector without our marker counts as somebody else's", ("unmarked_is_unclear",), "I14", WEBHOOK),
    Mutant("an effect is sent on an old look", ("look_must_be_young",), "I8"),
    Mutant("the preflight does not count the new side's pods", ("preflight_counts_pods",), "I9", EMPTIED),
    Mutant("the preflight does not compare the sizes of the sides", ("preflight_compares_sizes",), "I8", EMPTIED),
    Mutant("whether it was asked back is read before the transaction of its success only", ("success_asks_once_more",), "BACK", FORBIDDEN),
    Mutant("a way back whose endpoints do not follow is turned around", ("way_back_stays",), "STAYS", TWICE),
    Mutant("two operations are open at a time", ("one_open",), "I4", TWICE),
    Mutant("nothing tells a repeated effect apart", ("client_sends_once", "effect_tests_version", "effect_tests_selector"), "I1"),
)

SECOND_LOCKS = {
    "effect_writes_marker": "an effect without it is found by its selector, and left to a person: nothing is called what it is not",
    "mark_must_move": "the effect tests the version that was read, and one that carries no marker is left to a person",
    "client_sends_once": "the second of two tests the version that the first one was for; that it is refused is no answer, and our marker is found",
    "effect_tests_selector": "the mark tested a version that had the expected selector, and the effect tests the mark's; it gives refusals a reason",
    "replay_sees_last": "the effect can only be the first version after its INTENT's; where that is the last one too, the object carries the marker",
}
