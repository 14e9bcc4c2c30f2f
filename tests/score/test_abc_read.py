"""Reading ABC: what each sign and field means. The tunes are traditional."""

from __future__ import annotations

import re
from fractions import Fraction as F
from pathlib import Path

import pytest

from canzona.errors import FormatError, PolyphonyError
from canzona.score import Attachment, Key, Meter, Tune
from canzona.score.abc import read, read_each

HEADER = "X:1\nT:Try\nM:4/4\nL:1/8\nK:C\n"


def tune(body: str, header: str = HEADER, track: str | None = None) -> Tune:
    return next(read((header + body + "\n").encode(), "try.abc", track))


def names(body: str, header: str = HEADER) -> str:
    return " ".join(str(note.pitch or "r") for note in tune(body, header).notes)


def lengths(body: str, header: str = HEADER) -> list[F]:
    return [note.duration for note in tune(body, header).notes]


def signs(body: str) -> list[list[tuple[str, str]]]:
    return [[(sign.kind, sign.text) for sign in note.attachments] for note in tune(body).notes]


def bars(body: str) -> list[tuple[F, int, str, str, str]]:
    return [(b.onset, b.number, b.kind, b.repeat, b.ending) for b in tune(body).barlines]


KESH = """X:1
T:The Kesh
T:The Kesh Jig
C:Trad.
R:Jig
O:Ireland
S:a session\\"u % heard there
N:played
+:slowly
Z:someone
M:6/8
L:1/8
Q:3/8=110
K:G
% the first strain
|: G3 GAB | A3 ABd | edd gdd | edB dBA |
GAG GAB | ABA ABd | edd gdB | AGF G3 :|
"""


def test_a_jig_with_its_fields() -> None:
    kesh = next(read(KESH.encode(), "kesh.abc", None))
    assert kesh.records == (
        ("OTL", "The Kesh"),
        ("OTA", "The Kesh Jig"),
        ("COM", "Trad."),
        ("AGN", "Jig"),
        ("ARE", "Ireland"),
        ("SMS", "a sessionü"),
        ("ONB", "played slowly"),
        ("ENC", "someone"),
    )
    assert kesh.comments == ("heard there", "the first strain")
    assert kesh.tempo == 165
    assert kesh.meter == Meter(6, 8)
    assert kesh.key == Key("G", 0, "major", (("F", F(1)),))
    assert [bar.number for bar in kesh.bars] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert kesh.duration == 24
    assert kesh.phrasing == "inferred"
    assert [phrase[0].onset for phrase in kesh.phrases()] == [0, 12]
    assert kesh.losses == ()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C,, C c c'", "C2 C4 C5 C6"),
        ("^c c c' | c", "C#5 C#5 C6 C5"),
        ("^^c __d =e _f", "C##5 D--5 E5 F-5"),
        ("^/c _1/2d ^3/2e _3/4f", "C+1/25 D-1/25 E+3/25 F-3/45"),
        ("^c-|c c", "C#5 C5"),
        ("%%propagate-accidentals pitch\n^c C", "C#5 C#4"),
        ("%%propagate-accidentals not\n^c c", "C#5 C5"),
        ("z x c", "r r C5"),
        ("[CEG] [c_e]", "G4 E-5"),
        ("f [K:D] f [K:F exp _e] e f", "F5 F#5 E-5 F5"),
    ],
)
def test_pitches(body: str, expected: str) -> None:
    assert names(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("c c2 c/ c/2 c3/2 c// c3/", [F(1, 2), F(1), F(1, 4), F(1, 4), F(3, 4), F(1, 8), F(3, 4)]),
        ("c>d c<d c>>d c<<d", [F(3, 4), F(1, 4), F(1, 4), F(3, 4), F(7, 8), F(1, 8), F(1, 8), F(7, 8)]),
        ("(3cde (2cd (4cdef", [F(1, 3)] * 3 + [F(3, 4)] * 2 + [F(3, 8)] * 4),
        ("(5cdefg (3:2:2c2d", [F(1, 5)] * 5 + [F(2, 3), F(1, 3)]),
        ("[M:6/8](5cdefg (7:4:3cde", [F(3, 10)] * 5 + [F(2, 7)] * 3),
        ("[c2e2] [ce]4 [c2e]2", [F(1), F(2), F(2)]),
        ("c-c c-|c2-c", [F(1), F(2)]),
        ("[L:1/4]c [L:1/16]c", [F(1), F(1, 4)]),
        ("Z2|z4", [F(4), F(4), F(2)]),
        ("c y d `e", [F(1, 2)] * 3),
        ("(3:2:4 c/2d/2e c", [F(1, 6), F(1, 6), F(1, 3), F(1, 3)]),
    ],
)
def test_lengths(body: str, expected: list[F]) -> None:
    assert lengths(body) == expected


