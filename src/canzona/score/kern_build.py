"""From the tokens of one `**kern` spine to a Tune.

Time runs in whole ticks, and each number of ticks has its Fraction in a table, so that no
fraction is added note by note. A file whose durations do not fit `RESOLUTION` is counted
with a finer one of its own.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeVar, cast

from canzona.errors import FormatError
from canzona.score.kern_senses import BadToken, Sense
from canzona.score.kern_tokens import (
    MOST_NOTES,
    RESOLUTION,
    BarToken,
    NoteToken,
    Token,
    known,
    parse,
    refuse_too_many,
)
from canzona.score.tune import Attachment, Barline, Grace, Key, Meter, Note, Section, Tune

FINEST_RESOLUTION = 2**80
"""Ticks of a quarter note beyond which durations are no music."""

_FRACTIONS: dict[int, Fraction] = {}
_MOST_FRACTIONS = 1 << 17
_NO_GRACES: tuple[Grace, ...] = ()
_ENDING_LABEL = re.compile(r"(.*\D)(\d{1,2})", re.DOTALL)
_Value = TypeVar("_Value")


class Builder:
    """Collects what the tokens of a spine say; `tune` gives the result."""

    def __init__(self, source: str, alterations: Mapping[str, Fraction]) -> None:
        self.source = source
        self.alterations = alterations
        self.notes: list[Note] = []
        self.barlines: list[Barline] = []
        self.keys: list[tuple[Fraction, Key]] = []
        self.meters: list[tuple[Fraction, Meter]] = []
        self.sections: list[Section] = []
        self.expansions: list[tuple[str, tuple[str, ...]]] = []
        self.tempo: Fraction | None = None
        self.instruments: dict[str, str] = {}
        self.losses: Counter[str] = Counter()
        self.now = 0
        self.resolution = RESOLUTION
        self.fractions = _FRACTIONS
        self._symbol = ""
        self._symbol_at = Fraction(-1)
        self._ending = ""
        self._graces: list[Grace] = []
        self._grace_marks: list[Attachment] = []
        self._marks: list[Attachment] = []
        self._tied_at = -1
        self._tied_since = 0
        self._late_starts: list[int] = []

    def add(self, lines: Sequence[str]) -> None:
        """Read the tokens of a spine, one a line; comments and empty lines are passed over.

        Raises FormatError with the line (from 1) where a token makes no sense.
        """
        if len(lines) > MOST_NOTES:
            notes_or_rests = sum(line[:1] not in "*!=" and line != "." for line in map(str.strip, lines))
            refuse_too_many(notes_or_rests, "notes", self.source)
            refuse_too_many(sum(line[:1] == "=" for line in lines), "bar lines", self.source)
        tokens = self._tokens(lines)
        if any(type(token) is NoteToken and token.ticks < 0 for token in tokens):
            tokens = self._finer(tokens)
        fractions, notes, now = self.fractions, self.notes, 0
        for token in tokens:
            if type(token) is NoteToken:
                if token.plain and not self._graces and not self._marks:
                    onset = fractions.get(now)
                    if onset is None:
                        onset = self._fraction(now)
                    notes.append(
                        Note(
                            onset,
                            token.duration,
                            token.pitch,
                            token.phrase_start,
                            token.phrase_end,
                            _NO_GRACES,
                            token.attachments,
                        )
                    )
                    now += token.ticks
                else:
                    self.now = now
                    self._note(token)
                    now = self.now
            elif type(token) is BarToken:
                here, ending = self._fraction(now), self._ending
                self.barlines.append(
                    Barline(here, token.number, token.suffix, token.kind, token.repeat, ending)
                )
                self._ending = ""
                if token.losses:
                    self.losses.update(token.losses)
            else:
                self.now = now
                self._interpret(cast(Sense, token))
        self.now = now

    def _tokens(self, lines: Sequence[str]) -> list[Token]:
        tokens: list[Token] = []
        local: dict[str, Token] = {}
        seen = local if self.alterations else known()
        for place, line in enumerate(lines):
            token = seen.get(line)
            if token is None:
                if not line or line[0] == "!" or line.isspace():
                    continue
                try:
                    token = parse(line, self.alterations)
                except BadToken as error:
                    message, hint = error.args
                    raise FormatError(message, source=self.source, line=place + 1, hint=hint) from None
                if self.alterations:
                    local[line] = token
            tokens.append(token)
        return tokens

    def _finer(self, tokens: list[Token]) -> list[Token]:
        """The same tokens, in ticks that hold all their durations."""
        resolution = RESOLUTION
        for denominator in {t.duration.denominator for t in tokens if isinstance(t, NoteToken)}:
            resolution = math.lcm(resolution, denominator)
            if resolution > FINEST_RESOLUTION:
                raise FormatError(
                    "the durations have no common measure",
                    source=self.source,
                    hint="check the numbers before the note names",
                )
        self.resolution, self.fractions = resolution, {}
        return [
            dataclasses.replace(token, ticks=int(token.duration * resolution))
            if isinstance(token, NoteToken)
            else token
            for token in tokens
        ]

    def _fraction(self, ticks: int) -> Fraction:
        found = self.fractions.get(ticks)
        if found is None:
            if len(self.fractions) >= _MOST_FRACTIONS:
                self.fractions.clear()
            found = self.fractions[ticks] = Fraction(ticks, self.resolution)
        return found

    def _note(self, token: NoteToken) -> None:
        """A note with ties, grace notes or losses about it."""
        if token.losses:
            self.losses.update(token.losses)
        if token.grace is not None:
            self._graces.append(token.grace)
            self._grace_marks += token.attachments
            if token.phrase_start:
                self._late_starts.append(len(self.notes))
            if token.phrase_end:
                self.losses["phrase end on a grace note"] += 1
            return
        goes_on = token.tie in ("]", "_") and self._tied_at == len(self.notes)
        if goes_on and self.notes[-1].pitch == token.pitch and not self._graces:
            self._tie(token)
        else:
            if token.tie in ("]", "_"):
                self.losses["tie without its start"] += 1
            self._tied_since = self.now
            self.notes.append(
                Note(
                    self._fraction(self.now),
                    token.duration,
                    token.pitch,
                    token.phrase_start,
                    token.phrase_end,
                    tuple(self._graces),
                    (*self._marks, *token.attachments),
                )
            )
            if self._grace_marks:
                self.losses["mark on a grace note"] += len(self._grace_marks)
            self._graces, self._grace_marks, self._marks = [], [], []
        self.now += token.ticks
        self._tied_at = len(self.notes) if token.tie in ("[", "_") else -1

    def _tie(self, token: NoteToken) -> None:
        before = self.notes[-1]
        offset = self._fraction(self.now - self._tied_since)
        marks = tuple(
            mark if mark.kind == "slur" or not offset else dataclasses.replace(mark, offset=offset)
            for mark in (*self._marks, *token.attachments)
        )
        self._marks = []
        if token.phrase_start:
            self._late_starts.append(len(self.notes))
            self.losses["phrase start within a tied note, moved to the next note"] += 1
        self.notes[-1] = dataclasses.replace(
            before,
            duration=self._fraction(self.now - self._tied_since + token.ticks),
            phrase_end=before.phrase_end or token.phrase_end,
            attachments=before.attachments + marks,
        )

    def _interpret(self, sense: Sense) -> None:
        if sense.losses:
            self.losses.update(sense.losses)
        about, value = sense.about, sense.value
        if about == "nothing":
            return
        if about == "held":
            self._hold_over()
            return
        onset = self._fraction(self.now)
        if about == "meter":
            meter = cast(Meter, value)
            if self._symbol_at == onset and not meter.is_free:
                meter = dataclasses.replace(meter, symbol=self._symbol)
            _change(self.meters, onset, meter)
        elif about == "met":
            self._mensuration(onset, cast(str, value))
        elif about == "signature":
            signature = cast("tuple[tuple[str, Fraction], ...]", value)
            here = self.keys[-1][1] if self.keys and self.keys[-1][0] == onset else Key()
            here = here if here.signature is None or here.signature == signature or not here.tonic else Key()
            _change(self.keys, onset, dataclasses.replace(here, signature=signature))
        elif about == "key":
            signature_now = self.keys[-1][1].signature if self.keys else None
            _change(self.keys, onset, dataclasses.replace(cast(Key, value), signature=signature_now))
        elif about == "section":
            self.sections.append(Section(onset, cast(str, value)))
        elif about == "expansion":
            self.expansions.append(cast("tuple[str, tuple[str, ...]]", value))
        elif about == "ending":
            self._ending = cast(str, value)
        elif about in ("tempo", "tempo text"):
            self._change_tempo(value)
        else:
            self._name(about, cast(str, value))

    def _hold_over(self) -> None:
        """A bar that begins with a null token: its line falls into the note before, where the meter says."""
        here = self._fraction(self.now)
        if not self.notes or not self.barlines or self.barlines[-1].onset != here:
            return
        since = self.barlines[-2].onset if len(self.barlines) > 1 else Fraction(0)
        meter = next((meter for onset, meter in reversed(self.meters) if onset <= since), None)
        if meter is None or meter.is_free:
            return
        begun = max(self.notes[-1].onset, since)
        due = since + meter.length * ((begun - since) // meter.length + 1)
        if due >= here:
            return
        self.barlines[-1] = dataclasses.replace(self.barlines[-1], onset=due)
        _bring_forward(self.meters, here, due)
        _bring_forward(self.keys, here, due)
        if self.sections and self.sections[-1].onset == here:
            self.sections[-1] = dataclasses.replace(self.sections[-1], onset=due)

    def _mensuration(self, onset: Fraction, symbol: str) -> None:
        """A sign of common time or of mensuration: it belongs to the meter beside it, or stands for one."""
        if self.meters and self.meters[-1][0] == onset:
            meter = self.meters[-1][1]
            if not meter.is_free:
                self.meters[-1] = (onset, dataclasses.replace(meter, symbol=symbol))
            return
        self._symbol, self._symbol_at = symbol, onset
        meant = {"c": Meter(4, 4, symbol="c"), "c|": Meter(2, 2, symbol="c|")}.get(symbol)
        _change(self.meters, onset, meant or Meter(0, 1, symbol=f"met({symbol})"))

    def _change_tempo(self, value: object) -> None:
        if isinstance(value, Fraction) and not self.notes and self.tempo is None:
            self.tempo = value
        else:
            self._marks.append(Attachment("tempo", str(value)))

    def _name(self, about: str, text: str) -> None:
        if text in ("", "empty"):
            return
        if self.instruments.get(about, text) != text:
            self.losses[f"later {about} '{text}'"] += 1
        self.instruments.setdefault(about, text)

    def tune(self) -> Tune:
        """The Tune of all that was added."""
        if self._graces:
            self.losses["grace note after the last note"] += len(self._graces)
        for place in self._late_starts:
            if place < len(self.notes):
                self.notes[place] = dataclasses.replace(self.notes[place], phrase_start=True)
        if self._marks:
            self.losses["tempo change after the last note"] += len(self._marks)
        return Tune(
            notes=tuple(self.notes),
            barlines=tuple(self.barlines),
            keys=tuple(self.keys),
            meters=tuple(self.meters),
            sections=tuple(self.sections),
            expansions=tuple(self.expansions),
            tempo=self.tempo,
            instrument=self._instrument(),
            losses=tuple(f"{what}, {n} times" if n > 1 else what for what, n in sorted(self.losses.items())),
            source=self.source,
        )

    def _instrument(self) -> str:
        """The instrument's full name or else its code; what says more than that is a loss."""
        names = [self.instruments.get(about, "") for about in ("instrument name", "instrument")]
        name = names[0] or names[1]
        if names[0] and names[1]:
            self.losses[f"instrument code '{names[1]}'"] += 1
        if not name:
            for about in ("instrument abbreviation", "instrument class"):
                if about in self.instruments:
                    self.losses[f"{about} '{self.instruments[about]}'"] += 1
        return name


