"""Read JSON from the control API into dataclasses, refusing what is unknown.

A test that misspells a fault switch must fail at once instead of passing without the fault.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = typing.TypeVar("T", bound="DataclassInstance")


class BadRequest(ValueError):
    """The control API was asked for something that makes no sense; the text says what."""


def read(cls: type[T], data: object, where: str = "body") -> T:
    """Make a `cls` (a dataclass) from decoded JSON.

    :param where: how the sentence of an error names this object.
    :raises BadRequest: unknown key, missing key or a value of the wrong type.
    """
    if not isinstance(data, Mapping):
        raise BadRequest(f"{where} must be an object")
    hints = typing.get_type_hints(cls)
    fields = {f.metadata.get("key", f.name): f for f in dataclasses.fields(cls)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise BadRequest(f"{where} has no key {unknown[0]!r}; known: {', '.join(sorted(fields))}")
    values = {
        field.name: _value(hints[field.name], data[key], f"{where}.{key}")
        for key, field in fields.items()
        if key in data
    }
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise BadRequest(f"{where}: {error}") from error


def _value(hint: object, value: object, where: str) -> object:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _union(typing.get_args(hint), value, where)
    if origin is typing.Literal:
        return _choice(typing.get_args(hint), value, where)
    if origin is tuple:
        return _items(typing.get_args(hint)[0], value, where)
    if origin in (dict, Mapping):
        return _mapping(typing.get_args(hint)[1], value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return read(hint, value, where)
    return _plain(hint, value, where)


def _union(options: tuple[object, ...], value: object, where: str) -> object:
    if value is None and types.NoneType in options:
        return None
    return _value(next(o for o in options if o is not types.NoneType), value, where)


def _choice(options: tuple[object, ...], value: object, where: str) -> object:
    if value not in options:
        raise BadRequest(f"{where} must be one of {', '.join(map(str, options))}")
    return value


def _items(hint: object, value: object, where: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise BadRequest(f"{where} must be a list")
    return tuple(_value(hint, item, f"{where}[{i}]") for i, item in enumerate(value))


def _mapping(hint: object, value: object, where: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise BadRequest(f"{where} must be an object")
    return {str(key): _value(hint, item, f"{where}.{key}") for key, item in value.items()}


def _plain(hint: object, value: object, where: str) -> object:
    if hint is object:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise BadRequest(f"{where} must be a {getattr(hint, '__name__', hint)}")
    return value