@pytest.mark.parametrize(
    ("meter", "unit"),
    [("2/4", F(1, 4)), ("3/4", F(1, 2)), ("C|", F(1, 2)), ("5/16", F(1, 4)), ("none", F(1, 2))],
)
def test_the_unit_follows_the_meter(meter: str, unit: F) -> None:
    assert lengths("c", f"X:1\nM:{meter}\nK:C\n") == [unit]


@pytest.mark.parametrize(
    ("field", "meter"),
    [
        ("C", Meter(4, 4, symbol="c")),
        ("C|", Meter(2, 2, symbol="c|")),
        ("none", Meter(0, 1, symbol="X")),
        ("3+2/8", Meter(5, 8, (3, 2))),
        ("(2+2+3)/8", Meter(7, 8, (2, 2, 3))),
        ("2/4 + 3/8", Meter(7, 8, (4, 3))),
        ("12/8", Meter(12, 8)),
    ],
)
def test_meters(field: str, meter: Meter) -> None:
    assert tune("c", f"X:1\nM:{field}\nK:C\n").meter == meter


FLAT, SHARP = F(-1), F(1)


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("G", Key("G", 0, "major", (("F", SHARP),))),
        ("Am", Key("A", 0, "minor", ())),
        ("F# minor", Key("F", 1, "minor", (("F", SHARP), ("C", SHARP), ("G", SHARP)))),
        ("ADor", Key("A", 0, "dorian", (("F", SHARP),))),
        ("Bb", Key("B", -1, "major", (("B", FLAT), ("E", FLAT)))),
        ("E Phrygian", Key("E", 0, "phrygian", ())),
        ("D Mix clef=treble-8", Key("D", 0, "mixolydian", (("F", SHARP),))),
        ("D exp _b _e ^f", Key("D", 0, "", (("B", FLAT), ("E", FLAT), ("F", SHARP)))),
        ("D Phr ^f", Key("D", 0, "phrygian", (("B", FLAT), ("E", FLAT), ("F", SHARP)))),
        ("HP", Key("A", 0, "mixolydian", (("F", SHARP), ("C", SHARP)))),
        ("Hp", Key("A", 0, "mixolydian", (("F", SHARP), ("C", SHARP), ("G", F(0))))),
        ("none", Key("", 0, "", ())),
        ("", Key("", 0, "", ())),
        ("none ^f", Key("", 0, "", (("F", SHARP),))),
    ],
)
def test_keys(field: str, key: Key) -> None:
    assert tune("c", f"X:1\nK:{field}\n").key == key


def test_a_clef_alone_changes_no_key() -> None:
    found = tune("f [K:clef=bass] f [K:octave=-1] c", "X:1\nK:G\n")
    assert [str(note.pitch) for note in found.notes] == ["F#5", "F#5", "C4"]
    assert len(found.keys) == 1
    assert "the clef or layout 'clef=bass'" in found.losses


@pytest.mark.parametrize(
    ("field", "tempo"),
    [
        ("1/4=120", F(120)),
        ("1/8=100", F(50)),
        ("3/8=60", F(90)),
        ("120", F(60)),
        ("C3=40", F(60)),
        ("1/4 1/8=60", F(90)),
    ],
)
def test_tempos(field: str, tempo: F) -> None:
    assert tune("c", f"X:1\nL:1/8\nQ:{field}\nK:C\n").tempo == tempo


def test_words_of_a_tempo_stand_at_the_first_note() -> None:
    found = tune('c [Q:1/4=90] d [Q:"Lento"] e', 'X:1\nQ:"Allegro" 1/4=120\nK:C\n')
    assert found.tempo == 120
    assert [[sign.text for sign in note.attachments] for note in found.notes] == [
        ["Allegro"],
        ["90"],
        ["Lento"],
    ]


def test_bar_lines_of_every_kind() -> None:
    body = "C8|C8||C8.|C8[|]C8::C8:|]C8|:C8:|C8|]"
    assert [line[2:4] for line in bars(body)] == [
        ("invisible", ""),
        ("regular", ""),
        ("double", ""),
        ("dashed", ""),
        ("invisible", ""),
        ("regular", "both"),
        ("final", "end"),
        ("regular", "start"),
        ("regular", "end"),
        ("final", ""),
    ]


