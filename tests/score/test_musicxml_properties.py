"""What may change in a MusicXML file without a change of the tune, and what another reader finds in it."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from canzona.score import Barline, Meter, Note, Pitch, Tune
from canzona.score.musicxml import read_musicxml, write_musicxml
from canzona.score.tune import STEPS
from melodies import jig

F = Fraction


def read_bytes(data: bytes) -> Tune:
    (tune,) = read_musicxml(data, "song.musicxml")
    return tune


def read_root(root: Element) -> Tune:
    return read_bytes(ElementTree.tostring(root))


def root_of(tune: Tune) -> Element:
    return ElementTree.fromstring(write_musicxml([tune]).data)


def of_what_is_written(tune: Tune) -> Tune:
    return read_bytes(write_musicxml([tune]).data)


# Changes of the file that are none of the tune.


@given(strategies.tunes(), st.integers(2, 12))
@settings(max_examples=30)
def test_finer_divisions_change_nothing(tune: Tune, factor: int) -> None:
    root = root_of(tune)
    for name in ("divisions", "duration", "offset"):
        for element in root.iter(name):
            element.text = str(int(element.text or "0") * factor)
    assert read_root(root) == of_what_is_written(tune)


@given(strategies.tunes())
@settings(max_examples=30)
def test_blanks_between_elements_and_comments_change_nothing(tune: Tune) -> None:
    data = write_musicxml([tune]).data
    packed = re.sub(
        rb">\s+<(?!/(text|words|rehearsal|credit-words|miscellaneous-field|part-name))", b"><", data
    )
    assert read_bytes(packed) == read_bytes(data)
    commented = data.replace(b"<note>", b"<!-- <note> -->\n<note>").replace(
        b"<measure", b"<?page break?><measure"
    )
    assert read_bytes(commented) == read_bytes(data)


@given(strategies.tunes())
@settings(max_examples=30)
def test_what_is_drawn_changes_nothing(tune: Tune) -> None:
    """Stems, beams, staff lines, positions and page layout are the engraver's."""
    root = root_of(tune)
    root.insert(0, ElementTree.fromstring("<defaults><scaling><tenths>40</tenths></scaling></defaults>"))
    for note in root.iter("note"):
        note.set("default-x", "17.5")
        for beam in note.findall("beam"):
            note.remove(beam)
        ElementTree.SubElement(note, "stem").text = "up"
    for place, measure in enumerate(root.iter("measure")):
        measure.set("width", "200")
        measure.insert(0, Element("print", {"page-number": str(place)}))
    assert read_root(root) == of_what_is_written(tune)


@given(strategies.tunes())
@settings(max_examples=30)
def test_values_accidentals_and_brackets_follow_from_durations_and_pitches(tune: Tune) -> None:
    """`<duration>` and `<alter>` are what sounds; a program that draws another value changes no time."""
    root = root_of(tune)
    for note in root.iter("note"):
        if note.find("grace") is None:
            for name in ("type", "dot", "time-modification", "accidental"):
                for child in note.findall(name):
                    note.remove(child)
    assert read_root(root) == of_what_is_written(tune)


@given(strategies.tunes())
@settings(max_examples=30)
def test_the_order_of_what_stands_in_a_note_changes_no_sound(tune: Tune) -> None:
    root = root_of(tune)
    for note in root.iter("note"):
        note[:] = reversed(list(note))
    back, straight = read_root(root), of_what_is_written(tune)
    assert [(n.onset, n.duration, n.pitch) for n in back.notes] == [
        (n.onset, n.duration, n.pitch) for n in straight.notes
    ]
    assert back.barlines == straight.barlines


@given(strategies.tunes())
@settings(max_examples=30)
def test_a_second_voice_below_changes_no_note_of_the_first(tune: Tune) -> None:
    root = root_of(tune)
    divisions = "1"
    for measure in root.iter("measure"):
        length = sum(int(element.text or 0) for element in measure.iterfind("note/duration"))
        divisions = measure.findtext("attributes/divisions") or divisions
        if length:
            backup = ElementTree.SubElement(measure, "backup")
            ElementTree.SubElement(backup, "duration").text = str(length)
            rest = ElementTree.SubElement(measure, "note")
            ElementTree.SubElement(rest, "rest")
            ElementTree.SubElement(rest, "duration").text = str(length)
            ElementTree.SubElement(rest, "voice").text = "2"
    for measure in root.iter("measure"):  # a right bar line stands last
        for line in measure.findall("barline[@location='right']"):
            measure.remove(line)
            measure.append(line)
    assert read_root(root) == of_what_is_written(tune)


# Changes of the tune that the file follows.


@given(strategies.plain_tunes(), st.integers(-1, 1))
@settings(max_examples=30)
def test_an_octave_up_or_down_is_an_octave_in_the_file(tune: Tune, octaves: int) -> None:
    def moved(pitch: Pitch | None) -> Pitch | None:
        return pitch and dataclasses.replace(pitch, octave=pitch.octave + octaves)

    higher = tune.replace(notes=tuple(dataclasses.replace(n, pitch=moved(n.pitch)) for n in tune.notes))
    one, two = root_of(tune), root_of(higher)
    assert [int(e.text or "") for e in two.iter("octave")] == [
        int(e.text or "") + octaves for e in one.iter("octave")
    ]
    for name in ("step", "alter", "duration", "type", "accidental"):
        assert [e.text for e in one.iter(name)] == [e.text for e in two.iter(name)]


