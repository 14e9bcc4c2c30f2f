"""Reading Humdrum **kern: what real files hold, and what they should not."""

from fractions import Fraction as F
from typing import Any

import pytest

from canzona.errors import FormatError, PolyphonyError
from canzona.score import Attachment, Key, Meter, Section, Tune
from canzona.score.kern import FORMAT, read

FRERE_JACQUES = """!!!OTL: Frère Jacques
!!!ARE: Europa, France
**kern
*ICvox
*Ivox
*clefG2
*k[b-]
*F:
*M2/4
*MM120
=1
{4f
4g
=2
4a
4f}
=3
{8ccL
8dd
8cc
8b-J
=4
4a
4f}
==
*-
!!!SCT: 1
!! a round
"""


def tune(body: str, head: str = "", **options: Any) -> Tune:
    """The tune of a table; a body without a name is one **kern spine."""
    text = body if "**" in body else f"**kern\n{body}\n*-\n"
    return next(read(f"{head}{text}".encode(), "tune.krn", **options))


def names(found: Tune) -> list[str]:
    return [str(note.pitch) if note.pitch else "r" for note in found.notes]


def lengths(found: Tune) -> list[F]:
    return [note.duration for note in found.notes]


def test_a_song_is_read_whole() -> None:
    song = tune(FRERE_JACQUES)
    assert names(song) == ["F4", "G4", "A4", "F4", "C5", "D5", "C5", "B-4", "A4", "F4"]
    assert song.duration == 8
    assert [bar.number for bar in song.bars] == [1, 2, 3, 4]
    assert song.key == Key("F", 0, "major", (("B", F(-1)),))
    assert song.meter == Meter(2, 4)
    assert (song.title, song.region, song.catalogue) == ("Frère Jacques", "Europa, France", "1")
    assert song.comments == ("a round",)
    assert (song.tempo, song.instrument, song.phrasing) == (120, "vox", "marked")
    assert [len(phrase) for phrase in song.phrases()] == [4, 6]
    assert song.losses == ()
    assert song.source == "tune.krn"


def test_records_keep_their_order_before_and_after_the_data() -> None:
    assert tune(FRERE_JACQUES).records == (
        ("OTL", "Frère Jacques"),
        ("ARE", "Europa, France"),
        ("SCT", "1"),
    )


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("für Elise", "latin-1"), ("chère étoile", "latin-1"), ("små grønne", "latin-1"),
        ("schön", "cp850"), ("groß", "cp850"), ("Über", "cp850"),
    ],
)  # fmt: skip
def test_titles_in_older_codes(written: str, code: str) -> None:
    data = f"!!!OTL: {written}\n**kern\n*M2/4\n4c\n4d\n*-\n".encode(code)
    assert next(read(data)).title == written


def test_code_page_850_is_told_from_utf_8_file_by_file() -> None:
    old = b"!!!OTL: Der M\x81ller\n!!!ARE: China\xffHan\n**kern\n4c\n*-\n"
    assert next(read(old)).records == (("OTL", "Der Müller"), ("ARE", "China Han"))
    assert next(read("!!!OTL: Żyła\n**kern\n4c\n*-".encode())).title == "Żyła"
    assert next(read(b"\xef\xbb\xbf**kern\r\n4c\r\n8d\r*-\r\n")).duration == F(3, 2)


@pytest.mark.parametrize(
    ("token", "quarters"),
    [
        ("4c", F(1)), ("8.c", F(3, 4)), ("2..c", F(7, 2)), ("12c", F(1, 3)), ("0c", F(8)), ("00c", F(16)),
        ("0.c", F(12)), ("3%2c", F(8, 3)), ("6.c", F(1)), ("20c", F(1, 5)), ("1.5a", F(6)), ("1c", F(4)),
        ("1024c", F(1, 256)), ("13c", F(4, 13)), ("37%5c", F(20, 37)),
    ],
)  # fmt: skip
def test_durations(token: str, quarters: F) -> None:
    found = tune(f"{token}\n4d")
    assert lengths(found) == [quarters, 1]
    assert found.notes[1].onset == quarters


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("4c", "C4"), ("4cc", "C5"), ("4C", "C3"), ("4CC", "C2"), ("4bb-", "B-5"), ("4f##", "F##4"),
        ("4ffn", "F5"), ("4ffx#", "F#5"), ("2ggxxxxx#", "G#5"), ("4ff//#", "F#5"), ("16ff>>#}", "F#5"),
        ("4c#X/", "C#4"), ("{8e-yL", "E-4"), ("4c 4e 4g", "G4"), ("4r", "r"), ("4rgg", "r"),
        ("4.B\b8G", "B3"),
    ],
)  # fmt: skip
def test_pitches_stand_before_or_between_signs(token: str, name: str) -> None:
    assert names(tune(token)) == [name]