def with_labelled_endings(tune: Tune) -> Tune:
    """The tune with the endings that its section labels mean.

    A section 'A1' or 'A2' after a section 'A' or 'A1' is an ending of A, as in Verovio; the bar
    line at which it begins says so too.
    """
    endings: dict[Fraction, str] = {}
    base = None
    for section in tune.sections:
        found = _ENDING_LABEL.fullmatch(section.label)
        if found and base is not None and found[1] == base:
            endings.setdefault(section.onset, found[2])
        else:
            base = section.label
    if not endings:
        return tune
    barlines = [
        dataclasses.replace(line, ending=endings.pop(line.onset))
        if line.onset in endings and not line.ending
        else line
        for line in tune.barlines
    ]
    return tune.replace(barlines=tuple(barlines))


def _change(changes: list[tuple[Fraction, _Value]], onset: Fraction, value: _Value) -> None:
    """Note a change; of two at one moment the later holds."""
    if changes and changes[-1][0] == onset:
        changes[-1] = (onset, value)
    else:
        changes.append((onset, value))


def _bring_forward(changes: list[tuple[Fraction, _Value]], onset: Fraction, due: Fraction) -> None:
    """Let the last change hold from an earlier moment, where it was noted at `onset`."""
    if changes and changes[-1][0] == onset:
        changes[-1] = (due, changes[-1][1])
