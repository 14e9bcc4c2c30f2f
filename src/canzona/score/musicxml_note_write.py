"""One piece of a note as MusicXML: the `<note>` with its signs, and the directions before it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from canzona.score.musicxml_measures import Piece
from canzona.score.musicxml_signs import (
    ACCIDENTAL_NAMES,
    ARTICULATIONS,
    DYNAMICS,
    FERMATAS,
    ORNAMENTS,
    TECHNICAL,
    WEDGES,
    chord_parts,
    decimal,
    written_value,
)
from canzona.score.tune import Attachment, Grace, Pitch, Tune

_ORNAMENT_TAGS = {name: tag for tag, name in ORNAMENTS.items()}


class NoteWriter:
    """Writes `<note>` elements; keeps the accidentals of the bar and the words that go on."""

    def __init__(self, tune: Tune) -> None:
        self.tune = tune
        self._bar: Fraction | None = None
        self._altered: dict[tuple[str, int], Fraction] = {}
        self._signature: dict[str, Fraction] = {}
        self._open_words: dict[int, bool] = {}

    def write(self, parent: Element, piece: Piece, divisions: int, *, bar: Fraction) -> None:
        """Append the notes of a piece: its grace notes, then itself.

        Parameters
        ----------
        parent : the `<measure>`.
        divisions : of a quarter note, such that the piece's duration is a whole number of them.
        bar : onset of the measure in quarter notes; accidentals last as long as it.
        """
        key = self.tune.key_at(piece.onset)
        signature = key.alterations if key is not None else {}
        if bar != self._bar or signature != self._signature:
            self._bar, self._signature, self._altered = bar, signature, {}
        for grace in piece.note.graces if piece.first else ():
            self._grace(parent, grace)
        self._note(parent, piece, divisions)

    def write_tempo(self, parent: Element, tempo: Fraction, offset: Fraction) -> None:
        """Append a tempo in quarter notes a minute, `offset` divisions after the place where it stands."""
        _write_tempo(parent, tempo, offset)

    def _grace(self, parent: Element, grace: Grace) -> None:
        note = SubElement(parent, "note")
        SubElement(note, "grace", {"slash": "yes"} if grace.slashed else {})
        _write_pitch(note, grace.pitch)
        SubElement(note, "voice").text = "1"
        name, dots = written_value(grace.value) or ("eighth", 0)
        _write_value(note, name, dots)
        self._accidental(note, grace.pitch)

    def _note(self, parent: Element, piece: Piece, divisions: int) -> None:
        pitch = piece.note.pitch
        note = SubElement(parent, "note")
        if pitch is None:
            SubElement(note, "rest", {} if piece.value or not piece.first else {"measure": "yes"})
        else:
            _write_pitch(note, pitch)
        SubElement(note, "duration").text = str(int(piece.duration * divisions))
        ties = [kind for kind, is_tied in (("stop", not piece.first), ("start", not piece.last)) if is_tied]
        for kind in ties if pitch is not None else ():
            SubElement(note, "tie", {"type": kind})
        SubElement(note, "voice").text = "1"
        if piece.value is not None:
            _write_value(note, *piece.value)
        if pitch is not None and piece.first:
            self._accidental(note, pitch)
        if piece.tuplet is not None and piece.value is not None:
            modification = SubElement(note, "time-modification")
            SubElement(modification, "actual-notes").text = str(piece.tuplet[0])
            SubElement(modification, "normal-notes").text = str(piece.tuplet[1])
        for level, state in enumerate(piece.beams, start=1):
            SubElement(note, "beam", {"number": str(level)}).text = state
        _write_notations(note, piece, ties)
        for sign in _signs_of(piece):
            if sign.kind == "lyric":
                self._lyric(note, sign)

    def _accidental(self, note: Element, pitch: Pitch) -> None:
        """The sign that is needed: the pitch differs from the signature, or from the bar so far."""
        held = self._altered.get((pitch.step, pitch.octave), self._signature.get(pitch.step, Fraction(0)))
        if pitch.alter != held and pitch.alter in ACCIDENTAL_NAMES:
            SubElement(note, "accidental").text = ACCIDENTAL_NAMES[pitch.alter]
        self._altered[pitch.step, pitch.octave] = pitch.alter

    def _lyric(self, note: Element, sign: Attachment) -> None:
        lyric = SubElement(note, "lyric", {"number": str(sign.number)})
        if sign.text == "_":
            SubElement(lyric, "extend", {"type": "continue"})
            return
        goes_on = len(sign.text) > 1 and sign.text.endswith("-")
        came = self._open_words.get(sign.number, False)
        syllabic = ("middle" if came else "begin") if goes_on else ("end" if came else "single")
        SubElement(lyric, "syllabic").text = syllabic
        SubElement(lyric, "text").text = sign.text[:-1] if goes_on else sign.text
        self._open_words[sign.number] = goes_on


def write_moment_signs(parent: Element, piece: Piece, divisions: int) -> None:
    """Append the tempo changes, words, dynamics and chord symbols that stand inside a piece."""
    start = piece.onset - piece.note.onset
    end = start + piece.duration
    for sign in piece.note.attachments:
        if sign.offset < start or (sign.offset >= end and not piece.last):
            continue
        offset = (sign.offset - start) * divisions
        if sign.kind == "chord":
            _write_harmony(parent, sign.text, offset)
        elif sign.kind == "tempo":
            _write_tempo_change(parent, sign.text, offset)
        elif sign.kind in ("text", "dynamic"):
            _write_words(parent, sign, offset)


def _signs_of(piece: Piece) -> Iterable[Attachment]:
    """Signs at the very start of a piece."""
    start = piece.onset - piece.note.onset
    return [sign for sign in piece.note.attachments if sign.offset == start]


def _write_pitch(note: Element, pitch: Pitch) -> None:
    element = SubElement(note, "pitch")
    SubElement(element, "step").text = pitch.step
    if pitch.alter:
        SubElement(element, "alter").text = decimal(pitch.alter)
    SubElement(element, "octave").text = str(pitch.octave)


def _write_value(note: Element, name: str, dots: int) -> None:
    SubElement(note, "type").text = name
    for _ in range(dots):
        SubElement(note, "dot")


def _write_notations(note: Element, piece: Piece, ties: list[str]) -> None:
    notations = Element("notations")
    for kind in ties:
        if piece.note.pitch is not None:
            SubElement(notations, "tied", {"type": kind})
        else:  # rests cannot be tied; the seam is marked so that a reader joins them again
            SubElement(notations, "other-notation", {"type": kind}).text = "rest"
    signs = _signs_of(piece)
    for sign in signs:
        if sign.kind == "slur" and sign.text in ("start", "stop"):
            SubElement(notations, "slur", {"type": sign.text, "number": str(sign.number)})
    if piece.tuplet_starts:
        SubElement(notations, "tuplet", {"type": "start", "bracket": "yes"})
    if piece.tuplet_stops:
        SubElement(notations, "tuplet", {"type": "stop"})
    families: dict[str, Element] = {}
    for sign in signs:
        if sign.kind in ("ornament", "articulation"):
            _write_sign(notations, families, sign)
        elif sign.kind == "fermata":
            inverted = {"type": "inverted"} if sign.text == "inverted" else {}
            fermata = SubElement(notations, "fermata", inverted)
            fermata.text = sign.text if sign.text in FERMATAS else None
    _write_phrase(notations, "stop", marked=piece.note.phrase_end and piece.last)
    _write_phrase(notations, "start", marked=piece.note.phrase_start and piece.first)
    if len(notations):
        note.append(notations)


def _write_phrase(notations: Element, kind: str, *, marked: bool) -> None:
    if marked:
        SubElement(notations, "other-notation", {"type": kind, "number": "1"}).text = "phrase"


def _write_sign(notations: Element, families: dict[str, Element], sign: Attachment) -> None:
    if sign.kind == "ornament":
        family, tag = "ornaments", _ORNAMENT_TAGS.get(sign.text, "")
    else:
        family = "technical" if sign.text in TECHNICAL else "articulations"
        tag = sign.text if sign.text in TECHNICAL or sign.text in ARTICULATIONS else ""
    if family not in families:
        families[family] = SubElement(notations, family)
    if not tag:
        SubElement(families[family], f"other-{family.removesuffix('s')}").text = sign.text
    elif tag == "tremolo":
        SubElement(families[family], tag, {"type": "single"}).text = "3"
    else:
        SubElement(families[family], tag)


def _write_words(parent: Element, sign: Attachment, offset: Fraction) -> None:
    direction = SubElement(parent, "direction", {"placement": "below" if sign.kind == "dynamic" else "above"})
    if sign.kind == "tempo":
        direction.set("directive", "yes")
    kind = SubElement(direction, "direction-type")
    if sign.kind == "dynamic" and sign.text in WEDGES:
        SubElement(kind, "wedge", {"type": sign.text})
    elif sign.kind == "dynamic" and sign.text in DYNAMICS:
        SubElement(SubElement(kind, "dynamics"), sign.text)
    elif sign.kind == "dynamic":
        SubElement(SubElement(kind, "dynamics"), "other-dynamics").text = sign.text
    elif sign.kind == "text" and sign.text in ("segno", "coda"):
        SubElement(kind, sign.text)
    else:
        SubElement(kind, "words").text = sign.text
    _write_offset(direction, offset)


def _write_tempo_change(parent: Element, text: str, offset: Fraction) -> None:
    top, _, bottom = text.partition("/")
    if top.isdecimal() and len(text) < 20 and (bottom or "1").isdecimal() and int(bottom or 1) and int(top):
        _write_tempo(parent, Fraction(int(top), int(bottom or 1)), offset)
    else:
        _write_words(parent, Attachment("tempo", text), offset)


def _write_tempo(parent: Element, tempo: Fraction, offset: Fraction) -> None:
    direction = SubElement(parent, "direction", {"placement": "above"})
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    SubElement(metronome, "beat-unit").text = "quarter"
    SubElement(metronome, "per-minute").text = decimal(tempo)
    _write_offset(direction, offset)
    SubElement(direction, "sound", {"tempo": decimal(tempo)})


def _write_harmony(parent: Element, text: str, offset: Fraction) -> None:
    harmony = SubElement(parent, "harmony")
    parts = chord_parts(text)
    root, alter, kind, suffix, bass, bass_alter = parts or ("C", Fraction(0), "none", text, "", Fraction(0))
    element = SubElement(harmony, "root")
    SubElement(element, "root-step", {} if parts else {"text": ""}).text = root
    if alter:
        SubElement(element, "root-alter").text = str(alter)
    SubElement(harmony, "kind", {"text": suffix}).text = kind
    if bass:
        element = SubElement(harmony, "bass")
        SubElement(element, "bass-step").text = bass
        if bass_alter:
            SubElement(element, "bass-alter").text = str(bass_alter)
    _write_offset(harmony, offset)


def _write_offset(element: Element, offset: Fraction) -> None:
    if offset:
        SubElement(element, "offset").text = str(int(offset))