def test_what_is_dropped_from_a_note_is_said() -> None:
    assert tune("4ffx#").losses == ("sign 'x'",)
    assert tune("4ff//#\n8gL\n8a\\J").losses == ()
    assert tune("4c 4e 4g").losses == ("lower note of a chord, 2 times",)
    assert "read as a dotted note" in tune("1.5a").losses[0]
    assert tune("a\nb").losses == ("duration of a note without one, read as a quarter note, 2 times",)
    assert tune("*clefF4\n4c").losses == ()
    assert tune("*staff1\n4c").losses == ("interpretation '*staff1'",)
    assert tune("!LO:LB:g=z\n4c").losses == ("layout 'LO:LB'",)
    assert tune("4c\n8qd").losses == ("grace note after the last note",)


def test_ties_make_one_note() -> None:
    found = tune("[4c\n=1\n4c_\n=2\n2c]\n4d")
    assert lengths(found) == [4, 1]
    assert [line.onset for line in found.barlines] == [1, 2]


def test_unbalanced_ties_stay_apart() -> None:
    assert lengths(tune("[4c\n4d")) == [1, 1]
    assert lengths(tune("[4c\n4d]")) == [1, 1]
    assert tune("4c\n4c]").losses == ("tie without its start",)
    assert lengths(tune("[4c\n4r\n4c]")) == [1, 1, 1]
    assert lengths(tune("[4c\n[4c]\n4c]")) == [3]


def test_a_phrase_that_begins_within_a_tie_begins_with_the_next_note() -> None:
    found = tune("{4a\n[4c}\n{4c]\n4d\n4e}")
    assert [len(phrase) for phrase in found.phrases()] == [2, 2]
    assert found.losses


def test_grace_notes_hang_on_the_next_note() -> None:
    found = tune("8qee\n16qqf#\n16qqg\n4c\n4d")
    assert names(found) == ["C4", "D4"]
    graces = found.notes[0].graces
    assert [(str(grace.pitch), grace.value, grace.slashed) for grace in graces] == [
        ("E5", F(1, 2), True),
        ("F#4", F(1, 4), False),
        ("G4", F(1, 4), False),
    ]
    assert found.duration == 2


def test_a_pickup_is_an_early_bar_line() -> None:
    found = tune("*M3/4\n8g\n8a\n=1\n2b\n4g\n=2\n2.a\n==")
    assert found.pickup == 1
    assert [bar.duration for bar in found.bars] == [1, 3, 3]


@pytest.mark.parametrize(
    ("text", "meter"),
    [
        ("*M3/4", Meter(3, 4)), ("*M3+2/8", Meter(5, 8, (3, 2))), ("*M2/0", Meter(4, 1)),
        ("*MX", Meter(0, 1, symbol="X")), ("*MZ", Meter(0, 1, symbol="Z")),
        ("*MFREI4/4", Meter(0, 1, symbol="FREI4/4")), ("*M5/1%%%2+3%", Meter(5, 1, (2, 3))),
        ("*M4/4\n*met(c)", Meter(4, 4, symbol="c")), ("*met(c|)\n*M2/2", Meter(2, 2, symbol="c|")),
        ("*met(c)", Meter(4, 4, symbol="c")), ("*M2/1\n*met(C|)", Meter(2, 1, symbol="C|")),
        ("*met(O)", Meter(0, 1, symbol="met(O)")), ("*M2\\1", Meter(2, 1)),
        ("*M0/4", Meter(0, 1, symbol="0/4")),
    ],
)  # fmt: skip
def test_meters(text: str, meter: Meter) -> None:
    assert tune(f"{text}\n4c").meters == ((0, meter),)


