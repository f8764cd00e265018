"""Reads the options of a request one by one; each is checked, and named when wrong. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from sdp.media.messages import MessageError

Word = TypeVar("Word", bound=StrEnum)

HOUR = 3600.0


class Reader:
    """Takes options out of an object one by one; what is left at the end is an error.

    All methods raise `MessageError`, naming the option.
    """

    def __init__(self, data: object, path: str = "options") -> None:
        if not isinstance(data, dict):
            raise MessageError(f"{path}: an object is needed")
        self._left: dict[str, Any] = dict(data)
        self.path = path

    def _name(self, name: str) -> str:
        return f"{self.path}.{name}"

    def _take(self, name: str, default: object) -> Any:
        value = self._left.pop(name, None)
        return default if value is None else value

    def has(self, name: str) -> bool:
        return self._left.get(name) is not None

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self._take(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            raise MessageError(f"{self._name(name)}: a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.number(name, default, least, most)
        if value != int(value):
            raise MessageError(f"{self._name(name)}: a whole number is needed")
        return int(value)

    def text(self, name: str, default: str, letters: str = "", most: int = 2048) -> str:
        """:param letters: the only ones allowed, if given."""
        value = self._take(name, default)
        if not isinstance(value, str) or len(value) > most:
            raise MessageError(f"{self._name(name)}: text of at most {most} letters")
        if letters and not set(value) <= set(letters):
            raise MessageError(f"{self._name(name)}: only {letters} are allowed")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise MessageError(f"{self._name(name)}: true or false is needed")
        return value

    def texts(self, name: str, most: int = 50) -> dict[str, str]:
        """An object of at most `most` texts, of at most 2048 letters each."""
        inner = Reader(self._take(name, {}), self._name(name))
        if len(inner._left) > most:
            raise MessageError(f"{inner.path}: at most {most} of them")
        return {str(key): inner.text(key, "") for key in tuple(inner._left)}

    def word(self, name: str, default: Word, allowed: tuple[Word, ...] = ()) -> Word:
        """One of the words of the default's type, or of `allowed`."""
        kind = type(default)
        words = [str(one) for one in allowed or tuple(kind)]
        value = self._take(name, str(default))
        if value not in words:
            raise MessageError(f"{self._name(name)}: one of {', '.join(words)}")
        return kind(value)

    def words(self, name: str, default: tuple[Word, ...]) -> tuple[Word, ...]:
        """A list of words of the default's type."""
        kind = type(default[0])
        allowed = [str(one) for one in kind]
        value = self._take(name, [str(one) for one in default])
        if not isinstance(value, list) or any(one not in allowed for one in value):
            raise MessageError(f"{self._name(name)}: a list of {', '.join(allowed)}")
        return tuple(kind(one) for one in value)

    def inner(self, name: str) -> Reader:
        """The options of an object inside this one."""
        return Reader(self._take(name, None), self._name(name))

    def end(self) -> None:
        if self._left:
            name = min(map(str, self._left))[:40]
            raise MessageError(f"{self._name(name)}: there is no such option")
