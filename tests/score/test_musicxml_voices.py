"""One line out of a MusicXML score: parts, staves, voices, chords, cues, and what is said of the rest."""

from __future__ import annotations

from fractions import Fraction

import pytest

from canzona.errors import FormatError, PolyphonyError
from canzona.score import Tune
from canzona.score.musicxml import write_musicxml
from musicxml_text import ATTRIBUTES, attributes, names, note, score, times, tune_of

F = Fraction

BACK = "<backup><duration>4</duration></backup>"


def voiced(text: str, voice: int = 1, staff: int = 0) -> str:
    """Notes of one voice from words such as 'C4:2 r:1'."""
    more = f"<voice>{voice}</voice>" + (f"<staff>{staff}</staff>" if staff else "")
    return "".join(note(word.partition(":")[0], word.partition(":")[2], more) for word in text.split())


def chord(*stack: str, duration: int = 4, more: str = "") -> str:
    """Notes struck together, in the order given."""
    return note(stack[0], duration, more) + "".join(
        note(name, duration, more, before="<chord/>") for name in stack[1:]
    )


def scored(*parts: tuple[str, str, str]) -> bytes:
    """A score of parts (id, name, content of the one measure)."""
    listed = "".join(
        f'<score-part id="{key}"><part-name>{name}</part-name></score-part>' for key, name, _ in parts
    )
    held = "".join(
        f'<part id="{key}"><measure number="1">{content}</measure></part>' for key, _, content in parts
    )
    return f"<score-partwise><part-list>{listed}</part-list>{held}</score-partwise>".encode()


THREE = scored(
    ("P1", "Soprano", ATTRIBUTES + note("C5", 4)),
    ("P2", "Alto", ATTRIBUTES + note("G4", 4)),
    ("P3", "Soprano", ATTRIBUTES + note("E4", 4)),
)

# Voices of one part.


def test_the_voice_with_the_most_notes_is_read() -> None:
    tune = tune_of(score(ATTRIBUTES + voiced("C5:4") + BACK + voiced("C4:1 D4:1 E4:2", 2)))
    assert names(tune) == ["C4", "D4", "E4"]
    assert tune.losses == ("1 notes of other voices",)


def test_of_two_voices_with_as_many_notes_the_first_is_read() -> None:
    tune = tune_of(score(ATTRIBUTES + voiced("C4:4", 2) + BACK + voiced("C5:4", 1)))
    assert names(tune) == ["C5"]


def test_of_two_staves_the_upper_one_is_read() -> None:
    tune = tune_of(score(ATTRIBUTES + voiced("C5:2 D5:2", 1, 1) + BACK + voiced("C3:2 D3:2", 5, 2)))
    assert names(tune) == ["C5", "D5"]
    assert tune.losses == ("2 notes of other voices",)


def test_a_voice_that_crosses_to_another_staff_for_a_bar_is_followed() -> None:
    tune = tune_of(
        score(
            ATTRIBUTES + voiced("C5:2 D5:2", 1, 1),
            voiced("C3:2 D3:2", 1, 2),
            voiced("E5:2 F5:2", 1, 1),
        )
    )
    assert names(tune) == ["C5", "D5", "C3", "D3", "E5", "F5"]
    assert tune.losses == ()


def test_a_second_voice_that_sings_alone_for_a_bar_is_read_there() -> None:
    tune = tune_of(score(ATTRIBUTES + voiced("C5:2 D5:2"), voiced("r:4") + BACK + voiced("G4:4", 2)))
    assert names(tune) == ["C5", "D5", "G4"]
    assert tune.losses == ()


def test_a_bar_in_which_nobody_sings_is_silent() -> None:
    tune = tune_of(
        score(ATTRIBUTES + voiced("C5:4"), voiced("r:4") + BACK + voiced("r:4", 2), voiced("D5:4"))
    )
    assert names(tune) == ["C5", "None", "D5"]
    assert times(tune)[1] == (F(2), F(2))