def test_signs_of_one_bar_line_may_stand_apart() -> None:
    assert bars("C8:|\n|:C8|\n|C8:||:C8|]")[1:-1] == [
        (F(4), 2, "regular", "both", ""),
        (F(8), 3, "regular", "", ""),
        (F(12), 4, "regular", "both", ""),
    ]


@pytest.mark.parametrize("signs_", ["|1", "| [1", "|[1", "|\n[1"])
def test_endings(signs_: str) -> None:
    found = bars(f"|:C8 {signs_} D8 :|2 E8 |[3,4 F8 |]")
    assert [line[4] for line in found] == ["", "1", "2", "3,4", ""]


def test_an_ending_without_a_bar_line_keeps_its_place() -> None:
    assert bars("|:C8|C4 [1 D4:|[2 E4|]")[2] == (F(6), 0, "invisible", "", "1")


def test_bars_are_numbered_after_the_pickup() -> None:
    found = tune("G2|C8|D6:|G2|E8|]")
    assert [(bar.duration, bar.number) for bar in found.bars] == [
        (F(1), 0),
        (F(4), 1),
        (F(3), 2),
        (F(1), 0),
        (F(4), 3),
    ]
    assert found.pickup == 1


def test_a_first_full_bar_is_number_one() -> None:
    assert [bar.number for bar in tune("C8|D8|E8|]").bars] == [1, 2, 3]


def test_sections_and_their_order() -> None:
    found = tune("P:A\nC8|\nP:B\nD8|[P:C]E8|", "X:1\nP:A2(BC)2\nM:4/4\nL:1/8\nK:C\n")
    assert [(section.onset, section.label) for section in found.sections] == [(0, "A"), (4, "B"), (8, "C")]
    assert found.expansions == (("", ("A", "A", "B", "C", "B", "C")),)


def test_signs_chords_and_words() -> None:
    assert signs('"Am7"c !trill!d .~e Hf "^dolce"g !p!a !wedge!b +fermata+c "_low"d') == [
        [("chord", "Am7")],
        [("ornament", "trill")],
        [("articulation", "staccato"), ("ornament", "roll")],
        [("fermata", "fermata")],
        [("text", "dolce")],
        [("dynamic", "p")],
        [("articulation", "staccatissimo")],
        [("fermata", "fermata")],
        [("text", "low")],
    ]


def test_letters_that_a_field_defines() -> None:
    assert signs("U:T=!turn!\nTc Wd") == [[("ornament", "turn")], []]
    assert "the letter 'W', which no U: field defines" in tune("Wd").losses


def test_signs_within_a_tied_note_keep_their_time() -> None:
    (note,) = tune('"C"c2-"G7"c2').notes
    assert note.attachments == (Attachment("chord", "C"), Attachment("chord", "G7", 1, F(1)))


def test_slurs() -> None:
    assert signs("(cd) (c(d)e) ((cd)e)") == [
        [("slur", "start")],
        [("slur", "stop")],
        [("slur", "start")],
        [("slur", "stop"), ("slur", "start")],
        [("slur", "stop")],
        [("slur", "start"), ("slur", "start")],
        [("slur", "stop")],
        [("slur", "stop")],
    ]
    assert [s.number for s in tune("((cd)e)").notes[0].attachments] == [1, 2]


def test_grace_notes() -> None:
    first, second = tune("{g}c {/^ab2}d").notes
    assert [(str(g.pitch), g.value, g.slashed) for g in first.graces] == [("G5", F(1, 2), False)]
    assert [(str(g.pitch), g.value, g.slashed) for g in second.graces] == [
        ("A#5", F(1, 2), True),
        ("B5", F(1), True),
    ]


def verses(body: str) -> list[list[str]]:
    found = tune(body)
    texts = [[s.text for s in n.attachments if s.kind == "lyric"] for n in found.notes]
    return texts


def test_lyrics() -> None:
    assert verses("C D E F|G4 A4|\nw:Hal-le-lu_ * O~my\\-self") == [
        ["Hal-"],
        ["le-"],
        ["lu"],
        ["_"],
        [],
        ["O my-self"],
    ]
    assert verses("C D|E F|\nw:one|two") == [["one"], [], ["two"], []]
    assert verses("C D-|D E|\nw:a-b_c") == [["a-"], ["b"], ["c"]]
    assert verses("C z D\nw:first verse\nw:next one") == [["first", "next"], [], ["verse", "one"]]
    assert verses("C D\nE F\nw:low line") == [[], [], ["low"], ["line"]]
    assert verses("C D\\\nE F\nw:one long line here") == [["one"], ["long"], ["line"], ["here"]]


