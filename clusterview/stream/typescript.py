"""The front end's half of `messages.py`: TypeScript types, written from the msgspec Structs by reflection.

A test compares the committed file with what this module writes, so the two sides cannot drift apart. Every field of a message to the
browser is always sent (msgspec leaves none out), so only fields of messages from the browser may be missing.
"""

from __future__ import annotations

import enum
import textwrap
import typing
from collections.abc import Iterator

import msgspec.inspect

from clusterview.stream import messages
from clusterview.topology import objects

HEADER = """\
// Written by `python3 manage.py messages_ts` from clusterview/stream/messages.py and clusterview/topology/. Do not edit.
// Frames are MessagePack maps. Moments named `*_at` are whole seconds since 1970.
"""
UNIONS = {
    "AnyRecord": objects.AnyRecord,
    "RowChange": messages.RowChange,
    "ToBrowser": messages.ToBrowser,
}
BASE_NAMES: dict[type[msgspec.Struct], str] = {objects.Record: "BaseRecord"}  # `Record` is a type of TypeScript itself


def generate() -> str:
    """This will write the whole text of `static/src/wire/messages.ts`."""
    parts = [HEADER, f'export const WHOLE = "{messages.WHOLE}";\n']
    parts.append(_enumeration(name="KINDS", members=objects.Kind))
    parts += [_interface(struct) for struct in _structs()]
    parts += [_union(name=name, types=typing.get_args(union)) for name, union in UNIONS.items()]
    parts.append("export type FromBrowser = Hello;\n")
    return "\n".join(parts)


def _structs() -> list[type[msgspec.Struct]]:
    """All Structs that a frame can hold, each after those that it mentions."""
    found: dict[type[msgspec.Struct], None] = {}
    roots = [messages.FromBrowser, messages.Whole, *typing.get_args(messages.ToBrowser)]
    for root in roots:
        _collect(root, found)
    return list(found)


def _collect(struct: type[msgspec.Struct], found: dict[type[msgspec.Struct], None]) -> None:
    base = _base(struct)
    if base is not None and base not in found:
        _collect(base, found)
    for field in _fields(struct):
        for mentioned in _mentioned(field.type):
            if mentioned not in found:
                _collect(mentioned, found)
    found[struct] = None


def _mentioned(kind: msgspec.inspect.Type) -> Iterator[type[msgspec.Struct]]:
    match kind:
        case msgspec.inspect.StructType(cls=cls):
            yield cls
        case msgspec.inspect.UnionType(types=types):
            for member in types:
                yield from _mentioned(member)
        case msgspec.inspect.VarTupleType(item_type=item):
            yield from _mentioned(item)
        case msgspec.inspect.TupleType(item_types=items):
            for item in items:
                yield from _mentioned(item)


def _interface(struct: type[msgspec.Struct]) -> str:
    base = _base(struct)
    inherited = {field.name for field in _fields(base)} if base else set()
    lines = [*_comment(struct), f"export interface {_name(struct)}{f' extends {_name(base)}' if base else ''} {{"]
    if struct is objects.Record:
        lines.append("  readonly kind: Kind;")
    elif struct.__struct_config__.tag is not None and not struct.__subclasses__():
        lines.append(f'  readonly {struct.__struct_config__.tag_field}: "{struct.__struct_config__.tag}";')
    may_miss = struct is messages.FromBrowser
    for field in _fields(struct):
        if field.name not in inherited:
            mark = "?" if may_miss and not field.required else ""
            lines.append(f"  readonly {field.encode_name}{mark}: {_type(field.type)};")
    return "\n".join([*lines, "}\n"])


def _type(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.StructType(cls=cls):
            return _name(cls)
        case msgspec.inspect.EnumType(cls=cls):
            return cls.__name__
        case msgspec.inspect.UnionType(types=types):
            return _union_type(types)
        case msgspec.inspect.VarTupleType(item_type=item):
            return f"readonly {_item(item)}[]"
        case msgspec.inspect.TupleType(item_types=items):
            return f"readonly [{', '.join(_type(item) for item in items)}]"
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return f"Readonly<Record<{_type(key)}, {_type(value)}>>"
        case _:
            return SIMPLE[type(kind)]


SIMPLE: dict[type, str] = {
    msgspec.inspect.StrType: "string",
    msgspec.inspect.IntType: "number",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.BoolType: "boolean",
    msgspec.inspect.BytesType: "Uint8Array",
    msgspec.inspect.NoneType: "null",
}


def _item(kind: msgspec.inspect.Type) -> str:
    written = _type(kind)
    return f"({written})" if written.startswith("readonly") or " | " in written else written


def _union_type(types: tuple[msgspec.inspect.Type, ...]) -> str:
    """A union that has a name is written by its name."""
    members = {kind.cls for kind in types if isinstance(kind, msgspec.inspect.StructType)}
    for name, union in UNIONS.items():
        if members == set(typing.get_args(union)):
            return name
    return " | ".join(_type(member) for member in types)


def _union(*, name: str, types: tuple[type[msgspec.Struct], ...]) -> str:
    return f"export type {name} =\n" + "\n".join(f"  | {_name(member)}" for member in types) + ";\n"


def _enumeration(*, name: str, members: type[enum.Enum]) -> str:
    values = "\n".join(f'  "{member.value}",' for member in members)
    comment = "\n".join(_comment(members))
    return f"{comment}\nexport const {name} = [\n{values}\n] as const;\nexport type {members.__name__} = (typeof {name})[number];\n"


def _comment(documented: type) -> list[str]:
    text = documented.__dict__.get("__doc__")
    if not text:
        return []
    first, *rest = text.strip().split("\n")
    return ["/**", *(f" * {line}".rstrip() for line in [first, *textwrap.dedent("\n".join(rest)).split("\n")] if line), " */"]


def _base(struct: type[msgspec.Struct]) -> type[msgspec.Struct] | None:
    """The Struct that this one adds to, where it has any fields."""
    parent = struct.__bases__[0]
    return parent if issubclass(parent, msgspec.Struct) and parent.__struct_fields__ else None


def _fields(struct: type[msgspec.Struct]) -> tuple[msgspec.inspect.Field, ...]:
    kind = msgspec.inspect.type_info(struct)
    assert isinstance(kind, msgspec.inspect.StructType)
    return kind.fields


def _name(struct: type[msgspec.Struct]) -> str:
    return BASE_NAMES.get(struct, struct.__name__)