def test_a_tie_goes_on_in_the_next_bar_of_the_same_voice() -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    low = note("E4", 4, f"{start}<voice>2</voice>")
    tune = tune_of(
        score(
            ATTRIBUTES + note("C5", 4, f"{start}<voice>1</voice>") + BACK + low,
            note("C5", 2, f"{stop}<voice>1</voice>") + voiced("D5:2") + BACK + note("E4", 4, stop),
        )
    )
    assert [(str(n.pitch), n.duration) for n in tune.notes] == [("C5", F(3)), ("D5", F(1))]


def test_the_order_of_the_voices_in_the_file_does_not_matter() -> None:
    upper, lower = voiced("C5:1 D5:1 E5:2"), voiced("C4:4", 2)
    one = tune_of(score(ATTRIBUTES + upper + BACK + lower))
    two = tune_of(score(ATTRIBUTES + lower + BACK + upper))
    assert one == two


def test_notes_that_overlap_in_one_voice_are_read_once_and_said() -> None:
    back = "<backup><duration>1</duration></backup>"
    tune = tune_of(score(ATTRIBUTES + voiced("C5:2") + back + voiced("D5:2 E5:1")))
    assert names(tune) == ["C5", "None", "E5"]
    assert times(tune) == [(F(0), F(1)), (F(1), F(1, 2)), (F(3, 2), F(1, 2))]
    assert tune.losses == ("1 notes that overlap in their own voice",)


def test_words_and_tempo_over_any_voice_are_kept() -> None:
    words = "<direction><direction-type><words>rit.</words></direction-type></direction>"
    tune = tune_of(score(ATTRIBUTES + voiced("C5:2 D5:2") + BACK + words + voiced("C4:4", 2)))
    assert [sign.text for sign in tune.notes[0].attachments] == ["rit."]


def test_sections_come_in_the_order_of_time_whichever_voice_they_stand_over() -> None:
    mark = "<direction><direction-type><rehearsal>{}</rehearsal></direction-type></direction>"
    first = voiced("C5:2") + mark.format("B") + voiced("D5:2")
    tune = tune_of(score(ATTRIBUTES + first + BACK + mark.format("A") + voiced("C4:4", 2)))
    assert [(section.onset, section.label) for section in tune.sections] == [(F(0), "A"), (F(1), "B")]


def test_a_section_beyond_the_last_bar_stands_at_its_end() -> None:
    mark = (
        "<direction><direction-type><rehearsal>C</rehearsal></direction-type><offset>9</offset></direction>"
    )
    tune = tune_of(score(ATTRIBUTES + voiced("C5:2") + mark + voiced("D5:2")))
    assert [(section.onset, section.label) for section in tune.sections] == [(F(2), "C")]
    assert write_musicxml([tune]).losses == ()


def test_a_part_of_silence_alone_has_its_bars() -> None:
    silence = "<forward><duration>4</duration></forward>"
    tune = tune_of(score(ATTRIBUTES + silence, silence))
    assert tune.is_empty
    assert [(n.onset, n.duration) for n in tune.notes] == [(F(0), F(2)), (F(2), F(2))]
    assert len(tune.bars) == 2


# Chords.


@pytest.mark.parametrize(
    "stack", [("C4", "E4", "G4"), ("G4", "E4", "C4"), ("E4", "G4", "C4")], ids=["up", "down", "mixed"]
)
def test_the_top_of_a_chord_is_read_in_whatever_order_it_is_written(stack: tuple[str, ...]) -> None:
    tune = tune_of(score(ATTRIBUTES + chord(*stack)))
    assert (names(tune), times(tune)) == (["G4"], [(F(0), F(2))])
    assert tune.losses == ("2 lower notes of chords",)


def test_the_top_of_a_chord_is_the_one_that_sounds_higher() -> None:
    assert names(tune_of(score(ATTRIBUTES + chord("Cb5", "B#4")))) == ["B#4"]


def test_a_chord_takes_time_once() -> None:
    tune = tune_of(
        score(ATTRIBUTES + chord("C4", "E4", duration=2) + chord("D4", "F4", duration=2), note("G4", 4))
    )
    assert times(tune) == [(F(0), F(1)), (F(1), F(1)), (F(2), F(2))]