def test_macros() -> None:
    assert names("m:~G2 = {A}G{F}G\n~G2 c") == "G4 G4 C5"
    assert names("m:tn = non\ntG td") == "G4 A4 G4 D5 E5 D5"


def test_written_lines_are_phrases_unless_they_go_on() -> None:
    two = tune("C8|D8|\\\nE8|F8|\nG8|A8|\nB8|c8|]")
    assert [phrase[0].onset for phrase in two.phrases()] == [0, 16, 24]


VOICES = "X:1\nT:Two\nM:4/4\nL:1/8\nK:C\nV:T name=Tune\nc8|d8|\nV:B\nC,8|D,8|\n"


def test_several_voices_are_refused_by_name() -> None:
    with pytest.raises(
        PolyphonyError, match="line 1: the tune has 2 voices: 1 'Tune', 2 'B'; choose one with --track"
    ):
        next(read(VOICES.encode(), "two.abc", None))


@pytest.mark.parametrize(
    ("track", "first"), [("1", "C5"), ("T", "C5"), ("Tune", "C5"), ("2", "C3"), ("B", "C3")]
)
def test_one_voice_is_chosen(track: str, first: str) -> None:
    found = next(read(VOICES.encode(), "two.abc", track))
    assert str(found.notes[0].pitch) == first
    assert any(loss.startswith("the other voices") for loss in found.losses)


def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(PolyphonyError, match="no voice 'alto'; choose one of 1 'Tune', 2 'B'"):
        next(read(VOICES.encode(), "two.abc", "alto"))


def test_a_single_named_voice_is_the_tune() -> None:
    assert tune('V:1 name="Fiddle"\ncd').instrument == "Fiddle"
    assert tune("[V:1]cd").instrument == ""


@pytest.mark.parametrize(
    ("body", "loss"),
    [
        ("c4 & e4|d8", "a second voice within the staff (&)"),
        ("[CE]2", "lower notes of chords"),
        ("c-d", "a tie that leads to no equal note"),
        ("%%scale 0.7\nc", "the directive scale 0.7"),
        ("c#", "the character '#' in the music"),
        ("(cd", "a slur without an end"),
        ("c)d", "a slur without a beginning"),
        ("s:!p! *\ncd", "a line of symbols (s:)"),
        ("cd\nw:a b c", "syllables beyond the last note of their line"),
        ("c{g}", "grace notes without a note"),
        ('c "G"|', "chord 'G' after the last note"),
        ("[|c", "a thick bar line before a thin one, read as a double one"),
        ("[CE(3cde", "the end of a chord, which has no ']'"),
        ("%%begintext\nwords\n%%endtext\nc", "the block %%begintext"),
    ],
)
def test_what_a_tune_cannot_hold_is_said(body: str, loss: str) -> None:
    assert loss in tune(body).losses


def test_an_overlay_lasts_to_the_bar_line() -> None:
    assert names("c4 & e4 f4|d8") == "C5 D5"


def test_many_tunes_are_read_lazily_with_the_header_of_the_file() -> None:
    text = "%abc-2.1\nM:3/4\nO:Poland\n\nX:1\nT:One\nK:C\nc6|\n\nfree text\n\n"
    text += "X:2\nT:Two\nM:2/4\nK:D\nf4|\nX:9\nK:G\nf6|\n"
    one, two, three = read(text.encode(), "file.abc", None)
    assert (one.meter, two.meter, one.region) == (Meter(3, 4), Meter(2, 4), "Poland")
    assert (one.source, three.source, three.catalogue) == ("file.abc#1", "file.abc#3", "9")