@given(strategies.plain_tunes(), st.sampled_from([2, F(1, 2), 4]))
@settings(max_examples=30)
def test_twice_as_slow_is_twice_as_long(tune: Tune, factor: Fraction) -> None:
    def slow(change: tuple[Fraction, Meter]) -> tuple[Fraction, Meter]:
        onset, meter = change
        return onset * factor, Meter(int(meter.beats * 4 * factor), meter.unit * 4, (), "")

    slower = tune.replace(
        notes=tuple(
            dataclasses.replace(n, onset=n.onset * factor, duration=n.duration * factor) for n in tune.notes
        ),
        barlines=tuple(dataclasses.replace(line, onset=line.onset * factor) for line in tune.barlines),
        meters=tuple(map(slow, tune.meters)),
    )
    back, straight = of_what_is_written(slower), of_what_is_written(tune)
    assert [n.duration for n in back.notes] == [n.duration * factor for n in straight.notes]
    assert [line.onset for line in back.barlines] == [line.onset * factor for line in straight.barlines]


def joined(one: Tune, two: Tune) -> Tune:
    """Two tunes one after the other, with a bar line between them."""
    shift = one.duration
    before = (line for line in one.barlines if line.onset < shift)
    after = (dataclasses.replace(line, onset=line.onset + shift) for line in two.barlines if line.onset)
    return Tune(
        notes=one.notes + tuple(dataclasses.replace(n, onset=n.onset + shift) for n in two.notes),
        barlines=(*before, Barline(shift, 99), *after),
        meters=one.meters,
        phrasing="none",
    )


@given(strategies.plain_tunes(), strategies.plain_tunes())
@settings(max_examples=30)
def test_the_measures_of_two_tunes_one_after_the_other_are_those_of_each(one: Tune, two: Tune) -> None:
    one, two = (tune.replace(keys=(), records=()) for tune in (one, two))
    whole = joined(one, two)
    assert of_what_is_written(whole) == whole
    measures = [len(root_of(tune).findall("part/measure")) for tune in (one, two, whole)]
    assert measures[2] == measures[0] + measures[1]


@given(strategies.tunes())
@settings(max_examples=30)
def test_writing_what_was_read_gives_the_same_bytes(tune: Tune) -> None:
    once = write_musicxml([of_what_is_written(tune)])
    again = write_musicxml([read_bytes(once.data)])
    assert again.data == once.data


# Another reader.


def by_music21(data: bytes) -> list[tuple[Fraction, Fraction, str]]:
    """Onset, duration and name of each note, ties merged, as music21 reads them."""
    music21 = pytest.importorskip("music21")
    part = music21.converter.parseData(data.decode(), format="musicxml").parts[0].stripTies()
    return [
        (F(note.getOffsetInHierarchy(part)), F(note.quarterLength), note.pitch.nameWithOctave)
        for note in part.recurse().notes
        if not note.duration.isGrace
    ]


def ours(tune: Tune) -> list[tuple[Fraction, Fraction, str]]:
    """The same of a tune."""
    return [(n.onset, n.duration, str(n.pitch)) for n in tune.notes if n.pitch is not None]


@given(strategies.plain_tunes())
@settings(max_examples=12)
def test_music21_finds_the_same_notes(tune: Tune) -> None:
    tune = tune.replace(records=(("OTL", "A song"),))
    assert by_music21(write_musicxml([tune]).data) == ours(tune)


def test_music21_finds_the_same_bars_keys_and_meters() -> None:
    music21 = pytest.importorskip("music21")
    part = music21.converter.parseData(write_musicxml([jig()]).data.decode(), format="musicxml").parts[0]
    measures = list(part.getElementsByClass("Measure"))
    assert [F(measure.quarterLength) for measure in measures] == [bar.duration for bar in jig().bars]
    assert [measure.number for measure in measures] == [0, 1, 2, 3, 4]
    (key,) = part.recurse().getElementsByClass("Key")
    assert (key.tonic.name, key.mode) == ("G", "major")
    (meter,) = part.recurse().getElementsByClass("TimeSignature")
    assert meter.ratioString == "6/8"
    assert measures[-1].rightBarline.direction == "end"


MUSIC21_RHYTHMS = ["1 1 1 1", "1.5 .5 2", "1/3 1/3 1/3 1 2", "4 5", ".25 .75 1 2", "2/5 2/5 2/5 2/5 2/5 2"]


@pytest.mark.parametrize("rhythm", MUSIC21_RHYTHMS)
@pytest.mark.parametrize("beats", [3, 4])
def test_what_music21_writes_is_read_as_it_was_meant(rhythm: str, beats: int) -> None:
    """music21 makes the measures, ties and divisions itself."""
    music21 = pytest.importorskip("music21")
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    lengths = [F(word) for word in rhythm.split()] * 2
    stream = music21.stream.Stream([music21.meter.TimeSignature(f"{beats}/4"), music21.key.Key("E-")])
    for place, length in enumerate(lengths):
        name = f"{STEPS[place % 7]}{'#' if place % 3 == 0 else ''}4"
        stream.append(music21.note.Note(name, quarterLength=length))
    tune = read_bytes(GeneralObjectExporter(stream).parse())
    sounding = [n for n in tune.notes if n.pitch is not None]
    assert [n.duration for n in sounding] == lengths
    assert [str(n.pitch) for n in sounding[:4]] == ["C#4", "D4", "E4", "F#4"]
    assert tune.meter == Meter(beats, 4)
    assert tune.key is not None
    assert str(tune.key) == "E- major"
    assert all(bar.duration == beats for bar in tune.bars[:-1])


def test_a_rest_in_the_middle_stays_one() -> None:
    notes = (Note(F(0), F(1), Pitch("C", F(0), 4)), Note(F(1), F(1)), Note(F(2), F(1), Pitch("C", F(0), 4)))
    tune = Tune(notes=notes, phrasing="none")
    assert of_what_is_written(tune) == tune