def test_a_tie_of_the_top_of_a_chord_is_a_tie() -> None:
    lower = note("C4", 4)
    start = note("G4", 4, '<tie type="start"/>', before="<chord/>")
    stop = note("G4", 4, '<tie type="stop"/>', before="<chord/>")
    tune = tune_of(score(ATTRIBUTES + lower + start, lower + stop))
    assert [(str(n.pitch), n.duration) for n in tune.notes] == [("G4", F(4))]


def test_a_tie_of_the_bottom_of_a_chord_is_none() -> None:
    start, stop = (note("C4", 4, f'<tie type="{kind}"/>') for kind in ("start", "stop"))
    top = note("G4", 4, before="<chord/>")
    tune = tune_of(score(ATTRIBUTES + start + top, stop + top))
    assert [(str(n.pitch), n.duration) for n in tune.notes] == [("G4", F(2)), ("G4", F(2))]


def test_signs_at_any_note_of_a_chord_are_kept_once() -> None:
    fermata = "<notations><fermata/></notations>"
    trill = "<notations><ornaments><trill-mark/></ornaments></notations>"
    content = note("C4", 4, fermata) + note("E4", 4, fermata + trill, before="<chord/>")
    tune = tune_of(score(ATTRIBUTES + content))
    assert [(sign.kind, sign.text) for sign in tune.notes[0].attachments] == [
        ("ornament", "trill"),
        ("fermata", "fermata"),
    ]


def test_the_syllables_under_a_chord_stand_once() -> None:
    syllable = "<lyric><text>la</text></lyric>"
    tune = tune_of(score(ATTRIBUTES + note("C4", 4) + note("E4", 4, syllable, before="<chord/>")))
    assert [sign.text for sign in tune.notes[0].attachments] == ["la"]


def test_grace_chords_are_said_to_be_lost_but_for_their_first_note() -> None:
    pitch = "<pitch><step>{}</step><octave>5</octave></pitch>"
    graces = f"<note><grace/>{pitch.format('D')}</note><note><grace/><chord/>{pitch.format('F')}</note>"
    tune = tune_of(score(ATTRIBUTES + graces + note("C5", 4)))
    assert [str(grace.pitch) for grace in tune.notes[0].graces] == ["D5"]
    assert tune.losses == ("1 grace notes in chords or cues",)


# Cues and percussion.


def test_a_cue_is_silent_in_the_part_that_waits() -> None:
    cue = note("C5", 2, before="<cue/>") + note("E5", 2, before="<cue/>")
    tune = tune_of(score(ATTRIBUTES + cue, note("D4", 4)))
    assert names(tune) == ["None", "D4"]
    assert tune.losses == ("2 cue notes",)


def test_a_chord_of_cues_is_counted_and_changes_no_note_before_it() -> None:
    cues = note("C5", 2, before="<cue/>") + note("G5", 2, before="<chord/><cue/>")
    tune = tune_of(score(ATTRIBUTES + note("D4", 2) + cues))
    assert names(tune) == ["D4", "None"]
    assert tune.losses == ("2 cue notes",)


def test_a_chord_of_cues_at_the_start_of_a_bar_takes_time_once() -> None:
    cues = note("C5", 2, before="<cue/>") + note("G5", 2, before="<chord/><cue/>")
    tune = tune_of(score(ATTRIBUTES + cues + note("D4", 2), note("E4", 4)))
    assert times(tune) == [(F(0), F(1)), (F(1), F(1)), (F(2), F(2))]
    assert tune.losses == ("2 cue notes",)


def test_drums_struck_together_take_time_once() -> None:
    hit = "<note>{}<unpitched/><duration>2</duration></note>"
    both = hit.format("") + hit.format("<chord/>")
    tune = tune_of(score(ATTRIBUTES + both + note("D4", 2)))
    assert times(tune) == [(F(0), F(1)), (F(1), F(1))]
    assert tune.losses == ("2 unpitched notes",)


