"""Where a tune stood as it stands now: the longest context that has been before.

Match models as in data compression (Cleary & Witten, PPM, 1984; Mahoney, lpaq, 2007).
"""

from __future__ import annotations

from collections.abc import Hashable

LONGEST_MATCH = 16
"""Symbols of context that are compared."""

_LENGTH_CLASS = (0, 1, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7)


class Match:
    """Follows the most recent earlier place whose context agrees longest with the present one.

    Parameters
    ----------
    shortest : symbols that have to agree before a place is followed.
    """

    __slots__ = ("length", "pointer", "seen", "shortest", "symbols")

    def __init__(self, shortest: int) -> None:
        self.symbols: list[Hashable] = []
        self.seen: dict[tuple[Hashable, ...], int] = {}
        self.shortest = shortest
        self.pointer = -1
        self.length = 0

    def push(self, symbol: Hashable) -> None:
        """Takes the next symbol and moves the pointer on, or to the latest place with the same context."""
        symbols = self.symbols
        if self.pointer >= 0 and symbols[self.pointer] == symbol:
            self.pointer += 1
            self.length += 1
        else:
            self.pointer, self.length = -1, 0
        symbols.append(symbol)
        if len(symbols) < self.shortest:
            return
        context = tuple(symbols[-self.shortest :])
        if self.pointer < 0:
            found = self.seen.get(context, -1)
            if found >= 0:
                length = self.shortest
                here = len(symbols) - 1
                while (
                    length < LONGEST_MATCH
                    and length < found
                    and symbols[found - 1 - length] == symbols[here - length]
                ):
                    length += 1
                self.pointer, self.length = found, length
        self.seen[context] = len(symbols)

    @property
    def length_class(self) -> int:
        """How long the contexts agree, in classes; 0 where none does."""
        return _LENGTH_CLASS[min(self.length, LONGEST_MATCH)] if self.pointer >= 0 else 0
