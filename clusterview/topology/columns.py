"""Pods in columns: ninety bytes each with both of their indexes, where records and dicts take a thousand.

An observer holds 150,000 pods twice, as they are and as they were last told, and reads one at a time. So a pod lies here as a few numbers in
arrays, what it shares with its siblings is kept once (`shapes`), and its record is made when it is asked for. An address or a name of its own that
does not fit into a number is kept beside (`odd`). A pod whose uid is no UUID is refused, and its owner keeps it whole.
"""

from __future__ import annotations

import hashlib
import re
import socket
import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from clusterview.topology import shapes
from clusterview.topology.objects import Container, Pod, Uid
from clusterview.topology.shapes import PodShape, PodState

T = TypeVar("T")

NOWHERE = -1
EMPTY, LEFT = -1, -2  # places of an index: nothing was ever there; something was
MOST_STATES = 50_000  # reasons are free text; pods in states beyond that are kept whole
SPARE_SHAPES = SPARE_NODES = 1_000
MADE = 10_000
FREE = 2**32 - 1  # no shape: the slot is free; no address: it is odd
HALF = 2**64 - 1

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_uuid = re.compile(UUID).fullmatch
_uuids = re.compile(rf"{UUID}(?:\n{UUID})*").fullmatch
_short = re.compile(r"[!-~]{0,7}\Z").match
_encode = msgspec.msgpack.Encoder().encode


def _key(shape: PodShape) -> bytes:
    """Equal shapes have equal keys, and others never the same: sixteen bytes, for there are thousands."""
    return hashlib.blake2b(_encode(shape), digest_size=16).digest()


def _state_key(state: PodState) -> tuple[object, ...]:
    """As `Pods` makes it of a pod, without making its state."""
    of_containers = [part for one in state.containers for part in (one.state, one.reason, one.ready)]
    return state.phase, state.status, state.ready, state.deleting, *of_containers


def _own_number(own: str) -> int:
    """A pod's own name as a number; HALF for one that is too long for that."""
    return int.from_bytes(own.encode(), "big") if _short(own) else HALF


class Came(Enum):
    """What a put was: of a pod that was not there, in another state, otherwise another, or nothing new at all."""

    NEW = "new"
    STATE = "state"
    OTHER = "other"
    SAME = "same"


class Index:
    """Slots by the hash of their key, where a dict would take a hundred bytes for each. `hashes` are those of the slots."""

    def __init__(self, *, hashes: array[int]) -> None:
        self._hashes = hashes
        self.places = array("i", [EMPTY]) * 8
        self._taken = 0  # places where something is or was

    def find(self, hash: int, is_it: Callable[[int], bool]) -> int:
        """This will give the slot with that hash for which `is_it`, or NOWHERE."""
        places, hashes = self.places, self._hashes
        mask = len(places) - 1
        at = hash & mask
        while (slot := places[at]) != EMPTY:
            if slot >= 0 and hashes[slot] == hash and is_it(slot):
                return slot
            at = (at + 1) & mask
        return NOWHERE

    def add(self, slot: int) -> None:
        """This will file a slot that is not filed."""
        self.add_all(range(slot, slot + 1))

    def add_all(self, slots: Collection[int]) -> None:
        """This will file slots that are not filed."""
        if (self._taken + len(slots)) * 3 > len(self.places) * 2:
            self._rebuild(room=len(slots))
        self._file(slots)

    def remove(self, slot: int) -> None:
        """This will take the slot out."""
        places = self.places
        mask = len(places) - 1
        at = self._hashes[slot] & mask
        while places[at] != slot:
            at = (at + 1) & mask
        places[at] = LEFT

    def follow(self, other: Index) -> None:
        """This will file what another one has filed, whose slots have the same hashes."""
        self.places, self._taken = other.places[:], other._taken

    def _file(self, slots: Iterable[int]) -> None:
        places, hashes = self.places, self._hashes
        mask = len(places) - 1
        for slot in slots:
            at = hashes[slot] & mask
            while (there := places[at]) >= 0:
                at = (at + 1) & mask
            places[at] = slot
            if there == EMPTY:
                self._taken += 1

    def _rebuild(self, *, room: int) -> None:
        filed = [slot for slot in self.places if slot >= 0]
        size = len(self.places)
        while (len(filed) + room) * 2 > size:
            size *= 2
        self.places, self._taken = array("i", [EMPTY]) * size, 0
        self._file(filed)