def test_a_meter_may_change_and_a_broken_one_is_said() -> None:
    found = tune("*M3/4\n2.c\n=2\n*M2/4\n2d\n=3\n*MX\n4e")
    assert [(onset, str(meter)) for onset, meter in found.meters] == [(0, "3/4"), (3, "2/4"), (5, "free")]
    assert tune("*M5/1%%%2+3%\n4c").losses == ("spelling of the meter '*M5/1%%%2+3%'",)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("*k[]\n*a:", Key("A", 0, "minor", ())),
        ("*k[f#]\n*d:dor", Key("D", 0, "dorian", (("F", F(1)),))),
        ("*G:mix", Key("G", 0, "mixolydian")),
        ("*b-:", Key("B", -1, "minor")),
        ("*k[c-e-a-]", Key(signature=(("C", F(-1)), ("E", F(-1)), ("A", F(-1))))),
        ("*k[b--e-]\n*E-:", Key("E", -1, "major", (("B", F(-2)), ("E", F(-1))))),
        ("*k[bn]", Key(signature=(("B", F(0)),))),
        ("*C:hijaz", Key("C", 0, "hijaz")),
    ],
)
def test_keys(text: str, key: Key) -> None:
    assert tune(f"{text}\n4c").keys == ((0, key),)


def test_a_key_that_changes_without_its_signature_keeps_the_signature() -> None:
    found = tune("*k[b-]\n*F:\n4c\n*d:\n4d\n*k[]\n4e")
    assert [key for _, key in found.keys] == [
        Key("F", 0, "major", (("B", F(-1)),)),
        Key("D", 0, "minor", (("B", F(-1)),)),
        Key(signature=()),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=", (0, "", "regular", "")), ("=12", (12, "", "regular", "")), ("=12a", (12, "a", "regular", "")),
        ("=3||", (3, "", "double", "")), ("==", (0, "", "final", "")), ("=|!", (0, "", "final", "")),
        ("=-", (0, "", "invisible", "")), ("=:|!", (0, "", "regular", "end")),
        ("=4!|:", (4, "", "regular", "start")),
        ("=4:|!|:", (4, "", "regular", "both")), ("==:|!", (0, "", "final", "end")),
        ("=||:", (0, "", "double", "start")), ("=7:||:", (7, "", "double", "both")),
        ("=5.", (5, "", "dashed", "")),
        ("=4:|!|:-", (4, "", "invisible", "both")),
    ],
)  # fmt: skip
def test_bar_lines(text: str, expected: tuple[int, str, str, str]) -> None:
    (line,) = tune(f"4c\n{text}\n4d").barlines
    assert (line.number, line.suffix, line.kind, line.repeat) == expected
    assert line.onset == 1


def test_sections_expansions_and_endings() -> None:
    text = "*>[A,A1,A,A2]\n*>norep[A,A2]\n*>A\n=1\n4c\n=2\n*>A1\n4d\n=3:|!\n*>A2\n4e\n==\n"
    found = tune(text)
    assert found.expansions == (("", ("A", "A1", "A", "A2")), ("norep", ("A", "A2")))
    assert found.sections == (Section(F(0), "A"), Section(F(1), "A1"), Section(F(2), "A2"))
    assert [line.ending for line in found.barlines] == ["", "1", "2", ""]
    assert [line.ending for line in tune("*>A\n4c\n=1\n*>B2\n4d").barlines] == [""]


def test_signs_are_attached_to_their_notes() -> None:
    found = tune("(4cT\n4d;')\n4e~^^,\n(&(8f\n&)8g)")
    assert [[(mark.kind, mark.text, mark.number) for mark in note.attachments] for note in found.notes] == [
        [("slur", "start", 1), ("ornament", "trill", 1)],
        [("fermata", "fermata", 1), ("articulation", "staccato", 1), ("slur", "stop", 1)],
        [
            ("articulation", "tenuto", 1),
            ("articulation", "strong-accent", 1),
            ("articulation", "breath-mark", 1),
        ],
        [("slur", "start", 1), ("slur", "start", 2)],
        [("slur", "stop", 2), ("slur", "stop", 1)],
    ]