def test_a_broken_tune_does_not_stop_the_rest() -> None:
    text = b"X:1\nK:C\nc\n\nX:2\nK:C\nc2/0\n\nX:3\nK:C\nd\n"
    one, two, three = read_each(text, "file.abc")
    assert isinstance(one, Tune)
    assert isinstance(two, FormatError)
    assert isinstance(three, Tune)
    assert str(two) == "file.abc, line 7: the length 2/0 divides by zero"
    lazy = read(text, "file.abc", None)
    assert next(lazy).notes
    with pytest.raises(FormatError, match="line 7"):
        next(lazy)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(ends: str) -> None:
    assert names("c|d".replace("\n", ends), HEADER.replace("\n", ends)) == "C5 D5"


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ("T:Müller".encode(), "Müller"),
        ("T:Müller".encode("cp1252"), "Müller"),
        ("\ufeffX:1\nT:Müller".encode(), "Müller"),
        (b"T:M\\\"uller \\'e \\ss \\AE", "Müller é ß Æ"),
        (b"T:M&uuml;ller \\u00fc 100\\%", "Müller ü 100%"),
        ("T:Müller".encode("utf-16"), "Müller"),
    ],
)
def test_letters_of_every_spelling(data: bytes, title: str) -> None:
    if data.startswith(b"\xff\xfe"):
        data = "X:1\nT:Müller\nK:C\nc\n".encode("utf-16")
    elif b"X:1" not in data:
        data = b"X:1\n" + data
    data = data if data.startswith(b"\xff\xfe") else data + b"\nK:C\nc\n"
    assert next(read(data, "", None)).title == title


def test_a_tune_without_notes_is_empty() -> None:
    assert tune("").is_empty
    assert tune("", "X:1\nT:Nothing\nK:C\n").bars == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: the file holds no tune"),
        ("\x00\x01\x02", "line 1: the file holds no tune"),
        ("X:1\nT:No key\nabc\n", "line 1: the tune has no K: field"),
        ("X:1\nK:H\nc\n", "line 2: 'H' is no key"),
        ("X:1\nK:Gweird\nc\n", "line 2: 'Gweird' is no key that ABC knows"),
        ("X:1\nM:4/0\nK:C\nc\n", "line 2: '4/0' is no meter"),
        ("X:1\nM:waltz\nK:C\nc\n", "line 2: 'waltz' is no meter"),
        ("X:1\nL:0\nK:C\nc\n", "line 2: '0' is no note length"),
        ("X:1\nwords\nK:C\nc\n", "line 2: 'words' stands before K: and is no field"),
        ("X:1\nK:C\nc\nc999999\n", "line 4: the number 999999 is too large"),
        ("X:1\nK:C\n(0c\n", "line 3: (0:: is no tuplet"),
        ("X:1\nK:C\nc''''''''''''''\n", "line 3: the note c'''''''''''' lies outside of every octave"),
        ("X:1\nM:4/4\nK:C\nZ5000\n", "line 4: 5000 bars of rest are more than a tune has"),
        ("X:1\nK:C\n" + "c" * 20_001, "line 3: a voice of more than 20000 notes is no tune"),
        ("X:1\n%%canzona-record [1\nK:C\nc\n", "line 2: the line %%canzona-record is damaged"),
    ],
)
def test_bad_files_are_refused_with_line_and_reason(text: str, words: str) -> None:
    with pytest.raises(FormatError, match=re.escape(f"bad.abc, {words}")):
        list(read(text.encode(), "bad.abc", None))


def corpus_tunes(shared: Path, folder: str) -> list[tuple[str, Tune]]:
    """Text and Tune of each tune of a folder."""
    found = []
    for path in sorted((shared / "data" / "scores" / folder).glob("*.abc")):
        text = path.read_text(encoding="latin-1").replace("\r\n", "\n")
        texts = [block for block in re.split(r"(?m)^(?=X:)", text) if block.startswith("X:")]
        tunes = list(read(path.read_bytes(), str(path), None))
        assert len(texts) == len(tunes)
        found += zip(texts, tunes, strict=True)
    return found


def bars_counted(text: str) -> int:
    """Bars of a tune's text, counted without the reader: stretches with a note between bar signs."""
    lines = [
        line for line in text.split("K:", 1)[1].split("\n")[1:] if not re.match(r"[A-Za-z]:[^|:]|%", line)
    ]
    music = " ".join(re.sub(r'"[^"]*"|![^!]*!|\{[^}]*\}|%.*', "", line) for line in lines)
    stretches = re.split(r"[|:\]\[]*\|[|:\]]*|::|\[(?=\d)", music)
    return sum(re.search(r"[A-Ga-gz]", stretch) is not None for stretch in stretches)


@pytest.mark.parametrize(("folder", "tunes"), [("nottingham", 962), ("tuneworks", 60)])
def test_every_bar_of_the_collections_is_read(shared: Path, folder: str, tunes: int) -> None:
    found = corpus_tunes(shared, folder)
    assert len(found) == tunes
    wrong = {tune.source: (len(tune.bars), bars_counted(text)) for text, tune in found}
    assert {source: counts for source, counts in wrong.items() if counts[0] != counts[1]} == {}