class Numbers(Generic[T]):
    """A number for each value, by a key that equal values share."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}
        self.values: list[T | None] = []
        self._free: list[int] = []

    def of(self, key: object, value: T) -> int:
        """This will tell the value's number."""
        number = self.numbers.get(key)
        if number is None:
            if self._free:
                number = self._free.pop()
                self.values[number] = value
            else:
                number = len(self.values)
                self.values.append(value)
            self.numbers[key] = number
        return number

    def copy(self) -> Numbers[T]:
        """This will give the same numbers to the same values."""
        copy: Numbers[T] = Numbers()
        copy.numbers, copy.values, copy._free = dict(self.numbers), list(self.values), list(self._free)
        return copy

    def __getitem__(self, number: int) -> T:
        value = self.values[number]
        assert value is not None
        return value

    def keep(self, used: set[int]) -> None:
        """This will forget every other value; their numbers are given again."""
        for key, number in list(self.numbers.items()):
            if number not in used:
                del self.numbers[key]
                self.values[number] = None
                self._free.append(number)


class Pods:
    """Pods by slot, which each has from its put to its drop. `notes` are numbers that the owner gives them."""

    def __init__(self) -> None:
        self.shapes: Numbers[PodShape] = Numbers()
        self.states: Numbers[PodState] = Numbers()
        self.nodes: Numbers[str] = Numbers()
        self.notes = array("Q")
        self.shape, self.state, self.node, self.address, self.created = (array("I") for _ in range(5))
        self.high, self.low, self._own, self._called = (array("Q") for _ in range(4))
        self.restarts: dict[int, tuple[int, ...]] = {}
        self.odd: dict[int, tuple[str, str]] = {}  # its own name and its address, where one of them is no number
        self._columns = (
            self.notes, self.shape, self.state, self.node, self.address, self.created, self.high, self.low, self._own, self._called,
        )  # fmt: skip
        self._free: list[int] = []
        self._by_uid, self._by_name = Index(hashes=self.low), Index(hashes=self._called)
        self._last: tuple[str, int, tuple[int, int] | None] = ("", NOWHERE, None)
        self._last_shape = FREE
        self._most_shapes, self._most_nodes = SPARE_SHAPES, SPARE_NODES
        self._made: dict[tuple[int, int], tuple[Container, ...]] = {}

    def __len__(self) -> int:
        return len(self.shape) - len(self._free)

    def slots(self) -> Iterator[int]:
        """This will give the slots that are taken."""
        return (slot for slot, shape in enumerate(self.shape) if shape != FREE)

    def find(self, uid: str) -> int:
        """This will tell the pod's slot, or NOWHERE."""
        last, slot, _ = self._last
        if last is uid:
            return slot
        found = halves(uid)
        slot = self.at(*found) if found is not None else NOWHERE
        self._last = uid, slot, found
        return slot

    def at(self, high: int, low: int) -> int:
        """The same for a uid as two numbers."""
        places, lows, highs = self._by_uid.places, self.low, self.high
        mask = len(places) - 1
        at = low & mask
        while (slot := places[at]) != EMPTY:
            if slot >= 0 and lows[slot] == low and highs[slot] == high:
                return slot
            at = (at + 1) & mask
        return NOWHERE

    def named(self, *, namespace: str, name: str) -> int:
        """This will tell the slot of the pod of that name, or NOWHERE."""
        return self._by_name.find(hash((namespace, name)) & HALF, lambda slot: self.is_called(slot, namespace=namespace, name=name))

    def put(self, pod: Pod, *, note: int) -> Came | None:
        """This will put the pod in, or tell None for one that does not fit, and is not there afterwards."""
        slot = self.find(pod.uid)
        state = self._state_number(pod)
        if slot != NOWHERE and state is not None and self._is_as_before(slot, pod):
            return self._set(slot, note, *state)
        halves_of_uid, created = self._last[2], pod.created_at or 0
        if slot != NOWHERE:
            self.drop(slot)
        if halves_of_uid is None or state is None or pod.created_at == 0 or not 0 <= created < FREE:
            return None
        came = Came.NEW if slot == NOWHERE else Came.OTHER
        slot = self._place(self._shape_number(pod), halves_of_uid, name=pod.name, node=pod.node, address=pod.address, created=created)
        self._last = pod.uid, slot, halves_of_uid
        self._set(slot, note, *state)
        return came

    def put_like(
        self,
        like: int,
        *,
        uids: Sequence[str],
        names: Sequence[str],
        nodes: Sequence[str],
        addresses: Sequence[str],
        created: Sequence[int | None],
        notes: Sequence[int],
    ) -> bool:
        """This will put pods in that are not there and differ from the one of a slot in nothing but this; none of them where one has to be put as a
        record, or where the slot is free.
        """
        shape, first, count = self.shape[like], len(self.shape), len(uids)
        if shape == FREE:
            return False
        namespace, prefix = self.shapes[shape].namespace, self.shapes[shape].prefix
        found, created_at = all_halves(uids), [one or 0 for one in created]
        if found is None or 0 in created or min(created_at) < 0 or max(created_at) >= FREE or not all(name.startswith(prefix) for name in names):
            return False
        highs, lows = found
        if len(set(lows)) < count or any(self.at(*one) != NOWHERE for one in zip(highs, lows, strict=True)):
            return False
        slots, number_of = range(first, first + count), self.nodes.of
        owns, numbers = [name[len(prefix) :] for name in names], [address_number(one) for one in addresses]
        own_numbers = [_own_number(own) for own in owns]
        self.notes.fromlist(list(notes))
        self.shape.extend(array("I", [shape]) * count)
        self.state.extend(array("I", [self.state[like]]) * count)
        self.node.fromlist([number_of(node, node) for node in nodes])
        self.address.fromlist(numbers)
        self.created.fromlist(created_at)
        self.high.extend(highs)
        self.low.extend(lows)
        self._own.fromlist(own_numbers)
        self._called.fromlist([hash((namespace, name)) & HALF for name in names])
        if FREE in numbers or HALF in own_numbers:
            said = zip(slots, owns, addresses, own_numbers, numbers, strict=True)
            self.odd |= {slot: (own, address) for slot, own, address, own_number, number in said if own_number == HALF or number == FREE}
        if like in self.restarts:
            self.restarts |= dict.fromkeys(slots, self.restarts[like])
        self._by_uid.add_all(slots)
        self._by_name.add_all(slots)
        self._last = ("", NOWHERE, None)
        return True

    def drop(self, slot: int) -> None:
        """This will take the pod out; its slot is given again."""
        self._by_uid.remove(slot)
        self._by_name.remove(slot)
        self.restarts.pop(slot, None)
        self.odd.pop(slot, None)
        self.shape[slot] = FREE
        self._free.append(slot)
        self._last = ("", NOWHERE, None)

    def uid(self, slot: int) -> Uid:
        """This will tell the pod's uid."""
        return uid_of(self.high[slot], self.low[slot])

    def state_of(self, uid: str) -> tuple[int, tuple[int, ...]]:
        """This will tell the number of the pod's state, and its restarts, none where all are 0."""
        slot = self.find(uid)
        return self.state[slot], self.restarts.get(slot, ())

    def own_name(self, slot: int) -> str:
        """This will tell the pod's name but for its shape's prefix."""
        own = self._own[slot]
        return own.to_bytes((own.bit_length() + 7) // 8, "big").decode() if own != HALF else self.odd[slot][0]

    def address_text(self, slot: int) -> str:
        """This will tell the pod's address."""
        number = self.address[slot]
        return address_of(number) if number != FREE else self.odd[slot][1]

    def has_name_of(self, slot: int, pod: Pod) -> bool:
        """This will tell whether a pod of the same uid has the same name, by its hash: Kubernetes renames none."""
        return self._called[slot] == hash((pod.namespace, pod.name)) & HALF

    def is_called(self, slot: int, *, namespace: str, name: str) -> bool:
        """This will tell whether the pod has that name."""
        shape = self.shapes[self.shape[slot]]
        return shape.namespace == namespace and shape.prefix + self.own_name(slot) == name

    def get(self, slot: int) -> Pod:
        """This will make the pod's record."""
        number, state_number = self.shape[slot], self.state[slot]
        shape, state = self.shapes[number], self.states[state_number]
        restarts = self.restarts.get(slot, ())
        return Pod(
            uid=self.uid(slot),
            namespace=shape.namespace,
            name=shape.prefix + self.own_name(slot),
            labels=shape.labels,
            annotations=shape.annotations,
            owner=shape.owner,
            created_at=self.created[slot] or None,
            deleting=state.deleting,
            node=self.nodes[self.node[slot]],
            address=self.address_text(slot),
            phase=state.phase,
            status=state.status,
            ready=state.ready,
            restarts=restarts[0] if restarts else 0,
            containers=shapes.containers_of(shape.containers, state, restarts) if restarts else self._containers(number, state_number),
            volumes=shape.volumes,
        )

    def values(self) -> Iterator[Pod]:
        """This will make the record of each."""
        return (self.get(slot) for slot in self.slots())

    def still(self) -> Pods:
        """This will copy them as they are now, to be read by another thread; a few milliseconds for very many. The copy takes no puts."""
        copy = Pods()
        for mine, its in zip(self._columns, copy._columns, strict=True):
            its.extend(mine)
        copy.restarts, copy.odd = dict(self.restarts), dict(self.odd)
        copy._free = list(self._free)
        copy._by_uid.places = self._by_uid.places[:]
        copy.shapes.values, copy.states.values, copy.nodes.values = list(self.shapes.values), list(self.states.values), list(self.nodes.values)
        return copy

    def copy(self) -> Pods:
        """This will copy them as they are now, to go on apart; their slots are the same."""
        copy = self.still()
        copy._by_name.follow(self._by_name)
        copy._by_uid.follow(self._by_uid)
        copy.shapes, copy.states, copy.nodes = self.shapes.copy(), self.states.copy(), self.nodes.copy()
        return copy

    def _is_as_before(self, slot: int, pod: Pod) -> bool:
        """Whether nothing but the pod's state may be another."""
        address = address_number(pod.address)
        return (
            self.has_name_of(slot, pod)
            and self.created[slot] == (pod.created_at or 0)
            and pod.created_at != 0
            and self.nodes.values[self.node[slot]] == pod.node
            and self.address[slot] == address
            and (address != FREE or self.odd[slot][1] == pod.address)
            and shapes.is_like(pod, self.shapes[self.shape[slot]])
        )

    def _shape_number(self, pod: Pod) -> int:
        """One that is new has often the shape of the one before it."""
        if self._last_shape != FREE and shapes.is_of(pod, self.shapes[self._last_shape]):
            return self._last_shape
        if len(self.shapes.numbers) > self._most_shapes:
            used = set(self.shape)
            self.shapes.keep(used)
            self._most_shapes = 2 * len(used) + SPARE_SHAPES
            self._made.clear()
        shape = shapes.shape_of(pod)
        self._last_shape = self.shapes.of(_key(shape), shape)
        return self._last_shape

    def _state_number(self, pod: Pod) -> tuple[int, tuple[int, ...]] | None:
        """The state's number and the restarts, none where all are 0; None where there are too many states."""
        key: list[object] = [pod.phase, pod.status, pod.ready, pod.deleting]
        restarts, restarted = [pod.restarts], pod.restarts != 0
        for one in pod.containers:
            key += (one.state, one.reason, one.ready)
            restarts.append(one.restarts)
            restarted = restarted or one.restarts != 0
        number = self.states.numbers.get(tuple(key))
        if number is None:
            if len(self.states.numbers) >= MOST_STATES:
                return None
            number = self.states.of(tuple(key), shapes.state_of(pod))
        return number, tuple(restarts) if restarted else ()

    def _place(self, shape: int, uid: tuple[int, int], *, name: str, node: str, address: str, created: int) -> int:
        """A slot for a pod of that shape, whose state is still to be set."""
        own, number = name[len(self.shapes[shape].prefix) :], address_number(address)
        own_number = _own_number(own)
        odd = (own, address) if number == FREE or own_number == HALF else None
        plain = shape, self._node_number(node), number, created, own_number
        return self._add(plain, odd, uid, hash((self.shapes[shape].namespace, name)) & HALF)

    def _node_number(self, node: str) -> int:
        """Nodes come and go for months, and the names of those that are gone would stay. A slot that is free may keep one."""
        if len(self.nodes.numbers) > self._most_nodes:
            used = set(self.node)
            self.nodes.keep(used)
            self._most_nodes = 2 * len(used) + SPARE_NODES
        return self.nodes.of(node, node)

    def _add(self, plain: tuple[int, int, int, int, int], odd: tuple[str, str] | None, uid: tuple[int, int], called: int) -> int:
        slot = self._free.pop() if self._free else self._grow()
        self.shape[slot], self.node[slot], self.address[slot], self.created[slot], self._own[slot] = plain
        self.high[slot], self.low[slot] = uid
        self._called[slot] = called
        if odd is not None:
            self.odd[slot] = odd
        self._by_uid.add(slot)
        self._by_name.add(slot)
        return slot

    def _set(self, slot: int, note: int, state: int, restarts: tuple[int, ...]) -> Came:
        came = Came.SAME if state == self.state[slot] and restarts == self.restarts.get(slot, ()) else Came.STATE
        self.notes[slot], self.state[slot] = note, state
        if restarts:
            self.restarts[slot] = restarts
        elif self.restarts:
            self.restarts.pop(slot, None)
        return came

    def _grow(self) -> int:
        for column in self._columns:
            column.append(0)
        return len(self.shape) - 1

    def _plain(self, slot: int) -> tuple[int, int, int, int, int]:
        return self.shape[slot], self.node[slot], self.address[slot], self.created[slot], self._own[slot]

    def _containers(self, shape: int, state: int) -> tuple[Container, ...]:
        made = self._made.get((shape, state))
        if made is None:
            if len(self._made) > MADE:
                self._made.clear()
            made = self._made[shape, state] = shapes.containers_of(self.shapes[shape].containers, self.states[state], ())
        return made


class Passing:
    """Takes pods out of other columns as they lie there, which costs a fraction of making and reading their records."""

    def __init__(self, *, source: Pods, target: Pods) -> None:
        self._source, self._target = source, target
        self._shapes: dict[int, tuple[bytes, PodShape]] = {}
        self._states: dict[int, int] = {}

    def take(self, slot: int, *, note: int) -> Came | None:
        """This will put the pod of that slot in; None where a record is needed for it: it has the name of another there, or too rare a state."""
        source, target = self._source, self._target
        uid, called = (source.high[slot], source.low[slot]), source._called[slot]
        there = target.at(*uid)
        if (target._called[there] != called) if there != NOWHERE else target._by_name.find(called, lambda _: True) != NOWHERE:
            return None
        state = self._states.get(source.state[slot])
        if state is None:
            if len(target.states.numbers) >= MOST_STATES:
                return None
            value = source.states[source.state[slot]]
            state = self._states[source.state[slot]] = target.states.of(_state_key(value), value)
        shape, node, address, created, own = source._plain(slot)
        name = source.nodes[node]
        plain = self._shape(shape), target.nodes.of(name, name), address, created, own  # by what they are: a put in between may give numbers again
        odd, restarts = source.odd.get(slot), source.restarts.get(slot, ())
        if there != NOWHERE and plain == target._plain(there) and odd == target.odd.get(there):
            return target._set(there, note, state, restarts)
        if there != NOWHERE:
            target.drop(there)
        target._set(target._add(plain, odd, uid, called), note, state, restarts)
        return Came.NEW if there == NOWHERE else Came.OTHER

    def _shape(self, number: int) -> int:
        found = self._shapes.get(number)
        if found is None:
            shape = self._source.shapes[number]
            found = self._shapes[number] = _key(shape), shape
        return self._target.shapes.of(*found)


def halves(uid: str) -> tuple[int, int] | None:
    """This will read a uid as two numbers; None where it is no UUID in its canonical form."""
    if _uuid(uid) is None:
        return None
    number = int(uid.replace("-", ""), 16)
    return number >> 64, number & HALF


def all_halves(uids: Sequence[str]) -> tuple[array[int], array[int]] | None:
    """The same for many, the first halves of all and the second ones; None where one is no UUID."""
    text = "\n".join(uids)
    if _uuids(text) is None:
        return None
    numbers = array("Q", bytes.fromhex(text.replace("-", "")))
    if sys.byteorder == "little":
        numbers.byteswap()
    return (numbers[::2], numbers[1::2]) if len(numbers) == 2 * len(uids) else None


def uid_of(high: int, low: int) -> Uid:
    """This will write what `halves` read."""
    text = f"{high:016x}{low:016x}"
    return Uid(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def address_of(number: int) -> str:
    """This will write an IPv4 address; none for 0."""
    return socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big")) if number else ""


def address_number(address: str) -> int:
    """This will read what `address_of` writes; FREE for anything else."""
    if not address:
        return 0
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big") or FREE
    except (OSError, ValueError):  # the latter for a NUL in it
        return FREE