def test_phrase_marks_may_be_unbalanced_and_nested() -> None:
    assert [len(p) for p in tune("{4c\n4d\n{4e\n4f}").phrases()] == [2, 2]
    assert [len(p) for p in tune("4c\n4d}\n4e\n4f").phrases()] == [2, 2]
    assert [len(p) for p in tune("{4c\n4d\n&{4e}\n4f&}").phrases()] == [2, 2]


def test_phrases_are_inferred_where_none_are_marked() -> None:
    found = tune("*M2/4\n4c\n4d\n=1\n2e\n=2||\n4c\n4d\n=3\n2e\n==")
    assert found.phrasing == "inferred"
    assert [len(phrase) for phrase in found.phrases()] == [3, 3]


def test_verses_chords_and_dynamics_stand_in_spines_of_their_own() -> None:
    found = tune(
        "**kern\t**text\t**text\t**mxhm\t**dynam\t**cdata\n*M3/4\t*\t*\t*\t*\t*\n"
        "4c\tHal-\tO\tC major\tp <\t1\n"
        "4d\t-le-\t.\t.\t.\t.\n4e\t-lu\tja\tB- dominant\tf\t.\n*-\t*-\t*-\t*-\t*-\t*-\n"
    )
    assert found.notes[0].attachments == (
        Attachment("lyric", "Hal-", 1),
        Attachment("lyric", "O", 2),
        Attachment("chord", "C"),
        Attachment("dynamic", "p"),
        Attachment("dynamic", "<"),
    )
    assert found.notes[1].attachments == (Attachment("lyric", "le-", 1),)
    assert found.notes[2].attachments[-2:] == (Attachment("chord", "Bb7"), Attachment("dynamic", "f"))
    assert found.losses == ("spine '**cdata'",)


def test_a_chord_that_changes_under_a_long_note_keeps_its_time() -> None:
    rows = "**recip\t**kern\t**mxhm\n2\t1c\tC\n2\t.\tG7\n4\t4d\tC\n*-\t*-\t*-\n"
    found = tune(rows)
    assert [(mark.text, mark.offset) for mark in found.notes[0].attachments] == [("C", 0), ("G7", 2)]
    lost = tune("**kern\t**mxhm\n1c\tC\n.\tG7\n*-\t*-\n")
    assert lost.losses == ("moment of a chord within a note",)


def test_words_stand_in_layout_comments() -> None:
    found = tune("4c\n!LO:TX:a:t=dolce&colon; piano\n4d\n!LO:TX:problem=x:t=P\n!said of e\n4e")
    assert found.notes[1].attachments == (Attachment("text", "dolce: piano"),)
    assert found.comments == ("said of e",)
    assert found.losses == ("layout 'LO:TX'",)


def test_a_tempo_that_changes_is_attached() -> None:
    found = tune("*MM96\n4c\n*MM120\n4d\n*MM[Allegro]\n4e")
    assert found.tempo == 96
    assert [note.attachments for note in found.notes] == [
        (),
        (Attachment("tempo", "120"),),
        (Attachment("tempo", "Allegro"),),
    ]


def test_where_a_voice_divides_the_upper_line_is_read() -> None:
    found = tune(
        "**kern\t**text\n4c\tla\n*^\t*\n4e\t4c\tle\n8f\t4d\tlu\n8g\t.\t.\n*v\t*v\t*\n4c\tla\n*-\t*-\n"
    )
    assert names(found) == ["C4", "E4", "F4", "G4", "C4"]
    assert found.losses == ("token of a lower line where the voice divides, 2 times",)
    assert [note.attachments[0].text for note in found.notes if note.attachments] == ["la", "le", "lu", "la"]


TRIO = (
    '**kern\t**kern\t**text\t**kern\n*I"Bass\t*Ivioln\t*\t*I"Soprano\n4C\t4g\tla\t4cc\n8D\t4a\tle\t4dd\n'
    "8E\t.\t.\t.\n*-\t*-\t*-\t*-\n"
)


def test_several_voices_are_refused_by_name() -> None:
    with pytest.raises(PolyphonyError) as caught:
        tune(TRIO)
    assert "3 voices (1 Bass, 2 violn, 3 Soprano)" in str(caught.value)
    assert "--track" in str(caught.value)
    assert (caught.value.source, caught.value.line) == ("tune.krn", 1)


