"""Reading MusicXML: times, ties, voices, keys, signs, and the corpora."""

from __future__ import annotations

import io
import re
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from canzona.errors import CanzonaError, FormatError, PolyphonyError
from canzona.score import Attachment, Barline, Grace, Key, Meter, Pitch
from canzona.score.tune import standard_signature
from musicxml_text import ATTRIBUTES, note, score, times, tune_of

F = Fraction


def test_notes_have_exact_times_and_spelled_pitches() -> None:
    tune = tune_of(score(ATTRIBUTES + note("F#4", 1) + note("r", 3), note("Bb3", 4)))
    assert times(tune) == [(F(0), F(1, 2)), (F(1, 2), F(3, 2)), (F(2), F(2))]
    assert [n.pitch for n in tune.notes] == [Pitch("F", F(1), 4), None, Pitch("B", F(-1), 3)]
    assert tune.meter == Meter(2, 4)
    assert [bar.number for bar in tune.bars] == [1, 2]


def test_tied_notes_are_one() -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    tune = tune_of(
        score(
            ATTRIBUTES + note("C4", 4, start),
            note("C4", 4, stop + start),
            note("C4", 2, stop) + note("C4", 2),
        )
    )
    assert times(tune) == [(F(0), F(5)), (F(5), F(1))]
    assert len(tune.bars) == 3


def test_a_tie_to_another_pitch_joins_nothing() -> None:
    tune = tune_of(
        score(ATTRIBUTES + note("C4", 2, '<tie type="start"/>') + note("D4", 2, '<tie type="stop"/>'))
    )
    assert len(tune.notes) == 2


def test_rounded_tuplets_are_read_by_their_written_value() -> None:
    ratio = "<actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
    triplet = f"<type>eighth</type><time-modification>{ratio}</time-modification>"
    content = (
        "<attributes><divisions>4</divisions></attributes>"
        + note("C4", 1, triplet) * 2
        + note("C4", 2, triplet)
    )
    tune = tune_of(score(content + note("D4", 4)))
    assert times(tune) == [(F(0), F(1, 3)), (F(1, 3), F(1, 3)), (F(2, 3), F(1, 3)), (F(1), F(1))]


def test_an_exact_duration_is_believed_before_the_written_value() -> None:
    assert times(tune_of(score(ATTRIBUTES + note("C4", 4, "<type>quarter</type>")))) == [(F(0), F(2))]


@pytest.mark.parametrize(
    ("text", "alter"),
    [("0.5", F(1, 2)), ("-0.44", F(-11, 25)), ("+1", F(1)), ("-1.5", F(-3, 2)), ("0.8888888889", F(8, 9))],
)
def test_alterations_are_exact(text: str, alter: Fraction) -> None:
    content = ATTRIBUTES + note("C4", 4).replace("<alter>0", f"<alter>{text}")
    assert tune_of(score(content)).notes[0].pitch == Pitch("C", alter, 4)


def test_a_microtone_without_a_number_is_read_by_its_sign() -> None:
    tune = tune_of(score(ATTRIBUTES + note("B4", 4, "<accidental>slash-flat</accidental>")))
    assert tune.notes[0].pitch == Pitch("B", F(-8, 9), 4)
    assert tune.losses == ("1 accidentals without an alteration, read by their names",)


def test_of_a_chord_the_upper_note_is_read() -> None:
    tune = tune_of(
        score(
            ATTRIBUTES + note("C4", 4) + note("G4", 4, before="<chord/>") + note("E4", 4, before="<chord/>")
        )
    )
    assert [str(n.pitch) for n in tune.notes] == ["G4"]
    assert tune.losses == ("2 lower notes of chords",)


def test_the_fuller_voice_is_read_and_the_other_where_it_is_silent() -> None:
    one, two = "<voice>1</voice>", "<voice>2</voice>"
    back = "<backup><duration>4</duration></backup>"
    tune = tune_of(
        score(
            ATTRIBUTES + note("E4", 2, one) + note("F4", 2, one) + back + note("C4", 4, two),
            note("r", 4, one) + back + note("D4", 4, two),
            note("G4", 2, one) + "<forward><duration>2</duration></forward>",
        )
    )
    assert [str(n.pitch) for n in tune.notes] == ["E4", "F4", "D4", "G4", "None"]
    assert tune.losses == ("1 notes of other voices",)
    assert tune.duration == 6


def test_cue_and_unpitched_notes_are_counted_and_their_time_is_silent() -> None:
    tune = tune_of(
        score(
            ATTRIBUTES
            + note("C4", 2, before="<cue/>")
            + "<note><unpitched><display-step>E</display-step></unpitched><duration>1</duration></note>"
            + note("D4", 1)
        )
    )
    assert times(tune) == [(F(0), F(3, 2)), (F(3, 2), F(1, 2))]
    assert tune.losses == ("1 cue notes", "1 unpitched notes")


