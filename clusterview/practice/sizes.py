"""How large a large cluster is, and how that is said on a command line. Standard library only: `up` refuses a size before anything is installed."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import dataclass

LARGE = "large"
NODES_USUAL, PODS_USUAL = 5_000, 150_000
NODES_LEAST = 5  # those of every other story, which this one has in it
PODS_OF_A_NODE = 110


@dataclass(frozen=True)
class Size:
    """Raises ValueError, in words for whoever chose it, where the nodes do not hold the pods."""

    nodes: int = NODES_USUAL
    pods: int = PODS_USUAL

    def __post_init__(self) -> None:
        if self.nodes < NODES_LEAST or self.pods < 1:
            raise ValueError(f"A large cluster has at least {NODES_LEAST} nodes and 1 pod.")
        if self.pods > self.nodes * PODS_OF_A_NODE:
            raise ValueError(f"{self.nodes} nodes hold {self.nodes * PODS_OF_A_NODE} pods, {PODS_OF_A_NODE} each, and not {self.pods}.")


def add_options(parser: ArgumentParser) -> None:
    """This will let a command take `--nodes` and `--pods`."""
    for name, usual in (("nodes", NODES_USUAL), ("pods", PODS_USUAL)):
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"how many {name} the story {LARGE} has (default: {usual:,})")


def chosen(*, story: str, nodes: int | None, pods: int | None, by: str) -> Size | None:
    """The size of a large cluster; None for the other stories. `by` is the option that chooses a story. Raises ValueError in words."""
    if story != LARGE:
        if nodes is not None or pods is not None:
            raise ValueError(f"--nodes and --pods are for the story {LARGE}: add {by} {LARGE}, or leave them out.")
        return None
    return Size(nodes=NODES_USUAL if nodes is None else nodes, pods=PODS_USUAL if pods is None else pods)