@pytest.mark.parametrize(
    ("track", "expected"), [("1", ["C3", "D3", "E3"]), ("2", ["G4", "A4"]), ("soprano", ["C5", "D5"])]
)
def test_a_voice_is_chosen_by_number_or_name(track: str, expected: list[str]) -> None:
    assert names(tune(TRIO, track=track)) == expected


def test_a_chosen_voice_takes_its_own_words_along() -> None:
    assert [len(note.attachments) for note in tune(TRIO, track="2").notes] == [1, 1]
    assert [len(note.attachments) for note in tune(TRIO, track="3").notes] == [0, 0]


@pytest.mark.parametrize("track", ["0", "4", "tuba", "", "²"])
def test_a_voice_that_is_not_there_is_refused(track: str) -> None:
    with pytest.raises(PolyphonyError, match="none of 3 voices"):
        tune(TRIO, track=track)


def test_one_voice_may_be_chosen_where_there_is_one() -> None:
    assert names(tune(FRERE_JACQUES, track="1")) == names(tune(FRERE_JACQUES))
    assert tune(FRERE_JACQUES, track="vox") == tune(FRERE_JACQUES)


def test_a_file_without_notes_is_an_empty_tune() -> None:
    found = tune("=1\n==", head="!!!OTL: nothing\n")
    assert found.is_empty
    assert found.notes == ()
    assert found.title == "nothing"


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "empty"),
        (b" \n\n", 1, "empty"),
        (b"**kern\n4c\x00\n", 2, "binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 3, "binary"),
        (b"!!!OTL: words only\n", 1, "no **kern spine"),
        (b"**text\nla\n*-\n", 1, "only **text"),
        (b"4c\n**kern\n4d\n", 1, "before its spine"),
        (b"4c\n4d\n", 1, "before any spine"),
        (b"**kern\n4c\n4h\n*-\n", 3, "'4h' is no note name"),
        (b"**kern\n4c\t4d\n*-\n", 2, "several tokens"),
        (b"**kern\t**text\n4c\n*-\n", 2, "1 tokens where 2 spines"),
        (b"**kern\n4c\n*-\n**kern\n4d\n*-\n", 4, "after its spine has ended"),
        (b"**kern\n*^\n4c\t4d\n*v\t*v\n*-\n**kern\n", 6, "after its spines have ended"),
        (b"**kern\n9999999999c\n", 2, "no duration"),
        (b"**kern\n*k[f!]\n4c\n", 2, "no key signature"),
        (b"**kern\n" + b"".join(b"%dc\n" % p for p in (509, 521, 523, 541, 547, 557, 563)),
        0, "common measure"),
        (b"**kern\n" + b"4c\n" * 50_001, 0, "more than a tune has"),
        (b"**kern\n4c" + b"'" * 3000, 2, "too long"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_with_file_and_line(data: bytes, line: int, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        next(read(data, "tune.krn"))
    assert words in caught.value.message
    assert (caught.value.source, caught.value.line) == ("tune.krn", line)
    assert caught.value.hint


def test_a_note_name_that_is_missing_is_a_rest_and_a_loss() -> None:
    found = tune("4c\n2\n4d")
    assert names(found) == ["C4", "r", "D4"]
    assert found.losses == ("name of the note '2', read as a rest",)


def test_quarter_tones_are_declared_in_the_file() -> None:
    found = tune(
        "*k[bi]\n4bi\n4e-j\n4f", head="!!!RDF**kern: i=alteration -1/2\n!!!RDF**kern: j=alteration -2/9\n"
    )
    assert [note.pitch.alter for note in found.notes if note.pitch] == [F(-1, 2), F(-11, 9), 0]
    assert found.keys[0][1].signature == (("B", F(-1, 2)),)
    assert found.records == ()


def test_a_foreign_sign_is_no_alteration() -> None:
    found = tune("4ci", head="!!!RDF**kern: i=editorial\n")
    assert found.losses == ("sign 'i'",)
    assert found.records == (("RDF**kern", "i=editorial"),)


def test_the_format_is_listed() -> None:
    assert (FORMAT.name, FORMAT.suffixes[0], FORMAT.many) == ("kern", ".krn", False)