def test_grace_notes_hang_on_the_next_note() -> None:
    grace = (
        '<note><grace slash="yes"/><pitch><step>D</step><octave>5</octave></pitch><type>16th</type></note>'
    )
    tune = tune_of(score(ATTRIBUTES + note("C4", 4) + grace, note("C5", 4) + grace))
    assert [n.graces for n in tune.notes] == [(), (Grace(Pitch("D", F(0), 5), F(1, 4), slashed=True),)]
    assert tune.losses == ("1 grace notes after the last note",)


def test_a_pickup_and_odd_measure_numbers() -> None:
    tune = tune_of(
        score(
            'number="0" implicit="yes"|' + ATTRIBUTES + note("C4", 2),
            'number="1"|' + note("C4", 4),
            'number="12a"|' + note("C4", 4),
            'number="X1" implicit="yes"|' + note("C4", 4),
        )
    )
    assert tune.pickup == 1
    assert [(line.number, line.suffix) for line in tune.barlines] == [(1, ""), (12, "a"), (0, "")]
    assert len(tune.bars) == 4


def test_repeats_endings_and_styles_of_bar_lines() -> None:
    first = (
        '<barline location="left"><bar-style>heavy-light</bar-style><repeat direction="forward"/></barline>'
    )
    ending = '<barline location="left"><ending number="{}" type="start"/></barline>'
    back = '<ending number="1" type="stop"/><repeat direction="backward"/>'
    close = f"<barline><bar-style>light-heavy</bar-style>{back}</barline>"
    last = '<barline><bar-style>light-heavy</bar-style><ending number="2" type="stop"/></barline>'
    tune = tune_of(
        score(
            first + ATTRIBUTES + note("C4", 4),
            ending.format("1") + note("D4", 4) + close,
            ending.format("2") + note("E4", 4) + "<barline><bar-style>dashed</bar-style></barline>",
            note("F4", 4) + last,
        )
    )
    assert tune.barlines == (
        Barline(F(0), 1, repeat="start"),
        Barline(F(2), 2, ending="1"),
        Barline(F(4), 3, repeat="end", ending="2"),
        Barline(F(6), 4, kind="dashed"),
        Barline(F(8), kind="final"),
    )
    assert tune.losses == ()


@pytest.mark.parametrize(
    ("xml", "meter"),
    [
        ('<time symbol="common"><beats>4</beats><beat-type>4</beat-type></time>', Meter(4, 4, symbol="c")),
        ('<time symbol="cut"><beats>2</beats><beat-type>2</beat-type></time>', Meter(2, 2, symbol="c|")),
        ("<time><beats>3+2</beats><beat-type>8</beat-type></time>", Meter(5, 8, (3, 2))),
        (
            "<time><beats>3</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type></time>",
            Meter(9, 8, (6, 3)),
        ),
        ("<time><senza-misura/></time>", Meter(0, 1, symbol="X")),
    ],
)
def test_meters(xml: str, meter: Meter) -> None:
    assert (
        tune_of(score(f"<attributes><divisions>2</divisions>{xml}</attributes>" + note("C4", 2))).meter
        == meter
    )


@pytest.mark.parametrize(
    ("xml", "key"),
    [
        ("<fifths>1</fifths><mode>dorian</mode>", Key("A", 0, "dorian", standard_signature(1))),
        ("<fifths>-3</fifths><mode>minor</mode>", Key("C", 0, "minor", standard_signature(-3))),
        ("<fifths>2</fifths>", Key(signature=standard_signature(2))),
        (
            "<key-step>B</key-step><key-alter>-4</key-alter><key-accidental>slash-flat</key-accidental>"
            "<key-step>F</key-step><key-alter>0.5</key-alter>",
            Key(signature=(("B", F(-8, 9)), ("F", F(1, 2)))),
        ),
    ],
)
def test_keys(xml: str, key: Key) -> None:
    assert (
        tune_of(
            score(f"<attributes><divisions>2</divisions><key>{xml}</key></attributes>" + note("C4", 2))
        ).key
        == key
    )


def test_lyrics_signs_and_directions() -> None:
    lyric = '<lyric number="{}"><syllabic>{}</syllabic><text>{}</text></lyric>'
    signs = (
        '<notations><slur type="start" number="1"/><fermata/><ornaments><trill-mark/></ornaments>'
        "<articulations><staccato/></articulations></notations>"
    )
    words = "<direction><direction-type><words>dolce</words></direction-type></direction>"
    loud = (
        "<direction><direction-type><dynamics><mf/></dynamics></direction-type><offset>1</offset></direction>"
    )
    chord = '<harmony><root><root-step>A</root-step></root><kind text="m7">minor-seventh</kind></harmony>'
    content = ATTRIBUTES + words + loud + chord + note("C4", 2, signs + lyric.format(1, "begin", "Hal"))
    content += note(
        "D4", 2, '<notations><slur type="stop" number="1"/></notations>' + lyric.format(2, "single", "lu")
    )
    first, second = tune_of(score(content)).notes
    assert [(sign.kind, sign.text) for sign in first.attachments] == [
        ("chord", "Am7"), ("text", "dolce"), ("ornament", "trill"), ("articulation", "staccato"),
        ("fermata", "fermata"), ("slur", "start"), ("lyric", "Hal-"), ("dynamic", "mf"),
    ]  # fmt: skip
    assert first.attachments[-1].offset == F(1, 2)
    assert second.attachments == (Attachment("slur", "stop"), Attachment("lyric", "lu", 2))


