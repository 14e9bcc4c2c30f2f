"""Tables of several spines: verses, chord symbols, dynamics, voices that divide, words in layout comments."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import PolyphonyError
from canzona.score import Attachment, Note, Pitch, Tune
from canzona.score.kern import read, write
from notation import by_number, kern, lengths, names, signs


def table(*rows: str) -> str:
    """Rows with blanks for tabulators, from the names of the spines to their ends."""
    width = len(rows[0].split())
    cells = [row.split() for row in rows] + [["*-"] * width]
    return "\n".join("\t".join(row) for row in cells) + "\n"


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data))


ODE = table(
    "**kern **text **text", "*M4/4 * *", "=1 =1 =1", "4e Freu- Dei-", "4e -de -ne", "4f schö- Zau-",
    "4g -ner -ber",
    "=2 =2 =2", "4g Göt- bin-", "4f -ter- -den", "4e -fun- wie-", "4d -ken, -der,", "== == ==",
)  # fmt: skip
"""Beethoven's melody to Schiller's words (1824), first line, with a second verse."""


def test_two_verses_are_numbered_from_left_to_right() -> None:
    found = kern(ODE)
    assert names(found) == "E4 E4 F4 G4 G4 F4 E4 D4"
    first = [by_number(note, "lyric")[1] for note in found.notes]
    second = [by_number(note, "lyric")[2] for note in found.notes]
    assert first == ["Freu-", "de", "schö-", "ner", "Göt-", "ter-", "fun-", "ken,"]
    assert second == ["Dei-", "ne", "Zau-", "ber", "bin-", "den", "wie-", "der,"]
    assert found.losses == ()
    assert back(found) == found


@pytest.mark.parametrize("name", ["**text", "**silbe", "**lyrics", "**lyric"])
def test_every_name_of_a_spine_of_words(name: str) -> None:
    found = kern(table(f"**kern {name}", "4c la", "4d ."))
    assert signs(found, "lyric") == [["la"], []]


@pytest.mark.parametrize("name", ["**mxhm", "**harm", "**chord", "**chords", "**harte", "**jazz"])
def test_every_name_of_a_spine_of_chords(name: str) -> None:
    found = kern(table(f"**kern {name}", "4c Am", "4d .", "4e G7"))
    assert signs(found, "chord") == [["Am"], [], ["G7"]]


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("C major", "C"), ("A minor", "Am"), ("G dominant", "G7"), ("D minor-seventh", "Dm7"),
        ("F major-seventh", "Fmaj7"), ("B- major", "Bb"), ("F# diminished", "F#dim"),
        ("E- augmented", "Ebaug"),
        ("B half-diminished", "Bm7b5"), ("C major/E", "C/E"), ("A- minor/E-", "Abm/Eb"),
        ("C suspended-fourth", "Csus4"), ("C power", "C5"), ("C nonesuch", "C nonesuch"), ("none", "none"),
    ],
)  # fmt: skip
def test_chords_of_musicxml_are_read_as_symbols(written: str, symbol: str) -> None:
    found = kern(f"**kern\t**mxhm\n4c\t{written}\n*-\t*-\n")
    assert signs(found, "chord") == [[symbol]]


def test_a_token_of_dynamics_may_hold_several() -> None:
    found = kern("**kern\t**dynam\n4c\tp <\n4d\t[\n4e\tff sfz\n*-\t*-\n")
    assert signs(found, "dynamic") == [["p", "<"], ["["], ["ff", "sfz"]]
    assert back(found) == found


def test_spines_that_a_tune_cannot_hold_are_named() -> None:
    found = kern(table("**kern **fing **cdata **fing", "4c 1 x 2", "4d 2 y 3"))
    assert found.losses == ("spine '**cdata'", "spine '**fing', 2 times")
    assert signs(found) == [[], []]


def test_words_to_the_left_of_the_only_voice_are_its_own() -> None:
    found = kern(table("**text **kern", "la 4c", "le 4d"))
    assert signs(found, "lyric") == [["la"], ["le"]]


DUET = table(
    "**kern **text **kern **text **dynam", '*I"Low * *I"High * *', "4C lo 4cc hi p", "4D -west 4dd -gher .",
)  # fmt: skip


@pytest.mark.parametrize(
    ("track", "pitches", "words"),
    [
        ("1", "C3 D3", [["lo"], ["west"]]),
        ("2", "C5 D5", [["hi", "p"], ["gher"]]),
        ("low", "C3 D3", [["lo"], ["west"]]),
    ],
)
def test_words_belong_to_the_voice_on_their_left(track: str, pitches: str, words: list[list[str]]) -> None:
    found = kern(DUET, track=track)
    assert names(found) == pitches
    assert signs(found) == words


def test_a_chosen_voice_names_its_instrument() -> None:
    assert kern(DUET, track="2").instrument == "High"
    with pytest.raises(PolyphonyError, match=r"2 voices \(1 Low, 2 High\)"):
        kern(DUET)


def test_two_voices_of_one_name_are_told_apart_by_number() -> None:
    text = table("**kern **kern", '*I"Violin *I"Violin', "4c 4e")
    assert names(kern(text, track="Violin")) == "C4"
    assert names(kern(text, track="2")) == "E4"


def test_a_voice_whose_name_is_a_number_is_chosen_by_place_first() -> None:
    text = table("**kern **kern", '*I"2 *I"1', "4c 4e")
    assert names(kern(text, track="1")) == "C4"
    assert names(kern(text, track="2")) == "E4"


@pytest.mark.parametrize(
    ("rows", "pitches", "lost"),
    [
        pytest.param(["4c", "*^", "4e 4c", "4f 4d", "*v *v", "4g"], "C4 E4 F4 G4", 2, id="a bar"),
        pytest.param(["*^", "4e 4c", "*v *v"], "E4", 1, id="from the beginning"),
        pytest.param(["4c", "*^", "2e 4c", ". 4d", "*v *v", "4g"], "C4 E4 G4", 2, id="the lower moves"),
        pytest.param(["4c", "*^", "4e 2c", "4f .", "*v *v", "4g"], "C4 E4 F4 G4", 1, id="the upper moves"),
        pytest.param(["*^", "*^ *", "4g 4e 4c", "*v *v *v", "4d"], "G4 D4", 2, id="into three"),
        pytest.param(["*^", "4e 4c", "*v *v", "*^", "4f 4d", "*v *v"], "E4 F4", 2, id="twice"),
        pytest.param(["*^", "4e 4c", "*- *", "4f"], "E4 F4", 1, id="the upper line ends"),
        pytest.param(["*^", "4e 4c", "* *-", "4f"], "E4 F4", 1, id="the lower line ends"),
        pytest.param(["*^", "=2 =2", "4e 4r", "*v *v", "4d"], "E4 D4", 1, id="a bar line in both"),
        pytest.param(["*^", "8qf .", "4e 4c", "*v *v"], "E4", 1, id="a grace note above"),
    ],
)
def test_of_a_voice_that_divides_the_upper_line_is_read(rows: list[str], pitches: str, lost: int) -> None:
    found = kern("\n".join(["**kern", *(row.replace(" ", "\t") for row in rows), "*-"]))
    assert names(found) == pitches
    times = f", {lost} times" if lost > 1 else ""
    assert found.losses == (f"token of a lower line where the voice divides{times}",)
    ends = [note.end for note in found.notes]
    assert [note.onset for note in found.notes] == [0, *ends[:-1]]


def test_a_divided_voice_keeps_its_words_and_bars() -> None:
    found = kern(
        "**kern\t**text\n4c\tla\n=2\t=2\n*^\t*\n4e\t4c\tle\n=3\t=3\t=3\n4f\t4d\tlu\n*v\t*v\t*\n4g\tlo\n*-\t*-\n"
    )
    assert names(found) == "C4 E4 F4 G4"
    assert signs(found, "lyric") == [["la"], ["le"], ["lu"], ["lo"]]
    assert [line.number for line in found.barlines] == [2, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("**kern\t**text\n4c\tla\n*x\t*x\nle\t4d\n*-\t*-\n", [["la"], ["le"]], id="an exchange"),
        pytest.param("**kern\n4c\n*+\n*\t**text\n4d\tle\n*-\t*-\n", [[], ["le"]], id="one comes later"),
        pytest.param("**kern\t**text\n4c\tla\n*\t*-\n4d\n*-\n", [["la"], []], id="one ends earlier"),
        pytest.param(
            "**kern\t**text\n4c\tla\n*\t*^\n4d\tle\tlu\n*\t*v\t*v\n4e\tlo\n*-\t*-\n",
            [["la"], ["le"], ["lo"]], id="the words divide",
        ),
    ],
)  # fmt: skip
def test_columns_move_and_words_go_with_them(text: str, expected: list[list[str]]) -> None:
    assert signs(kern(text), "lyric") == expected


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        pytest.param(
            "**recip\t**kern\t**mxhm\n4\t1c\tC\n4\t.\tG\n2\t.\tF\n1\t1d\tC\n*-\t*-\t*-\n",
            [[("C", 0), ("G", 1), ("F", 2)], [("C", 0)]], id="a recip spine counts the rows",
        ),
        pytest.param(
            "**kern\t**mxhm\t**kern\n1c\tC\t4e\n.\tG\t4f\n.\tF\t2g\n*-\t*-\t*-\n",
            [[("C", 0), ("G", 1), ("F", 2)]], id="another voice does",
        ),
        pytest.param(
            "**recip\t**kern\t**mxhm\n6\t3c\tC\n6\t.\tG\n3\t3d\tF\n*-\t*-\t*-\n",
            [[("C", 0), ("G", F(2, 3))], [("F", 0)]], id="in triplets",
        ),
        pytest.param(
            "**recip\t**kern\t**mxhm\n4\t[4c\tC\n4\t4c]\tG\n*-\t*-\t*-\n",
            [[("C", 0), ("G", 1)]], id="under a tie",
        ),
    ],
)  # fmt: skip
def test_a_chord_within_a_note_has_its_moment(text: str, moments: list[list[tuple[str, F]]]) -> None:
    found = kern(text, track="1")
    chords = [
        [(sign.text, sign.offset) for sign in note.attachments if sign.kind == "chord"]
        for note in found.notes
    ]
    assert chords == moments
    assert back(found) == found


def test_a_moment_that_nothing_counts_is_that_of_the_note_before_and_said() -> None:
    found = kern(table("**kern **text", "1c la", ". le", "1d lu"))
    assert [(s.text, s.offset) for s in found.notes[0].attachments] == [("la", 0), ("le", 0)]
    assert found.losses == ("moment of a lyric within a note",)


def test_such_a_moment_is_not_that_of_an_earlier_note_that_has_a_word() -> None:
    found = kern(table("**kern **text", "1c la", "1d .", ". le", "1e lu"))
    assert signs(found, "lyric") == [["la"], ["le"], ["lu"]]
    early = kern(table("**kern **text", ". la", "1c .", "1d le"))
    assert signs(early, "lyric") == [["la"], ["le"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!LO:TX:t=dolce", ("text", "dolce")),
        ("!LO:TX:a:t=sehr ruhig", ("text", "sehr ruhig")),
        ("!LO:TX:b:i:t=cresc.:fs=8", ("text", "cresc.")),
        ("!LO:TX:t=a&colon;b", ("text", "a:b")),
        ("!LO:TX:tempo:t=Allegro", ("tempo", "Allegro")),
        ("!LO:TX:omd:t=Andante", ("tempo", "Andante")),
    ],
)
def test_words_in_layout_comments_stand_at_the_next_note(text: str, expected: tuple[str, str]) -> None:
    found = kern(f"4c\n=2\n{text}\n4d\n4e")
    assert [[(sign.kind, sign.text) for sign in note.attachments] for note in found.notes] == [
        [],
        [expected],
        [],
    ]
    assert found.losses == ()
    assert back(found).notes == found.notes


@pytest.mark.parametrize(
    "text", ["!LO:N:smx", "!LO:TX:a", "!LO:SL:b", "!LO:TX:problem=x:t=y", "!LO:SIGN:kind=x:t=y"]
)
def test_other_layout_is_said(text: str) -> None:
    found = kern(f"4c\n{text}\n4d")
    assert signs(found) == [[], []]
    assert found.losses == (f"layout '{text[1:].split(':')[0]}:{text.split(':')[1]}'",)


def test_layout_after_the_last_note_hangs_on_it_and_its_moment_is_said() -> None:
    found = kern("4c\n4d\n!LO:TX:t=Fine\n==")
    assert signs(found) == [[], ["Fine"]]
    assert found.losses == ("moment of a text within a note",)


def test_local_comments_are_comments_and_keep_their_order() -> None:
    found = kern(
        "**kern\t**text\n!! one\t!! tabs stay\n4c\tla\n!two\t!\n4d\tle\n!! three\n*-\t*-\n", "!! zero\n"
    )
    assert found.comments == ("zero", "one\t!! tabs stay", "two", "three")


def test_a_comment_in_another_spine_is_said() -> None:
    found = kern("**kern\t**text\n4c\tla\n!\t!beside\n*\t*lang:DE\n4d\tle\n*-\t*-\n")
    assert found.losses == ("'!beside' beside the notes", "'*lang:DE' beside the notes")


@pytest.mark.parametrize(
    "syllable", ["*", "!", "=", "-", ".", "..", "*-", "**kern", "=1", "!!", "-la", " la ", "l\ta", "Ü-"]
)
def test_syllables_that_look_like_signs_survive(syllable: str) -> None:
    note = Note(F(0), F(1), Pitch("C", F(0), 4), attachments=(Attachment("lyric", syllable),))
    tune = Tune((note, Note(F(1), F(1), Pitch("D", F(0), 4))), phrasing="none")
    assert write([tune]).losses == ()
    assert back(tune) == tune


def test_a_verse_that_begins_late_keeps_its_number() -> None:
    notes = tuple(
        Note(F(n), F(1), Pitch("C", F(0), 4), attachments=(Attachment("lyric", "la", verse),))
        for n, verse in enumerate((3, 1, 3))
    )
    tune = Tune(notes, phrasing="none")
    assert back(tune) == tune
    assert write([tune]).data.decode().splitlines()[1] == "**kern\t**text\t**text\t**text"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([F(1), F(1, 2), F(2), F(1, 3)]),
            st.sampled_from(["", "la", "Hal-", "_"]), st.sampled_from(["", "C", "Am"]),
            st.sampled_from(["", "p", "ff"]), st.booleans(),
        ),
        min_size=1, max_size=10,
    )
)  # fmt: skip
def test_any_words_chords_and_dynamics_survive_side_by_side(
    rows: list[tuple[F, str, str, str, bool]],
) -> None:
    notes, now = [], F(0)
    for length, word, chord, dynamic, late in rows:
        marks = [Attachment("dynamic", dynamic)] if dynamic else []
        marks += [Attachment("chord", chord, 1, length / 2 if late else F(0))] if chord else []
        marks += [Attachment("lyric", word)] if word else []
        notes.append(Note(now, length, Pitch("G", F(0), 4), attachments=tuple(marks)))
        now += length
    tune = Tune(tuple(notes), phrasing="none")
    again = back(tune)
    assert lengths(again) == lengths(tune)
    for kind in ("lyric", "chord", "dynamic"):
        ours, theirs = (
            [[s for s in n.attachments if s.kind == kind] for n in t.notes] for t in (tune, again)
        )
        assert ours == theirs
