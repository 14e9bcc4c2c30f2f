"""A Tune as Humdrum `**kern`, in one canonical spelling.

First the records, then one `**kern` spine: clef, signature, key, meter, the bar lines with the
numbers that the tune gives them, beams by beat. A note is split and tied where a bar line or a
change falls into it, and where no single note value holds its length. Lyrics, chord symbols
and dynamics follow as spines of their own; where one of them changes while a note sounds, a
`**recip` spine says how long each row lasts. A rest that crosses a bar line is tied like a
note, so that it is read back as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from canzona.score.kern_build import with_labelled_endings
from canzona.score.kern_marks import escape
from canzona.score.kern_rows import accidental, part_of_semitone, states_tempo, table
from canzona.score.kern_senses import MODES
from canzona.score.tune import Barline, Key, Meter, Tune

PROVENANCE = "canzona"
PHRASES = "canzona-phrases"
ENDINGS = "canzona-endings"
OWN = (PROVENANCE, PHRASES, ENDINGS)
"""Keys of the records that say what of the file is ours."""

ALTERATION = "RDF**kern"
"""Key of the records that declare private signs."""

_SIGN_LETTERS = "ijlNZ@+|"
_LOWEST_IN_TREBLE = 26
"""Mean staff height (28 is C4) under which a tune stands in the bass clef."""

_SUFFIXES = {mode: suffix for suffix, mode in MODES.items() if suffix} | {"major": "", "minor": ""}
_MINOR_MODES = ("minor", "dorian", "phrygian", "aeolian", "locrian")
_INSTRUMENT_CODES = (
    "vox", "soprn", "mezzo", "calto", "alto", "tenor", "barit", "bass", "feme", "male", "voice",
    "piano", "cembd", "organ", "guitr", "harp", "lute", "flt", "picco", "recor", "oboe", "clars", "fagot",
    "sax", "corno", "tromp", "tromb", "tuba", "violn", "viola", "cello", "cbass", "accor", "fiddl",
)  # fmt: skip


def kern_text(tune: Tune) -> str:
    """The tune as the text of a kern file.

    Raises UnsupportedError where a duration needs numbers of more than nine digits.
    """
    signs = _private_signs(tune)
    lines = [*_head(tune, signs), *table(tune, _opening(tune), _changes(tune, signs), signs)]
    return "\n".join(lines) + "\n"


# Records


def _head(tune: Tune, signs: dict[Fraction, str]) -> Iterator[str]:
    for key, value in tune.records:
        key = escape(key, ":")
        if key in OWN:
            key = f"&#{ord(key[0])};{key[1:]}"
        value = escape(value)
        if key == ALTERATION and "=" in value:
            value = value.replace("alteration ", "alteration&#32;")
        yield f"!!!{key}: {value}".rstrip()
    if tune.provenance:
        yield f"!!!{PROVENANCE}: {escape(tune.provenance)}"
    marked = any(note.phrase_start or note.phrase_end for note in tune.notes)
    if tune.phrasing != ("marked" if marked else "none") or not (marked or tune.is_empty):
        yield f"!!!{PHRASES}: {tune.phrasing}"
    if tune.sections and with_labelled_endings(tune) != tune:
        yield f"!!!{ENDINGS}: explicit"
    for alteration, sign in signs.items():
        yield f"!!!{ALTERATION}: {sign}=alteration {alteration}"
    for comment in tune.comments:
        text = escape(comment)
        yield f"!! {text}".rstrip()


# Signs and head


def _private_signs(tune: Tune) -> dict[Fraction, str]:
    """A letter, or one repeated, for each part of a semitone that the tune needs."""
    alters = {note.pitch.alter for note in tune.notes if note.pitch}
    alters |= {grace.pitch.alter for note in tune.notes for grace in note.graces}
    alters |= {alter for _, key in tune.keys for _, alter in key.signature or ()}
    parts = sorted({part_of_semitone(alter) for alter in alters} - {Fraction(0)})
    declared = "".join(value[:1] for key, value in tune.records if key == ALTERATION)
    letters = [letter for letter in _SIGN_LETTERS if letter not in declared] or list(_SIGN_LETTERS)
    return {part: letters[n % len(letters)] * (1 + n // len(letters)) for n, part in enumerate(parts)}


def _opening(tune: Tune) -> Iterator[str]:
    """Interpretations at the head of the spine: instrument, expansion lists, clef, tempo."""
    if tune.instrument in _INSTRUMENT_CODES:
        yield f"*I{tune.instrument}"
    elif tune.instrument:
        yield f'*I"{escape(tune.instrument)}'
    for name, labels in tune.expansions:
        yield f"*>{escape(name, '[')}[{','.join(escape(label, '[],') for label in labels)}]"
    heights = [note.pitch.height for note in tune.notes if note.pitch]
    yield "*clefF4" if heights and sum(heights) / len(heights) < _LOWEST_IN_TREBLE else "*clefG2"
    if tune.tempo is not None:
        yield f"*MM{tune.tempo}"


# Changes: what stands in lines of its own


def _changes(tune: Tune, signs: dict[Fraction, str]) -> list[tuple[Fraction, str]]:
    """Bar lines and interpretations in order; at one moment bar lines come first, but not at the start."""
    found: list[tuple[Fraction, int, str]] = []
    for line in tune.barlines:
        if line.ending:
            found.append((line.onset, 1, f"*ending:{escape(line.ending)}"))
        found.append((line.onset, 1, _barline(line)))
    for onset, key in tune.keys:
        found += [(onset, 2 if onset else 0, text) for text in _key(key, signs)]
    for onset, meter in tune.meters:
        found += [(onset, 2 if onset else 0, text) for text in _meter(meter)]
    found += [(section.onset, 2, f"*>{escape(section.label, '[')}") for section in tune.sections]
    for note in tune.notes[1:]:
        if note.attachments:
            found += [(note.onset, 3, f"*MM{mark.text}") for mark in note.attachments if states_tempo(mark)]
    found.sort(key=lambda change: change[:2])
    return [(onset, text) for onset, _, text in found]


def _barline(line: Barline) -> str:
    number = f"{line.number}{line.suffix}" if line.number else ""
    stroke = "||" if line.kind == "double" else "|!" if line.repeat == "end" else "!|"
    style = {
        "": "||" if line.kind == "double" else "",
        "end": f":{stroke}",
        "start": f"{stroke}:",
        "both": ":||:" if line.kind == "double" else ":|!|:",
    }[line.repeat]
    last = {"invisible": "-", "dashed": "."}.get(line.kind, "")
    return f"{'==' if line.kind == 'final' else '='}{number}{style}{last}"


def _key(key: Key, signs: dict[Fraction, str]) -> Iterator[str]:
    if key.signature is not None:
        letters = (letter.lower() + (accidental(alter, signs) or "n") for letter, alter in key.signature)
        yield f"*k[{''.join(letters)}]"
    if key.tonic:
        tonic = key.tonic.lower() if key.mode in _MINOR_MODES else key.tonic
        suffix = _SUFFIXES.get(key.mode, escape(key.mode)) if key.mode else "?"
        yield f"*{tonic}{('#' if key.tonic_alter > 0 else '-') * abs(key.tonic_alter)}:{suffix}"


def _meter(meter: Meter) -> Iterator[str]:
    if meter.is_free:
        known = re.fullmatch(r"(X|Z|FREI)\S*", meter.symbol)
        if meter.symbol.startswith("met("):
            yield f"*{escape(meter.symbol)}"
        else:
            yield f"*M{meter.symbol if known else 'X'}"
        return
    grouped = meter.grouping and sum(meter.grouping) == meter.beats
    beats = "+".join(map(str, meter.grouping)) if grouped else str(meter.beats)
    yield f"*M{beats}/{meter.unit}"
    if meter.symbol:
        yield f"*met({escape(meter.symbol)})"
