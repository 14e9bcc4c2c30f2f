"""A standard MIDI file to a `Tune`.

The notes of one voice become exact times on a grid, gaps become rests, and heights are
spelled in the key that the file states or that is found. Bars follow from the time
signatures; where accents say that the first bar is not whole (a first signature that holds
for one short bar, or louder notes that fall regularly elsewhere), the tune begins with a
pickup of that length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

from canzona.errors import FormatError
from canzona.score.instruments import PROGRAMS, program_of
from canzona.score.midi_events import MidiFile, MidiNote, parse
from canzona.score.midi_grid import exact_times
from canzona.score.midi_metas import (
    COPYRIGHT,
    INSTRUMENT,
    KEY,
    LYRIC,
    MARKER,
    METER,
    TEMPO,
    TEXT,
    Metas,
    metas_of,
    moved,
)
from canzona.score.midi_state import PREFIX, checksum, parsed_state, with_fields, with_times
from canzona.score.midi_voice import Voice, chosen_voice, single_line, text_of, track_name
from canzona.score.musicxml_signs import key_of
from canzona.score.phrases import infer_phrases
from canzona.score.spelling import find_key, spelled
from canzona.score.tune import Attachment, Barline, Key, Meter, Note, Section, Tune

MOST_BARS = 20_000
"""Bars that a file may have; a longer one is no tune but a damaged time."""

PHRASE, PHRASE_END = "phrase", "phrase end"
"""Texts of the markers at which a phrase begins and ends."""

PROVENANCE = "canzona: "

_OWN_TEXTS = ("note track", "notes/lyric track", "gchord track", "drum track")
_BEND_RANGE = 4096
"""Pitch bend of a semitone, in a range of two semitones either way."""


def read_file(data: bytes, source: str, track: str | None) -> Tune:
    """The tune of a MIDI file.

    Raises
    ------
    FormatError : the bytes are no MIDI file that can be read.
    PolyphonyError : several voices sound, and no track is chosen.
    """
    file = parse(data, source)
    dropped: Counter[str] = Counter()
    voice, line = _voice_and_line(file, source, track, dropped)
    times, ends, rounded = exact_times(
        [note.onset for note in line], [note.end for note in line], file.division
    )
    struck = [Fraction(note.onset, file.division) for note in line]
    metas = moved(metas_of(file, voice), zip(struck, times, strict=True))
    total = _total(file, voice, ends)
    metas = [meta for meta in metas if meta[0] < total or not meta[0] or meta[1] not in (KEY, METER)]
    meters, pickup = _meters(metas, line, file.division)
    barlines = _barlines(meters, pickup, total, source)
    keys = _keys(metas, line)
    notes = _notes(line, times, ends, total, keys, barlines)
    losses = [f"{count} {what}" for what, count in sorted(dropped.items()) if count]
    losses += ["onsets between the lines of any grid, moved to the nearest note value"] if rounded else []
    tune = Tune(
        notes=tuple(notes), barlines=barlines, keys=keys, meters=meters,
        instrument=_instrument(file, voice), losses=tuple(losses), source=source,
    )  # fmt: skip
    texts = [text_of(data) for _, kind, data in metas if kind == TEXT]
    state = parsed_state(
        next((text for text in texts if text.startswith(PREFIX)), ""), checksum(line, file.division)
    )
    tune = with_times(_with_texts(tune, texts, metas, file), state)
    metas = moved(metas, _moments(line, times, tune, file.division))
    tune = tune.replace(sections=_sections(metas, tune.duration))
    tune = with_fields(_with_marks(_with_tempo(_with_lyrics(tune, metas), metas), metas), state)
    return infer_phrases(tune, None) if tune.phrasing == "none" and "phrasing" not in state else tune


def notes_checksum(data: bytes) -> str:
    """The checksum of the notes of a file that holds one voice."""
    file = parse(data, "")
    _, line = _voice_and_line(file, "", None, Counter())
    return checksum(line, file.division)


def _voice_and_line(
    file: MidiFile, source: str, track: str | None, dropped: Counter[str]
) -> tuple[Voice | None, list[MidiNote]]:
    voice = chosen_voice(file, track, source, dropped)
    if voice is None:
        return None, []
    line = single_line(voice, file.division, source, dropped, chosen=track is not None)
    dropped["notes without an end"] += voice.track.unpaired
    return voice, line


def _moments(
    line: list[MidiNote], times: list[Fraction], tune: Tune, division: int
) -> Iterator[tuple[Fraction, Fraction]]:
    """Where notes began and ended and where they do now."""
    sounding = [note for note in tune.notes if note.pitch is not None]
    for played, note in zip(line, sounding, strict=False):
        yield Fraction(played.end, division), note.end
    for time, note in zip(times, sounding, strict=False):
        yield time, note.onset


def _total(file: MidiFile, voice: Voice | None, ends: list[Fraction]) -> Fraction:
    """Where the tune ends: with its last note, or with a rest that the end of the track states."""
    last = ends[-1] if ends else Fraction(0)
    end = Fraction((voice.track if voice is not None else file.tracks[0]).end, file.division)
    is_value = end.denominator in (1, 2, 4) or end.denominator in (3, 6)
    return end if is_value and end - last >= Fraction(1, 6) else last


def _meters(
    metas: Metas, line: list[MidiNote], division: int
) -> tuple[tuple[tuple[Fraction, Meter], ...], Fraction]:
    """The meters, and the length of a pickup."""
    found: dict[Fraction, Meter] = {}
    for onset, kind, data in metas:
        if kind == METER and len(data) >= 2 and data[0] and data[1] <= 10:
            found[onset] = Meter(data[0], 1 << data[1])
    found = {Fraction(0): Meter(4, 4)} | found  # the standard's meter before the first that is stated
    changes = [*_changes(found.items())]
    if len(changes) > 1 and changes[0][0] == 0:
        (_, first), (onset, second) = changes[:2]
        if first.length == onset and first.length < second.length:
            return ((Fraction(0), second), *changes[2:]), onset
    span = changes[1][0] if len(changes) > 1 else None
    return tuple(changes), _accented_pickup(line, changes[0][1].length, division, span)


def _changes(stated: Iterable[tuple[Fraction, Meter]]) -> Iterator[tuple[Fraction, Meter]]:
    """Meters without those that are stated again at a bar line of their own."""
    since, held = Fraction(0), None
    for onset, meter in stated:
        if meter != held or (onset - since) % meter.length:
            since, held = onset, meter
            yield onset, meter


def _accented_pickup(
    line: list[MidiNote], length: Fraction, division: int, span: Fraction | None
) -> Fraction:
    """Where in the bar the loudest notes fall, if they fall in one place and are not most notes."""
    bar = length * division
    inside = [note for note in line if span is None or note.onset < span * division]
    loudest = max((note.velocity for note in inside), default=0)
    accents = [note for note in inside if note.velocity == loudest]
    if len(accents) < 4 or len(accents) * 2 > len(inside):
        return Fraction(0)
    # Half a 32nd of tolerance: an onset may be a tick late.
    step = Fraction(division, 16)
    places = Counter(round(note.onset % bar / step) * step % bar for note in accents)
    place, count = places.most_common(1)[0]
    return place / division if count * 10 >= len(accents) * 6 else Fraction(0)


def _barlines(
    meters: tuple[tuple[Fraction, Meter], ...], pickup: Fraction, total: Fraction, source: str
) -> tuple[Barline, ...]:
    """A bar line at each full bar, and at each change of meter."""
    lines: list[Barline] = []
    number = 1
    for place, (start, meter) in enumerate(meters):
        end = min(meters[place + 1][0], total) if place + 1 < len(meters) else total
        first = start + pickup if place == 0 else start
        if (end - first) / meter.length > MOST_BARS - len(lines):
            raise FormatError(
                f"its notes spread over more than {MOST_BARS} bars",
                source=source,
                hint="check its last notes",
            )
        onset = first
        while onset < end:
            lines.append(Barline(onset, number, kind="regular" if onset else "invisible"))
            number += 1
            onset += meter.length
    return tuple(lines)


def _keys(metas: Metas, line: list[MidiNote]) -> tuple[tuple[Fraction, Key], ...]:
    """The keys that the file states, or the one that its notes suggest."""
    stated: dict[Fraction, Key] = {}
    for onset, kind, data in metas:
        if kind == KEY and len(data) >= 2:
            fifths = data[0] - 256 if data[0] > 127 else data[0]
            if abs(fifths) <= 7:
                stated[onset] = key_of(fifths, "minor" if data[1] else "major")
    if stated:
        return tuple(stated.items())
    found = find_key([(note.number, note.end - note.onset) for note in line])
    return ((Fraction(0), found),) if found is not None else ()


def _notes(
    line: list[MidiNote],
    times: list[Fraction],
    ends: list[Fraction],
    total: Fraction,
    keys: tuple[tuple[Fraction, Key], ...],
    barlines: tuple[Barline, ...],
) -> Iterator[Note]:
    """Notes in their spelling, and between them rests, divided at bar lines."""
    bars = [bar.onset for bar in barlines]
    reached, bar, at = Fraction(0), 0, 0
    for note, onset, end in zip(line, times, ends, strict=True):
        while bar < len(bars) and bars[bar] <= reached:
            bar += 1
        while reached < onset:
            stop = min(onset, bars[bar]) if bar < len(bars) else onset
            yield Note(reached, stop - reached)
            reached = stop
            bar += 1
        while at + 1 < len(keys) and keys[at + 1][0] <= onset:
            at += 1
        yield Note(onset, end - onset, spelled(_height(note), keys[at][1] if keys else None))
        reached = end
    for stop in [*(bar for bar in bars if reached < bar < total), total]:
        if stop > reached:
            yield Note(reached, stop - reached)
            reached = stop


def _height(note: MidiNote) -> Fraction:
    """Height in semitones; a pitch bend is read as the simplest fraction that it may stand for."""
    if not note.bend:
        return Fraction(note.number)
    bend = Fraction(note.bend, _BEND_RANGE)
    simple = bend.limit_denominator(18)
    return note.number + (simple if abs(simple - bend) <= Fraction(1, 2 * _BEND_RANGE) else bend)


def _sections(metas: Metas, end: Fraction) -> tuple[Section, ...]:
    """What markers name; one behind the last note stands at the end."""
    marks = [(onset, text_of(data)) for onset, kind, data in metas if kind == MARKER]
    return tuple(
        Section(min(onset, end), text) for onset, text in marks if text and text not in (PHRASE, PHRASE_END)
    )


def _instrument(file: MidiFile, voice: Voice | None) -> str:
    """What the voice's track calls its instrument, or the name of its General MIDI program.

    The first track is named as the tune is; those behind it are too, or as the voice or the instrument.
    """
    track = voice.track if voice is not None else file.tracks[0]
    stated = next((text_of(data) for _, kind, data in track.metas if kind == INSTRUMENT), None)
    if stated is not None:
        return stated
    title = track_name(file.tracks[0])
    name = track_name(track)
    if track is file.tracks[0] or name == title:
        name = ""
    if voice is not None and voice.channel in track.programs and program_of(name) is None:
        return PROGRAMS[track.programs[voice.channel]]
    return name


def _with_lyrics(tune: Tune, metas: Metas) -> Tune:
    """Lyrics at the notes that begin with them."""
    lyrics = [(onset, text_of(data)) for onset, kind, data in metas if kind == LYRIC]
    lyrics = [(onset, text) for onset, text in lyrics if text]  # a line's end is a lyric without text
    if not lyrics:
        return tune
    syllables = dict(reversed(lyrics))
    notes = []
    for note in tune.notes:
        text = syllables.get(note.onset, "") if note.pitch is not None else ""
        notes.append(_with_sign(note, Attachment("lyric", text)) if text else note)
    left = len(lyrics) - sum(note.pitch is not None and note.onset in syllables for note in tune.notes)
    losses = tune.losses + ((f"{left} lyrics between the notes",) if left else ())
    return tune.replace(notes=tuple(notes), losses=losses)


def _with_sign(note: Note, sign: Attachment) -> Note:
    signs = (*note.attachments, sign)
    return Note(note.onset, note.duration, note.pitch, note.phrase_start, note.phrase_end, note.graces, signs)


def _with_tempo(tune: Tune, metas: Metas) -> Tune:
    """The tempo at the start, and its changes at the notes that sound then."""
    tempos = [(onset, int.from_bytes(data[:3], "big")) for onset, kind, data in metas if kind == TEMPO]
    notes = list(tune.notes)
    first: Fraction | None = None
    at = 0
    for place, (onset, microseconds) in enumerate(tempos):
        if not microseconds or tempos[place - 1 : place] == [(onset, microseconds)]:
            continue
        if onset == 0 and first is None:
            first = _tempo(microseconds)
        elif notes:
            while at + 1 < len(notes) and notes[at + 1].onset <= onset:
                at += 1
            sign = Attachment("tempo", str(_tempo(microseconds)), offset=onset - notes[at].onset)
            notes[at] = _with_sign(notes[at], sign)
    return tune.replace(tempo=first, notes=tuple(notes))


def _tempo(microseconds: int) -> Fraction:
    """Quarter notes a minute: the simplest number that is written with so many microseconds."""
    exact = Fraction(60_000_000, microseconds)
    for denominator in (1, 2, 3, 4, 5, 10, 100, 1000):
        simple = Fraction(round(exact * denominator), denominator)
        if simple and round(60_000_000 / simple) == microseconds:
            return simple
    return exact


def _with_texts(tune: Tune, texts: list[str], metas: Metas, file: MidiFile) -> Tune:
    """Title, records, comments and provenance."""
    records: list[tuple[str, str]] = []
    comments = []
    provenance = ""
    for text in texts:
        key, colon, value = text.removeprefix("!!!").partition(": ")
        if text.startswith(PROVENANCE):
            provenance = text.removeprefix(PROVENANCE)
        elif text.startswith("!!!") and colon:
            records.append((key, value))
        elif text and not text.startswith(PREFIX.rstrip()) and text not in _OWN_TEXTS:
            comments.append(text)
    names = {key for key, _ in records}
    title = track_name(file.tracks[0])
    if title and "OTL" not in names:
        records.insert(0, ("OTL", title))
    if "YEM" not in names:
        records += [("YEM", text_of(data)) for _, kind, data in metas if kind == COPYRIGHT]
    return tune.replace(records=tuple(records), comments=tuple(comments), provenance=provenance)


def _with_marks(tune: Tune, metas: Metas) -> Tune:
    """Phrases where markers say that one begins or ends."""
    marks = [(onset, text_of(data)) for onset, kind, data in metas if kind == MARKER]
    starts = {onset for onset, text in marks if text == PHRASE}
    ends = {onset for onset, text in marks if text == PHRASE_END}
    if not starts and not ends:
        return tune
    notes = tuple(
        Note(
            note.onset, note.duration, note.pitch, note.onset in starts, note.end in ends,
            note.graces, note.attachments,
        )
        for note in tune.notes
    )  # fmt: skip
    return tune.replace(notes=notes, phrasing="marked")
