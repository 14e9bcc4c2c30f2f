"""The MusicXML that is written obeys the standard: order of elements, full measures, ties, beams, signs.

The content models are those of the DTD of MusicXML 4.0, as far as Canzona writes them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Tune
from canzona.score.musicxml import write_musicxml
from canzona.score.musicxml_signs import VALUES
from canzona.score.tune import standard_signature
from melodies import melody

F = Fraction

MODELS = {
    "score-partwise": "work? movement-number? movement-title? identification? part-list part+",
    "work": "work-number? work-title?",
    "identification": "creator* rights* encoding? source? miscellaneous?",
    "encoding": "encoding-date? encoder* software* encoding-description*",
    "miscellaneous": "miscellaneous-field*",
    "part-list": "score-part",
    "score-part": "part-name score-instrument? midi-instrument?",
    "score-instrument": "instrument-name",
    "midi-instrument": "midi-channel? midi-program?",
    "part": "measure+",
    "measure": "(note|attributes|direction|harmony|barline)*",
    "attributes": "divisions? key* time* clef*",
    "key": "(fifths mode?|(key-step key-alter key-accidental?)*)",
    "time": "(beats beat-type|senza-misura)",
    "clef": "sign line? clef-octave-change?",
    "note": "(grace pitch|(pitch|rest) duration tie* ) voice? type? dot* accidental? time-modification? beam*"
    " notations* lyric*",
    "pitch": "step alter? octave",
    "time-modification": "actual-notes normal-notes",
    "notations": "(tied|slur|tuplet|ornaments|technical|articulations|fermata|other-notation)*",
    "lyric": "(syllabic? text|extend)",
    "direction": "direction-type+ offset? sound?",
    "direction-type": "(rehearsal|words|wedge|dynamics|metronome|segno|coda)",
    "metronome": "beat-unit beat-unit-dot* per-minute",
    "harmony": "root kind bass? offset?",
    "root": "root-step root-alter?",
    "bass": "bass-step bass-alter?",
    "barline": "bar-style? ending? repeat?",
    "rest": "",
    "grace": "",
}
"""What may stand in an element, in which order, as a pattern over the names of its children."""


def pattern(model: str) -> re.Pattern[str]:
    """A model as a regular expression over names that each end in a comma."""
    return re.compile(re.sub(r"[a-z][a-z-]*", lambda word: f"(?:{word[0]},)", model).replace(" ", ""))


CONTENTS = {name: pattern(model) for name, model in MODELS.items()}


def document(tune: Tune) -> Element:
    """The root of what is written of a tune."""
    return ElementTree.fromstring(write_musicxml([tune]).data)


def misplaced(root: Element) -> list[str]:
    """Elements whose children are none of those, or in another order than, the standard allows."""
    found = []
    for element in root.iter():
        children = "".join(f"{child.tag}," for child in element)
        model = CONTENTS.get(element.tag)
        if model is not None and not model.fullmatch(children):
            found.append(f"{element.tag}: {children}")
    return found


def value_of(note: Element) -> Fraction | None:
    """The written value of a note in quarter notes."""
    kind = note.findtext("type")
    if kind is None:
        return None
    dots = len(note.findall("dot"))
    actual = F(note.findtext("time-modification/actual-notes") or 1)
    normal = F(note.findtext("time-modification/normal-notes") or 1)
    return VALUES[kind] * (2 - F(1, 2**dots)) * normal / actual


@given(strategies.tunes())
@settings(max_examples=60)
def test_the_elements_of_any_tune_stand_in_the_order_of_the_standard(tune: Tune) -> None:
    assert misplaced(document(tune)) == []


def test_the_check_of_the_order_can_fail() -> None:
    root = document(Tune(notes=melody("c4:1")))
    note = next(root.iter("note"))
    note.insert(0, note[-1])
    assert len(misplaced(root)) == 1


@given(strategies.tunes())
@settings(max_examples=60)
def test_measures_hold_the_whole_tune_and_are_as_long_as_its_bars(tune: Tune) -> None:
    root = document(tune)
    lengths, divisions = [], F(1)
    for measure in root.iterfind("part/measure"):
        length = F(0)
        for element in measure:
            if element.tag == "attributes":
                divisions = F(element.findtext("divisions") or divisions)
            length += F(element.findtext("duration") or 0) / divisions if element.tag == "note" else 0
        lengths.append(length)
    assert lengths == [bar.duration for bar in tune.bars]


@given(strategies.tunes())
@settings(max_examples=60)
def test_written_values_agree_with_durations_and_ties_join_equal_pitches(tune: Tune) -> None:
    root = document(tune)
    open_tie = None
    divisions = F(1)
    for element in root.iterfind("part/measure/*"):
        if element.tag == "attributes":
            divisions = F(element.findtext("divisions") or divisions)
        if element.tag != "note" or element.find("grace") is not None:
            continue
        value = value_of(element)
        assert value is None or value * divisions == F(element.findtext("duration") or 0)
        pitch = element.find("pitch")
        name = None if pitch is None else ElementTree.tostring(pitch).strip()
        ties = {tie.get("type") for tie in element.findall("tie")}
        assert ties == {tie.get("type") for tie in element.findall("notations/tied")}
        assert ("stop" in ties) == (open_tie is not None)
        assert open_tie in (None, name)
        open_tie = name if "start" in ties else None
    assert open_tie is None


@given(strategies.tunes())
@settings(max_examples=60)
def test_beams_begin_and_end_within_a_measure_and_join_no_rest(tune: Tune) -> None:
    for measure in document(tune).iterfind("part/measure"):
        open_levels: set[str] = set()
        for note in measure.iterfind("note"):
            if note.find("grace") is not None:
                continue
            beams = {beam.get("number", ""): beam.text or "" for beam in note.findall("beam")}
            assert not beams or note.find("pitch") is not None
            assert open_levels <= set(beams)
            for level, state in beams.items():
                assert (state in ("continue", "end")) == (level in open_levels)
                if state == "begin":
                    open_levels.add(level)
                elif state == "end":
                    open_levels.remove(level)
        assert not open_levels


@given(strategies.tunes())
@settings(max_examples=60)
def test_tuplet_brackets_open_and_close_in_turn(tune: Tune) -> None:
    for measure in document(tune).iterfind("part/measure"):
        brackets = [bracket.get("type") for bracket in measure.iter("tuplet")]
        assert brackets == ["start", "stop"] * (len(brackets) // 2)
        inside = False
        for note in measure.iterfind("note"):
            kinds = [bracket.get("type") for bracket in note.iter("tuplet")]
            inside |= "start" in kinds
            assert inside >= (note.find("time-modification") is not None)
            inside &= "stop" not in kinds


# What stands on the page.


def shown(text: str, *, signature: int = 0, bars: tuple[int, ...] = ()) -> list[str]:
    """The accidental that each note of a line shows, '' for none."""
    tune = Tune(
        notes=melody(text),
        keys=((F(0), Key(signature=standard_signature(signature))),),
        meters=((F(0), Meter(4, 4)),),
        barlines=tuple(Barline(F(onset), place) for place, onset in enumerate(bars, start=2)),
    )
    notes = document(tune).iter("note")
    return [note.findtext("accidental") or "" for note in notes if note.find("rest") is None]


@pytest.mark.parametrize(
    ("line", "signature", "signs"),
    [
        ("f#4 f#4 f4 f4", 0, ["sharp", "", "natural", ""]),
        ("f#4 f#4 f4 f#4", 1, ["", "", "natural", "sharp"]),
        ("bb4 b4 bb4 b4", -1, ["", "natural", "flat", "natural"]),
        ("f#4 f#5 f4 f5", 0, ["sharp", "sharp", "natural", "natural"]),
        ("f##4 f#4 f##4 f4", 1, ["double-sharp", "sharp", "double-sharp", "natural"]),
        ("bbb4 bb4 r b4", -2, ["flat-flat", "flat", "natural"]),
    ],
)
def test_an_accidental_lasts_for_its_octave_to_the_end_of_the_bar(
    line: str, signature: int, signs: list[str]
) -> None:
    assert shown(line, signature=signature) == signs


def test_the_next_bar_begins_with_the_signature_again() -> None:
    assert shown("f#4:4 f#4:4 f4:4", bars=(4, 8)) == ["sharp", "sharp", ""]


def test_a_note_tied_over_the_bar_line_shows_its_accidental_once() -> None:
    assert shown("f#4:6 f#4:2", bars=(4,)) == ["sharp", "", "sharp"]


def test_a_grace_note_shows_an_accidental_for_the_notes_behind_it() -> None:
    pitch = Pitch("F", F(1), 4)
    notes = (Note(F(0), F(1), pitch, graces=(Grace(pitch),)), Note(F(1), F(1), Pitch("F", F(0), 4)))
    signs = [note.findtext("accidental") for note in document(Tune(notes=notes)).iter("note")]
    assert signs == ["sharp", None, "natural"]


@pytest.mark.parametrize(
    ("line", "types"),
    [
        ("c4:4", ["whole"]),
        ("c4:3", ["half."]),
        ("c4:7/2", ["half.."]),
        ("c4:5", ["whole", "quarter"]),
        ("c4:5/4", ["quarter", "16th"]),
        ("c4:9/4", ["half", "16th"]),
        ("c4:8", ["breve"]),
        ("c4:16", ["long"]),
        ("c4:1/64", ["256th"]),
        ("c4:2/3", ["quarter"]),
        ("c4:1/5", ["16th"]),
        ("c4:3/7", ["eighth."]),
    ],
)
def test_a_duration_is_written_in_as_few_values_as_there_are(line: str, types: list[str]) -> None:
    notes = document(Tune(notes=melody(line))).iter("note")
    assert [f"{note.findtext('type')}{'.' * len(note.findall('dot'))}" for note in notes] == types


@given(st.fractions(F(1, 64), 40, max_denominator=64).filter(lambda length: length.denominator % 2 == 0))
def test_any_duration_is_a_sum_of_written_values(length: Fraction) -> None:
    root = document(Tune(notes=(Note(F(0), length, Pitch("C", F(0), 4)),)))
    values = [value_of(note) for note in root.iter("note")]
    assert sum(value for value in values if value is not None) == length


@pytest.mark.parametrize(
    ("line", "sign", "octave"),
    [("c5 d5 e5", "G", None), ("c4 d4 e4", "G", None), ("g3 a3 b3", "G", "-1"), ("c2 d2 e2", "F", None)],
)
def test_the_clef_keeps_the_tune_near_its_staff(line: str, sign: str, octave: str | None) -> None:
    clef = next(document(Tune(notes=melody(line))).iter("clef"))
    assert (clef.findtext("sign"), clef.findtext("clef-octave-change")) == (sign, octave)


def test_syllables_say_where_they_stand_in_their_word() -> None:
    words = ["A-", "me-", "li-", "a", "la", "_", "O-", "_", "ma"]
    notes = tuple(
        Note(F(place), F(1), Pitch("C", F(0), 4), attachments=(Attachment("lyric", word),))
        for place, word in enumerate(words)
    )
    lyrics = list(document(Tune(notes=notes)).iter("lyric"))
    assert [lyric.findtext("syllabic") for lyric in lyrics] == [
        "begin", "middle", "middle", "end", "single", None, "begin", None, "end",
    ]  # fmt: skip
    assert [lyric.findtext("text") for lyric in lyrics] == ["A", "me", "li", "a", "la", None, "O", None, "ma"]


def test_verses_keep_their_words_apart() -> None:
    pitch = Pitch("C", F(0), 4)
    first = (Attachment("lyric", "Hal-"), Attachment("lyric", "O", 2))
    second = (Attachment("lyric", "lo"), Attachment("lyric", "du", 2))
    notes = (Note(F(0), F(1), pitch, attachments=first), Note(F(1), F(1), pitch, attachments=second))
    found = [
        (lyric.get("number"), lyric.findtext("syllabic"))
        for lyric in document(Tune(notes=notes)).iter("lyric")
    ]
    assert found == [("1", "begin"), ("2", "single"), ("1", "end"), ("2", "single")]


def test_a_tempo_is_printed_and_sounds() -> None:
    root = document(Tune(notes=melody("c4:4"), tempo=F(185, 2)))
    assert root.findtext(".//metronome/per-minute") == "92.5"
    assert [sound.get("tempo") for sound in root.iter("sound")] == ["92.5"]