def test_tempo_sections_and_header() -> None:
    header = (
        "<work><work-number>Op. 1</work-number><work-title>Songs</work-title></work>"
        "<movement-title>Spring</movement-title>"
        '<identification><creator type="composer">A. B.</creator><creator type="lyricist">C. D.</creator>'
        "<rights>CC0</rights><source>a book</source></identification>"
    )
    tempo = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>60</per-minute></metronome></direction-type></direction>"
    )
    mark = "<direction-type><rehearsal>B</rehearsal></direction-type>"
    later = f'<direction>{mark}<sound tempo="72.5"/></direction>'
    tune = tune_of(score(ATTRIBUTES + tempo + note("C4", 4), later + note("C4", 4), header=header))
    assert tune.tempo == 90
    assert [(section.onset, section.label) for section in tune.sections] == [(F(2), "B")]
    assert tune.notes[1].attachments == (Attachment("tempo", "145/2"),)
    assert dict(tune.records) == {
        "OTL": "Spring", "OPR": "Songs", "OPS": "Op. 1", "COM": "A. B.", "LYR": "C. D.", "YEM": "CC0",
        "SMS": "a book",
    }  # fmt: skip
    assert tune.instrument == "Voice 1"


def test_phrases_are_inferred_from_systems_where_none_is_marked() -> None:
    bar = note("C4", 2) + note("D4", 2)
    tune = tune_of(score(ATTRIBUTES + bar, bar, '<print new-system="yes"/>' + bar, bar))
    assert tune.phrasing == "inferred"
    assert [n.onset for n in tune.notes if n.phrase_start] == [0, 4]


def test_several_parts_are_refused_by_name_until_one_is_chosen() -> None:
    data = score(ATTRIBUTES + note("C4", 4), parts=2)
    with pytest.raises(
        PolyphonyError, match=r"song\.musicxml: holds 2 parts: 1 'Voice 1', 2 'Voice 2'.*--track"
    ):
        tune_of(data)
    assert tune_of(data, "2").instrument == "Voice 2"
    assert tune_of(data, "voice 1").instrument == "Voice 1"
    with pytest.raises(FormatError, match="no part '3'"):
        tune_of(data, "3")


def test_a_transposing_instrument_is_read_as_written_and_said() -> None:
    transpose = "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>"
    tune = tune_of(score(ATTRIBUTES + transpose + note("D4", 4)))
    assert str(tune.notes[0].pitch) == "D4"
    assert "transpositions of the instrument (pitches are as written)" in tune.losses[0]


def test_scores_ordered_by_time_are_read() -> None:
    data = (
        b'<score-timewise><part-list/><measure number="1"><part id="P1">'
        + note("C4", 2).encode()
        + b"</part></measure>"
    )
    assert times(tune_of(data + b"</score-timewise>")) == [(F(0), F(2))]


def test_a_measure_without_content_is_a_silent_bar() -> None:
    tune = tune_of(score(ATTRIBUTES + note("C4", 4), "", note("C4", 4)))
    assert times(tune)[1] == (F(2), F(2))
    assert len(tune.bars) == 3


def test_a_part_without_a_note_is_an_empty_tune() -> None:
    assert tune_of(score(ATTRIBUTES)).is_empty


def unpacked(path: Path) -> bytes:
    """The XML of a file, found without our reader."""
    if path.suffix != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as packed:
        return packed.read(next(name for name in packed.namelist() if name.endswith("score.xml")))


@pytest.mark.parametrize(("folder", "every"), [("lieder", 23), ("fiddle-musicxml", 1), ("symbtr", 12)])
def test_real_files_read_and_no_bar_is_lost(shared: Path, folder: str, every: int) -> None:
    files = sorted(
        path
        for path in (shared / "data/scores" / folder).rglob("*")
        if path.suffix in (".mxl", ".xml", ".musicxml")
    )
    refused = []
    for path in files[::every]:
        try:
            tune = tune_of(path.read_bytes())
        except CanzonaError as error:
            refused.append(str(error))
            continue
        assert len(tune.bars) == len(re.findall(rb"<measure[ >]", unpacked(path))), path.name
        assert all(one.end == two.onset for one, two in zip(tune.notes, tune.notes[1:], strict=False))
    assert len(refused) <= len(files[::every]) // 100, refused
