"""What a user may ask of a composition, checked."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from canzona.composition.rules.bars import MOST_BARS
from canzona.errors import UsageError
from canzona.score.tune import MODES, Key, Meter

MOST_TUNES = 100_000
MOST_TEMPERATURE = 5.0

USUAL_TOP_P = 0.97
"""With it tunes are about as predictable to a model as songs that it has never seen; without, less."""

BARS_A_PHRASE = 4
"""Bars for each phrase where phrases alone are asked for."""

_KEY = re.compile(r"\s*([A-Ga-g])(#{1,2}|b{1,2}|-{1,2}|♯|♭)?\s*(.*?)\s*$")
_METER = re.compile(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*$")
_MODE_NAMES = {
    "": "", "m": "minor", "min": "minor", "minor": "minor", "maj": "major", "major": "major",
    **{mode: mode for mode in MODES}, **{mode[:3]: mode for mode in MODES},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a composition depends on beside model and seed; every part of the music may be left out.

    Attributes
    ----------
    style : words of a region or collection that the model knows, or ''.
    key : 'G', 'F#', 'Bb', with or without a mode ('Am', 'D dorian'), or ''.
    mode : 'major', 'minor', 'dorian' ..., or ''.
    meter : '3/4', '6/8', 'free' ..., or ''.
    bars : full bars, 1 to 512, or None: the model ends where it likes. Of a tune that is continued
        only the new bars count.
    phrases : phrases, 1 to the number of bars, or None; without `bars` four bars each.
    temperature : 0 (always the most probable event) to 5; 1 is the model's own.
    top_p : in (0, 1]; draw only among the most probable events with this much probability; 1 draws
        among all.

    Raises
    ------
    UsageError : a value is out of range or unknown.
    """

    style: str = ""
    key: str = ""
    mode: str = ""
    meter: str = ""
    bars: int | None = None
    phrases: int | None = None
    temperature: float = 1.0
    top_p: float = USUAL_TOP_P

    def __post_init__(self) -> None:
        self._check_types()
        meter, named = self.parsed_meter(), self.parsed_key()
        free = meter is not None and meter.is_free
        if self.phrases is not None and self.phrases < 1:
            raise UsageError(f"a tune cannot have {self.phrases} phrases", hint="ask for 1 or more")
        if free and self.bars is not None:
            raise UsageError("free meter has no bars to count", hint="leave out the bars or the meter")
        if self.phrases is not None and self.bars is None and not free:
            object.__setattr__(self, "bars", BARS_A_PHRASE * self.phrases)
        if self.bars is not None and not 1 <= self.bars <= MOST_BARS:
            raise UsageError(f"a tune cannot have {self.bars} bars", hint=f"ask for 1 to {MOST_BARS}")
        if not 0 <= self.temperature <= MOST_TEMPERATURE:
            raise UsageError(
                f"temperature {self.temperature} is out of range", hint="choose 0 to 5; 1 is the model's own"
            )
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p {self.top_p} is out of range", hint="choose more than 0 and at most 1")
        mode = mode_named(self.mode) if self.mode else ""
        if named is not None and named.mode and mode and named.mode != mode:
            raise UsageError(
                f"key '{self.key}' and mode '{self.mode}' contradict each other", hint="give one of them"
            )

    def _check_types(self) -> None:
        for name in ("style", "key", "mode", "meter"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(f"{name} {getattr(self, name)!r} is no text", hint="leave out what is open")
        for name in ("bars", "phrases"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise UsageError(f"{value!r} {name} are no whole number", hint="give 1, 2, 3 ...")
        for name in ("temperature", "top_p"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UsageError(f"{name} {value!r} is no number", hint="give one such as 0.9")

    @property
    def wanted_mode(self) -> str:
        """The mode asked for by key or mode, or ''; a bare key is major."""
        if self.mode:
            return mode_named(self.mode)
        key = self.parsed_key()
        return "" if key is None else key.mode or "major"

    def parsed_key(self) -> Key | None:
        """The key, its mode '' where none is named, or None."""
        return key_named(self.key) if self.key else None

    def parsed_meter(self) -> Meter | None:
        """The meter, or None."""
        return meter_named(self.meter) if self.meter else None

    def to_dict(self) -> dict[str, Any]:
        """What is not left out, as plain values."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}


def key_named(text: str) -> Key:
    """'F#m', 'Bb major', 'D dorian' -> Key; a lower-case letter alone is minor."""
    found = _KEY.match(text)
    mode = _MODE_NAMES.get(found[3].lower() if found and found[3] != "M" else "major") if found else None
    if found is None or mode is None:
        raise UsageError(f"'{text}' is no key", hint="write it as in G, F#, Bb, Am or 'D dorian'")
    sign = (found[2] or "").replace("♯", "#").replace("♭", "b")
    alter = len(sign) if sign.startswith("#") else -len(sign)
    if not mode and found[1].islower():
        mode = "minor"
    return Key(found[1].upper(), alter, mode)


def mode_named(text: str) -> str:
    """A mode by its name or its first three letters."""
    mode = _MODE_NAMES.get(text.strip().lower())
    if not mode:
        raise UsageError(f"'{text}' is no mode", hint=f"choose one of {', '.join(MODES)}")
    return mode


def meter_named(text: str) -> Meter:
    """'6/8', 'C', 'C|' or 'free' -> Meter."""
    word = text.strip().lower()
    if word in ("free", "none"):
        return Meter(0, 1, symbol="X")
    if word in ("c", "c|"):
        return Meter(4, 4, symbol="c") if word == "c" else Meter(2, 2, symbol="c|")
    found = _METER.match(text)
    beats, unit = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= beats <= 64 or unit not in (1, 2, 4, 8, 16, 32):
        raise UsageError(
            f"'{text}' is no meter",
            hint="write it as in 3/4 or 6/8, the lower number a power of two, or 'free'",
        )
    return Meter(beats, unit)
