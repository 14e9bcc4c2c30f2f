"""Hypothesis strategies for tunes and their parts.

`tunes()` makes any Tune that a source could hold: exact times with tuplets and dots, ties over
bar lines, graces, rests, pickups, meter changes, free meter, repeats, endings, sections, keys
with odd signatures, records, signs at notes, quarter tones. `plain_tunes()` keeps to what every
format holds: notes, rests, meter, key, bar lines, title.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st

from canzona.score import Attachment, Bar, Barline, Grace, Key, Meter, Note, Pitch, Section, Tune
from canzona.score.tune import MODES, standard_signature

F = Fraction

PLAIN_DURATIONS = tuple(F(n, 16) for n in (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64))
"""Sixty-fourth notes to whole notes, some dotted, in quarter notes."""

TUPLETS = (F(1, 3), F(2, 3), F(1, 6), F(4, 3), F(2, 5), F(2, 7), F(1, 9), F(1, 12))
ODD_DURATIONS = (F(5, 4), F(7, 8), F(5), F(7), F(9, 2), F(8), F(12), F(5, 3), F(11, 48))

METERS = (
    Meter(4, 4), Meter(3, 4), Meter(2, 4), Meter(6, 8), Meter(3, 8), Meter(9, 8), Meter(4, 2), Meter(3, 2),
    Meter(5, 4), Meter(7, 8, (3, 2, 2)), Meter(5, 8, (2, 3)), Meter(4, 4, symbol="c"),
    Meter(2, 2, symbol="c|"),
)  # fmt: skip

words = st.text(
    st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs")), min_size=1, max_size=12
).map(str.strip).filter(bool)  # fmt: skip
"""A line of printable text without blanks at its ends."""

syllables = st.sampled_from(["la", "Hal-", "le-", "lu", "jah", "Müh-", "le,", "żył", "na", "O", "_"])
chord_symbols = st.sampled_from(["C", "Am7", "G7", "F#m", "Bb", "D/F#", "Ebmaj7"])
labels = st.sampled_from(["A", "B", "C", "Trio", "Refrain"])


@st.composite
def pitches(draw: st.DrawFn, *, microtones: bool = True) -> Pitch:
    """A pitch from C2 to B6 with up to a double accidental, or with a quarter tone."""
    alters = [F(0)] * 4 + [F(1), F(-1), F(2), F(-2)]
    if microtones:
        alters += [F(1, 2), F(-1, 2), F(3, 2), F(-3, 2)]
    return Pitch(draw(st.sampled_from("CDEFGAB")), draw(st.sampled_from(alters)), draw(st.integers(2, 6)))


@st.composite
def keys(draw: st.DrawFn) -> Key:
    """A key: tonic, mode and its signature; sometimes one alone, sometimes an odd signature."""
    tonic, alter = draw(st.sampled_from([(t, 0) for t in "CDEFGAB"] + [("B", -1), ("E", -1), ("F", 1)]))
    key = Key(tonic, alter, draw(st.sampled_from(MODES)))
    shape = draw(st.integers(0, 5))
    if shape == 0:
        return dataclasses.replace(
            key,
            signature=(("F", F(1)), ("E", F(-1))) if alter else (("C", F(-1)), ("E", F(-1)), ("A", F(-1))),
        )
    signature = standard_signature(key.fifths)
    return Key(signature=signature) if shape == 1 else dataclasses.replace(key, signature=signature)


def durations(*, tuplets: bool = True) -> st.SearchStrategy[Fraction]:
    """A length in quarter notes, in most draws a plain one."""
    plain = st.sampled_from(PLAIN_DURATIONS)
    return st.one_of(plain, plain, st.sampled_from(TUPLETS + ODD_DURATIONS)) if tuplets else plain


@st.composite
def graces(draw: st.DrawFn) -> tuple[Grace, ...]:
    """None in most draws, else one or two."""
    if draw(st.integers(0, 6)):
        return ()
    grace = st.builds(
        Grace, pitches(microtones=False), st.sampled_from([F(1, 2), F(1, 4), F(1)]), st.booleans()
    )
    return tuple(draw(st.lists(grace, min_size=1, max_size=2)))


@st.composite
def signs(draw: st.DrawFn, duration: Fraction) -> tuple[Attachment, ...]:
    """What stands at a note: none in most draws."""
    if draw(st.integers(0, 4)):
        return ()
    kinds = st.sampled_from(
        ["lyric", "chord", "ornament", "articulation", "dynamic", "fermata", "text", "tempo"]
    )
    found = []
    for kind in draw(st.lists(kinds, min_size=1, max_size=3, unique=True)):
        if kind == "lyric":
            verses = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True))
            found += [Attachment("lyric", draw(syllables), verse) for verse in sorted(verses)]
        elif kind == "chord":
            later = draw(st.sampled_from([F(0), F(0), duration / 2]))
            found.append(Attachment("chord", draw(chord_symbols), 1, later))
        else:
            found.append(Attachment(kind, draw(_SIGNS[kind])))  # type: ignore[arg-type]
    return tuple(found)


_SIGNS: dict[str, st.SearchStrategy[str]] = {
    "ornament": st.sampled_from(["trill", "mordent", "inverted-mordent", "turn"]),
    "articulation": st.sampled_from(["staccato", "tenuto", "accent", "strong-accent", "breath-mark"]),
    "dynamic": st.sampled_from(["p", "mf", "ff"]),
    "fermata": st.just("fermata"),
    "text": st.sampled_from(["dolce", "a tempo: subito", "Fine"]),
    "tempo": st.sampled_from(["Allegro", "96"]),
}  # fmt: skip


@st.composite
def lines(draw: st.DrawFn, *, rich: bool = True, most: int = 20) -> tuple[Note, ...]:
    """Notes and rests one after another from time 0."""
    notes: list[Note] = []
    now = F(0)
    for duration in draw(st.lists(durations(tuplets=rich), min_size=1, max_size=most)):
        rest = draw(st.integers(0, 7)) == 0
        pitch = None if rest else draw(pitches(microtones=rich))
        notes.append(
            Note(
                now,
                duration,
                pitch,
                graces=draw(graces()) if rich and not rest else (),
                attachments=draw(signs(duration)) if rich and not rest else (),
            )
        )
        now += duration
    return tuple(notes)


def _metered(
    draw: st.DrawFn, total: Fraction, rich: bool
) -> tuple[list[Barline], list[tuple[Fraction, Meter]]]:
    """Bar lines and meters over a length: a pickup, full bars, changes at bar lines."""
    meter = draw(st.sampled_from(METERS))
    meters = [(F(0), meter)]
    number = draw(st.integers(0, 1))
    now = draw(st.sampled_from([F(0), F(0), F(1, 2), F(1)]))
    barlines: list[Barline] = []
    while now < total and len(barlines) < 40:
        number += 1
        barlines.append(Barline(now, number))
        if rich and now and not draw(st.integers(0, 9)):
            meter = draw(st.sampled_from(METERS))
            meters.append((now, meter))
        now += meter.length
    if draw(st.booleans()):
        barlines.append(Barline(total, kind="final"))
    return barlines, meters


def _directed(draw: st.DrawFn, barlines: list[Barline], total: Fraction) -> list[Barline]:
    """Some bar lines with repeats and endings, in an order that a player can follow."""
    if len(barlines) < 4 or draw(st.integers(0, 2)):
        return barlines
    changed = dict(enumerate(barlines))
    inner = [place for place, line in enumerate(barlines) if 0 < line.onset < total]
    if not inner:
        return barlines
    close = draw(st.sampled_from(inner))
    changed[close] = dataclasses.replace(barlines[close], repeat=draw(st.sampled_from(["end", "both"])))
    before = [place for place in inner if place < close]
    if before and draw(st.booleans()):
        first = before[-1]
        changed[first] = dataclasses.replace(barlines[first], ending="1")
        changed[close] = dataclasses.replace(barlines[close], repeat="end", ending="2")
        before = before[:-1]
    if before and draw(st.booleans()):
        changed[before[0]] = dataclasses.replace(barlines[before[0]], repeat="start")
    elif before and draw(st.booleans()):
        changed[before[0]] = dataclasses.replace(barlines[before[0]], kind="double")
    return list(changed.values())


def _phrased(draw: st.DrawFn, notes: Sequence[Note]) -> tuple[tuple[Note, ...], str]:
    phrasing = draw(st.sampled_from(["marked", "marked", "inferred", "none"]))
    if phrasing == "none":
        return tuple(notes), phrasing
    starts = {0} | {place for place in range(len(notes)) if not draw(st.integers(0, 4))}
    marked = (
        dataclasses.replace(
            note, phrase_start=place in starts, phrase_end=place + 1 in starts or place + 1 == len(notes)
        )
        for place, note in enumerate(notes)
    )
    return tuple(marked), phrasing


@st.composite
def tunes(draw: st.DrawFn) -> Tune:
    """Any tune, with one to twenty notes."""
    notes = draw(lines())
    total = notes[-1].end
    if draw(st.integers(0, 5)):
        barlines, meters = _metered(draw, total, rich=True)
        barlines = _directed(draw, barlines, total)
    else:
        meters = [(F(0), Meter(0, 1, symbol="X"))]
        barlines = [Barline(total, kind="final")] if draw(st.booleans()) else []
    opening = [(F(0), draw(keys()))] if draw(st.integers(0, 4)) else []
    if opening and len(barlines) > 2 and not draw(st.integers(0, 4)):
        opening.append((barlines[1].onset, draw(keys())))
    notes, phrasing = _phrased(draw, notes)
    sections = []
    if not draw(st.integers(0, 3)):
        sections = [Section(F(0), draw(labels))]
    records = [("OTL", draw(words))] if draw(st.booleans()) else []
    records += draw(st.lists(st.tuples(st.sampled_from(["ARE", "SCT", "COM", "ONB"]), words), max_size=3))
    return Tune(
        notes=notes,
        barlines=tuple(barlines),
        keys=tuple(opening),
        meters=tuple(meters),
        sections=tuple(sections),
        expansions=(("", (sections[0].label,) * 2),) if sections and draw(st.booleans()) else (),
        records=tuple(records),
        comments=tuple(draw(st.lists(words, max_size=2))),
        tempo=draw(st.sampled_from([None, F(96), F(120), F(63)])),
        instrument=draw(st.sampled_from(["", "", "Flute", "Voice"])),
        phrasing=phrasing,  # type: ignore[arg-type]
    )


@st.composite
def plain_tunes(draw: st.DrawFn) -> Tune:
    """A tune that every format holds: plain durations, twelve tones, one meter, one key, a title."""
    notes = draw(lines(rich=False))
    barlines, meters = _metered(draw, notes[-1].end, rich=False)
    tonic = draw(st.sampled_from("CDFGA"))
    key = Key(tonic, 0, "major")
    return Tune(
        notes=notes,
        barlines=tuple(barlines),
        keys=((F(0), dataclasses.replace(key, signature=standard_signature(key.fifths))),),
        meters=tuple(meters),
        records=(("OTL", draw(words)),),
    )


def bars_are_sound(bars: Sequence[Bar], duration: Fraction) -> bool:
    """Whether bars follow one another without gap and fill a duration."""
    ends = [bar.onset + bar.duration for bar in bars]
    return [bar.onset for bar in bars] == [F(0), *ends[:-1]] and ends[-1:] == [duration]
