"""One ABC tune, line by line: header, fields of the body, lyrics, directives.

The header ends with K:. A line of the body is a field (a letter and a colon), a directive
(``%%``), a comment or music. Fields that say who, where and what become reference records
under Humdrum keys; `FIELDS_OF_RECORDS` is that table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import cast

from canzona.errors import FormatError, PolyphonyError
from canzona.score.abc_assemble import TuneParts, assemble
from canzona.score.abc_fields import (
    default_unit,
    octave_shift,
    parse_key,
    parse_meter,
    parse_order,
    parse_tempo,
    parse_unit,
    transposing,
)
from canzona.score.abc_macros import Macro, expand, parse_macro
from canzona.score.abc_music import MusicReader
from canzona.score.abc_text import decode_text, split_comment
from canzona.score.abc_voice import Start, Voice
from canzona.score.tune import Attachment, Key, Meter, Phrasing, Tune

FIELDS_OF_RECORDS = {
    "C": "COM", "O": "ARE", "A": "ARE", "R": "AGN", "B": "PTL", "S": "SMS", "N": "ONB", "Z": "ENC",
    "D": "RTL", "F": "URL", "H": "HAO", "G": "ACO",
}  # fmt: skip
"""Humdrum keys of the fields that become records; T is OTL, a further T is OTA; others keep their letter."""

_FIELD = re.compile(r"([A-Za-z+]):[ \t]*(.*)", re.DOTALL)
_MUSIC_AFTER_COLON = re.compile(r"[A-Ga-gzx]:[|:]")
_TEXT_BLOCK = re.compile(r"%%\s*begin(\w+)")

Line = tuple[int, str]
"""A line with its number in the file, from 1."""


class TuneReader:
    """Reads the lines of one tune; `tune` then assembles it."""

    def __init__(self, source: str, place: int) -> None:
        self.parts = TuneParts()
        self._source, self._place = source, place
        self._losses: dict[str, None] = {}
        self._music = MusicReader(self._inline_field)
        self._voices: dict[str, Voice] = {}
        self._voice: Voice | None = None
        self._labels: dict[str, str] = {}
        self._macros: list[Macro] = []
        self._key: Key | None = None
        self._meter: Meter | None = None
        self._unit: Fraction | None = None
        self._octave = 0
        self._octaves: dict[str, int] = {}
        self._propagate = "octave"
        self._last_field = ""
        self._skip_to = ""
        self._continued = False

    @property
    def has_key(self) -> bool:
        """Whether the header's K: was read, after which music may come."""
        return self._voice is not None

    def read(self, lines: Sequence[Line]) -> None:
        """Read lines, of the file's header or of the tune. Raises FormatError with the line."""
        for number, line in lines:
            try:
                self._line(line)
            except ValueError as error:
                raise FormatError(str(error), source=self._source, line=number) from None

    def tune(self, line: int, track: str | None) -> Tune:
        """The tune of one voice; PolyphonyError where there are several and none is chosen."""
        voice = self._chosen(line, track)
        voice.finish()
        self.parts.losses = tuple(self._losses)
        bare = "" if voice.name.isdigit() else voice.name
        self.parts.instrument = self._labels.get(voice.name, bare)
        try:
            return assemble(voice, self.parts)
        except ValueError as error:
            raise FormatError(str(error), source=self._source, line=line) from None

    def _chosen(self, line: int, track: str | None) -> Voice:
        sounding = [voice for voice in self._voices.values() if voice.pieces]
        names = ", ".join(f"{n} '{v.label or v.name}'" for n, v in enumerate(sounding, start=1))
        if track is None:
            if len(sounding) > 1:
                raise PolyphonyError(
                    f"the tune has {len(sounding)} voices: {names}",
                    source=self._source, line=line, hint="choose one with --track NUMBER or NAME",
                )  # fmt: skip
            return sounding[0] if sounding else next(iter(self._voices.values()))
        for number, voice in enumerate(sounding, start=1):
            if track in (str(number), voice.name, voice.label):
                if len(sounding) > 1:
                    self._losses[f"the other voices ({names})"] = None
                return voice
        raise PolyphonyError(
            f"the tune has no voice '{track}'",
            source=self._source, line=line, hint=f"choose one of {names or 'none: it has no notes'}",
        )  # fmt: skip

    # -- lines --------------------------------------------------------------------------

    def _line(self, line: str) -> None:
        if self._skip_to:
            self._skip_to = "" if line.startswith(self._skip_to) else self._skip_to
            return
        if line.startswith("%%"):
            self._directive_line(line)
            return
        line, comment = split_comment(line)
        if comment:
            self.parts.comments.append(comment)
        if not line.strip():
            return
        field = None if self.has_key and _MUSIC_AFTER_COLON.match(line) else _FIELD.match(line)
        if field is not None:
            self._field_line(field[1], field[2].strip())
        elif self._voice is not None:
            self._music_line(line)
        elif self._last_field in ("H", "N"):
            self._continue_record(line.strip())
        else:
            raise ValueError(f"'{line.strip()[:30]}' stands before K: and is no field")

    def _directive_line(self, line: str) -> None:
        block = _TEXT_BLOCK.match(line)
        if block:
            self._skip_to = f"%%end{block[1]}"
            self._losses[f"the block %%begin{block[1][:20]}"] = None
        else:
            self._directive(line[2:].strip())

    def _music_line(self, line: str) -> None:
        self._last_field = ""
        voice = self._current()
        bare = line.rstrip()
        continues = bare.endswith("\\")
        if self._macros:
            bare = expand(bare, self._macros)
        if not self._continued:
            voice.begin_line()
        self._voice = voice = self._music.read(bare.removesuffix("\\"), voice)
        self._continued = continues
        if not continues:
            voice.end_line()

    def _field_line(self, letter: str, text: str) -> None:
        if letter == "+":
            self._continue_field(text)
            return
        self._last_field = letter
        if letter == "K" and self._voice is None:
            self._begin_body(text)
        elif letter == "w":
            self._current().lyrics(text)
        elif letter == "V":
            self._voice_field(text)
        else:
            self._field(letter, text)

    def _inline_field(self, letter: str, text: str) -> Voice:
        if letter == "V":
            self._voice_field(text.strip())
        elif letter == "r":
            self._remark(text.strip())
        else:
            self._field(letter, text.strip())
        return self._current()

    def _field(self, letter: str, text: str) -> None:
        if letter in _MEANINGS:
            _MEANINGS[letter](self, text)
        elif letter in ("s", "d"):
            self._losses[f"a line of symbols ({letter}:)"] = None
        elif letter != "r":
            self._record(letter, decode_text(text))

    # -- fields with a meaning ----------------------------------------------------------

    def _begin_body(self, text: str) -> None:
        field = parse_key(text)
        self._octave = field.octave or 0
        self._key = field.key or Key("", 0, "", ())
        if field.ignored:
            self._losses[f"the clef or layout '{field.ignored[:40]}'"] = None
        if not self._voices:
            self._declare("", "")
        for name in self._voices:
            self._voices[name] = self._fresh(name)
        self._voice = next(iter(self._voices.values()))
        self.parts.first_key = self._key
        self.parts.first_meter = self._meter

    def _fresh(self, name: str) -> Voice:
        unit = self._unit if self._unit is not None else default_unit(self._meter)
        octave = self._octaves.get(name, self._octave)
        start = Start(self._key or Key(), self._meter, unit, octave, self._propagate)
        return Voice(name, self._labels.get(name, name), start, self._losses)

    def _declare(self, name: str, label: str) -> None:
        if label:
            self._labels[name] = label
        if name not in self._voices:
            if len(self._voices) >= 64:
                raise ValueError("more than 64 voices")
            self._voices[name] = self._fresh(name)

    def _voice_field(self, text: str) -> None:
        word = re.match(r"\S*", text)
        name = word[0] if word else ""
        found = re.search(r"\b(?:name|nm)\s*=\s*(?:\"([^\"]*)\"|(\S+))", text[:500])
        label = decode_text(found[1] or found[2] or "") if found else ""
        bare = re.sub(r"\"[^\"]*\"", " ", text)
        if (octave := octave_shift(bare)) is not None:
            self._octaves[name] = octave
        if shift := transposing(bare):
            self._losses[f"the clef or layout '{shift[:40]}'"] = None
        if self._voice is not None and list(self._voices) == [""] and not self._voice.pieces:
            self._voice.name = name
            self._voices = {name: self._voice}
        self._declare(name, label)
        self._voices[name].label = self._labels.get(name, name)
        if octave is not None:
            self._voices[name].octave = octave
        if self._voice is not None:
            self._voice = self._voices[name]

    def _key_field(self, text: str) -> None:
        field = parse_key(text)
        voice = self._current()
        if field.octave is not None:
            voice.octave = field.octave
        if field.key is not None:
            voice.set_key(field.key)
        if field.ignored:
            self._losses[f"the clef or layout '{field.ignored[:40]}'"] = None

    def _meter_field(self, text: str) -> None:
        meter = parse_meter(text)
        if self._voice is None:
            self._meter = meter
        else:
            self._voice.set_meter(meter)

    def _unit_field(self, text: str) -> None:
        unit = parse_unit(text)
        if self._voice is None:
            self._unit = unit
        else:
            self._voice.unit = unit

    def _tempo_field(self, text: str) -> None:
        unit = self._voice.unit if self._voice is not None else self._unit or default_unit(self._meter)
        tempo, words = parse_tempo(text, unit)
        words = decode_text(words)
        if self._voice is None:
            self.parts.tempo = tempo or self.parts.tempo
            self.parts.tempo_words = words
            return
        if words:
            self._voice.attach(Attachment("tempo", words))
        if tempo is not None and self.parts.tempo is None and not self._voice.pieces:
            self.parts.tempo = tempo
        elif tempo is not None:
            self._voice.attach(Attachment("tempo", str(tempo)))

    def _part_field(self, text: str) -> None:
        if self._voice is not None:
            self._voice.sections.append((len(self._voice.pieces), decode_text(text)))
            return
        try:
            self.parts.expansions.append(("", parse_order(decode_text(text))))
        except ValueError as error:
            self._losses[f"the play order: {error}"] = None

    def _macro_field(self, text: str) -> None:
        self._macros.append(parse_macro(text))

    def _define_field(self, text: str) -> None:
        self._music.define(text)

    # -- records and directives -----------------------------------------------------------

    def _record(self, letter: str, text: str) -> None:
        if letter == "X":
            if text and text != str(self._place):
                self.parts.number = text
        elif letter == "T":
            self._add_record("OTA" if any(key == "OTL" for key, _ in self.parts.records) else "OTL", text)
        elif text:
            self._add_record(FIELDS_OF_RECORDS.get(letter, letter), text)

    def _add_record(self, key: str, text: str) -> None:
        if text:
            self.parts.records.append((key, text))

    def _continue_field(self, text: str) -> None:
        if self._last_field == "w":
            self._current().more_lyrics(text)
        elif self._last_field in _MEANINGS or self._last_field in ("", "V", "X"):
            self._losses[f"the continuation '{text[:40]}' of a field that has none"] = None
        elif self._last_field not in ("r", "s", "d"):
            self._continue_record(text)

    def _continue_record(self, text: str) -> None:
        if self.parts.records:
            key, value = self.parts.records[-1]
            if len(value) > 20_000:
                raise ValueError("a field of more than 20,000 characters")
            self.parts.records[-1] = (key, f"{value} {decode_text(text)}")

    def _directive(self, text: str) -> None:
        name, _, value = text.partition(" ")
        value = value.strip()
        if name == "canzona":
            self.parts.provenance = value
        elif name.startswith("canzona-"):
            self._own_directive(name.removeprefix("canzona-"), value)
        elif name == "propagate-accidentals" and value in ("not", "octave", "pitch"):
            self._propagate = value
            if self._voice is not None:
                self._voice.propagate = value
        elif name == "setbarnb" and self._voice is not None:
            self._voice.number_bar(value)
        elif name and not name.startswith(("abc-version", "abc-charset", "abc-include")):
            self._losses[f"the directive {text[:60]}"] = None

    def _own_directive(self, name: str, value: str) -> None:
        parts = self.parts
        if name == "phrases" and value in ("marked", "inferred", "none"):
            parts.phrasing = cast(Phrasing, value)
        elif name == "bars":
            parts.bars = frozenset(value.split())
        elif name == "keys":
            parts.keys = frozenset(value.split())
        elif name in ("record", "comment", "order"):
            try:
                parts.add_written(name, json.loads(value[:1_000_000]))
            except (ValueError, TypeError, KeyError, RecursionError):
                raise ValueError(f"the line %%canzona-{name} is damaged") from None

    def _remark(self, text: str) -> None:
        voice = self._current()
        if text == "no phrase begins":
            voice.unbegun.add(len(voice.pieces))
        elif text == "no phrase ends":
            voice.unended.add(len(voice.pieces))

    def _instruction_field(self, text: str) -> None:
        self._directive(text)

    def _current(self) -> Voice:
        if self._voice is None:
            raise ValueError("music stands before the K: field that ends the header")
        return self._voice


_MEANINGS = {
    "K": TuneReader._key_field, "M": TuneReader._meter_field, "L": TuneReader._unit_field,
    "Q": TuneReader._tempo_field, "P": TuneReader._part_field, "U": TuneReader._define_field,
    "m": TuneReader._macro_field, "I": TuneReader._instruction_field,
}  # fmt: skip