def test_a_part_of_percussion_alone_is_an_empty_tune_that_says_so() -> None:
    hit = "<note><unpitched/><duration>2</duration></note>"
    tune = tune_of(score(ATTRIBUTES + hit + hit))
    assert tune.is_empty
    assert tune.duration == 2
    assert tune.losses == ("2 unpitched notes",)


# Parts.


@pytest.mark.parametrize(
    ("track", "pitch"),
    [
        ("1", "C5"),
        ("2", "G4"),
        ("3", "E4"),
        ("Alto", "G4"),
        ("alto", "G4"),
        ("ALTO", "G4"),
        ("Soprano", "C5"),
    ],
)
def test_a_part_is_chosen_by_its_number_or_its_name(track: str, pitch: str) -> None:
    assert names(tune_of(THREE, track)) == [pitch]


@pytest.mark.parametrize("track", ["0", "4", "-1", "Bass", "", "1.0", "²", "99999999999999999999"])
def test_a_part_that_is_not_there_is_refused_with_a_list(track: str) -> None:
    with pytest.raises(FormatError) as caught:
        tune_of(THREE, track)
    assert f"has no part '{track}' (its parts: 'Soprano', 'Alto', 'Soprano')" in str(caught.value)
    assert caught.value.hint == "choose 1 to 3 or a name"


def test_a_name_that_is_a_number_wins() -> None:
    data = scored(("P1", "2", ATTRIBUTES + note("C5", 4)), ("P2", "1", ATTRIBUTES + note("G4", 4)))
    assert names(tune_of(data, "2")) == ["C5"]


def test_the_parts_are_named_when_none_is_chosen() -> None:
    with pytest.raises(PolyphonyError) as caught:
        tune_of(THREE)
    assert "holds 3 parts: 1 'Soprano', 2 'Alto', 3 'Soprano'" in str(caught.value)


def test_of_many_parts_twelve_are_named() -> None:
    many = scored(*((f"P{n}", f"Horn {n}", ATTRIBUTES + note("C4", 4)) for n in range(1, 31)))
    with pytest.raises(PolyphonyError, match=r"holds 30 parts: 1 'Horn 1', .* 12 'Horn 12', \.\.\.; choose"):
        tune_of(many)
    assert names(tune_of(many, "30")) == ["C4"]


def test_one_part_is_read_whatever_track_is_its_own() -> None:
    data = scored(("P1", "Voice", ATTRIBUTES + note("C5", 4)))
    assert tune_of(data) == tune_of(data, "1") == tune_of(data, "voice")
    with pytest.raises(FormatError, match="has no part 'Flute'"):
        tune_of(data, "Flute")


def test_parts_without_a_list_have_no_name_but_a_number() -> None:
    body = f'<part id="A"><measure number="1">{note("C4", 1)}</measure></part>'
    other = body.replace("C<", "D<").replace('"A"', '"B"')
    data = f"<score-partwise>{body}{other}</score-partwise>".encode()
    with pytest.raises(PolyphonyError, match="1 '', 2 ''"):
        tune_of(data)
    assert (names(tune_of(data, "2")), tune_of(data, "2").instrument) == (["D4"], "")


def test_what_is_wrong_in_another_part_does_not_matter() -> None:
    data = scored(("P1", "Voice", ATTRIBUTES + note("C5", 4)), ("P2", "Noise", note("H9", 4)))
    assert names(tune_of(data, "Voice")) == ["C5"]
    with pytest.raises(FormatError, match="a pitch of step 'H'"):
        tune_of(data, "Noise")


def same_music(*tunes: Tune) -> bool:
    """Whether tunes have the same notes, bars and meters."""
    return len({(tune.notes, tune.barlines, tune.meters) for tune in tunes}) == 1


def test_a_part_reads_the_same_alone_and_in_company() -> None:
    content = attributes(2) + voiced("C5:1 D5:1") + chord("E5", "C5", duration=2)
    alone = tune_of(scored(("P1", "Voice", content)))
    others = [("P0", "Flute", ATTRIBUTES + note("C6", 4)), ("P9", "Bass", ATTRIBUTES + note("C2", 4))]
    assert same_music(alone, tune_of(scored(others[0], ("P1", "Voice", content), others[1]), "Voice"))
