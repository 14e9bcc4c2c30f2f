"""Words and signs in ABC: lyrics under notes, decorations, grace notes, chord symbols, what U: defines."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Tune
from canzona.score.abc import read, write
from notation import abc, by_number, lengths, names, signs


def sung(body: str) -> list[str | None]:
    """The first verse's syllable of each note, None where there is none; rests left out."""
    return [by_number(note, "lyric").get(1) for note in abc(body).notes if not note.is_rest]


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data, "", None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one two three", ["one", "two", "three", None], id="words"),
        pytest.param("syll-a-ble", ["syll-", "a-", "ble", None], id="hyphens part syllables"),
        pytest.param("syll-a--ble", ["syll-", "a-", "-", "ble"], id="two hyphens hold a syllable"),
        pytest.param("syll-a -ble", ["syll-", "a", "-", "ble"], id="a hyphen apart holds one"),
        pytest.param("syll-a- -ble", ["syll-", "a-", "-", "ble"], id="a hyphen and one apart"),
        pytest.param("time__ gone", ["time", "_", "_", "gone"], id="underscores hold a word"),
        pytest.param("of~the~day now", ["of the day", "now", None, None], id="a tilde is a blank"),
        pytest.param("a * b", ["a", None, "b", None], id="a star is a note without"),
        pytest.param("*** end", [None, None, None, "end"], id="stars need no blanks"),
        pytest.param(r"twenty\-one now", ["twenty-one", "now", None, None], id="an escaped hyphen"),
        pytest.param("  many   blanks ", ["many", "blanks", None, None], id="blanks count once"),
        pytest.param("l'a- mour, toujours!", ["l'a-", "mour,", "toujours!", None], id="signs of speech"),
        pytest.param("Ży-ła ma-ła", ["Ży-", "ła", "ma-", "ła"], id="letters of other languages"),
        pytest.param("\\'e-t\\'e", ["é-", "té", None, None], id="letters spelled with a backslash"),
        pytest.param('1.~Oh "my"', ["1. Oh", '"my"', None, None], id="a verse number before the word"),
        pytest.param("one % two", ["one", None, None, None], id="a comment is not sung"),
        pytest.param("100\\% sure", ["100%", "sure", None, None], id="an escaped percent sign is"),
        pytest.param("", [None] * 4, id="nothing"),
    ],
)
def test_syllables_go_to_notes(text: str, expected: list[str | None]) -> None:
    assert sung(f"CDEF|\nw:{text}") == expected
    assert sung(f"CDEF|\nw: {text} ") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a b|c d|e", ["a", "b", "c", "d", "e", None], id="full bars"),
        pytest.param("a|c|e", ["a", None, "c", None, "e", None], id="the rest of a bar is left out"),
        pytest.param("a b c|e", ["a", "b", "c", None, "e", None], id="from the middle of the second"),
        pytest.param("a||e", ["a", None, None, None, "e", None], id="a bar that is left out"),
        pytest.param("a b||e", ["a", "b", None, None, "e", None], id="one after a full bar"),
        pytest.param("a b | | e f", ["a", "b", None, None, "e", "f"], id="with blanks between"),
        pytest.param("|a b|c", ["a", "b", "c", None, None, None], id="a sign before the first bar"),
        pytest.param("a-|b", ["a-", None, "b", None, None, None], id="a hyphen before the sign"),
        pytest.param("a_|b", ["a", "_", "b", None, None, None], id="a held note before it"),
    ],
)
def test_a_bar_sign_in_the_lyrics_goes_on_in_the_next_bar(text: str, expected: list[str | None]) -> None:
    assert sung(f"C2D2|E2F2|G2A2|\nw:{text}") == expected


def test_a_bar_of_rest_counts_as_a_bar_of_the_lyrics() -> None:
    assert sung("C2D2|z4|E2F2|\nw:a b||c d") == ["a", "b", "c", "d"]
    assert sung("C2D2|z4|E2F2|\nw:a b c d") == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("C z D E|\nw:a b c", ["a", "b", "c"], id="no syllable on a rest"),
        pytest.param("C x D E|\nw:a b c", ["a", "b", "c"], id="none on an unseen rest"),
        pytest.param("C y D E|\nw:a b c", ["a", "b", "c"], id="none on a spacer"),
        pytest.param("C {gf}D E|\nw:a b c", ["a", "b", "c"], id="none on grace notes"),
        pytest.param("[CE] [DF] G|\nw:a b c", ["a", "b", "c"], id="one on a chord"),
        pytest.param("(3CDE F|\nw:a b c d", ["a", "b", "c", "d"], id="one on each note of a tuplet"),
        pytest.param("C|D|E\nF|\nw:low", [None, None, None, "low"], id="the last line alone"),
        pytest.param("C D \\\nE F|\nw:a b c d", ["a", "b", "c", "d"], id="a line that goes on"),
        pytest.param("C D|\nw:a b\nE F|\nw:c d", ["a", "b", "c", "d"], id="line by line"),
        pytest.param("C D|\n% said\nw:a b", ["a", "b"], id="a comment between"),
        pytest.param("CD\nK:G\nEF\nw:c d", [None, None, "c", "d"], id="a field between lines"),
    ],
)
def test_what_takes_a_syllable(body: str, expected: list[str | None]) -> None:
    assert sung(body) == expected


def test_a_tie_takes_a_syllable_for_each_written_note() -> None:
    """ABC 2.1, 5.1: syllables go to written notes; the second of a tied pair holds the first's."""
    found = abc("C2- C2 | D4 |\nw: long_ short")
    assert [note.attachments for note in found.notes] == [
        (Attachment("lyric", "long"),), (Attachment("lyric", "short"),),
    ]  # fmt: skip
    found = abc("C2- C2 | D4 |\nw: a b c")
    assert found.notes[0].attachments == (Attachment("lyric", "a"), Attachment("lyric", "b", 1, F(2)))


def test_verses_are_numbered_by_their_lines() -> None:
    found = abc("C D|\nw:a b\nw:c d\nw:e f\nE F|\nw:g h\n")
    assert [by_number(note, "lyric") for note in found.notes] == [
        {1: "a", 2: "c", 3: "e"}, {1: "b", 2: "d", 3: "f"}, {1: "g"}, {1: "h"},
    ]  # fmt: skip


def test_a_verse_that_is_only_in_the_second_line_is_written_with_an_empty_first() -> None:
    found = abc("C D|\nw:\nw:c d\n")
    assert [by_number(note, "lyric") for note in found.notes] == [{2: "c"}, {2: "d"}]
    assert back(found).notes == found.notes


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("w:a b\n+:c d", ["a", "b", "c", "d"]),
        ("w:a\n+:b\n+:c\n+:d", ["a", "b", "c", "d"]),
        ("w:a-\n+:b c d", ["a-", "b", "c", "d"]),
        ("w:a|\n+:c d", ["a", None, "c", "d"]),
        ("w:a b % said\n+: c", ["a", "b", "c", None]),
    ],
)
def test_a_plus_field_goes_on_with_the_verse(fields: str, expected: list[str | None]) -> None:
    assert sung(f"CD|EF|\n{fields}") == expected
    assert abc(f"CD|EF|\n{fields}").losses == ()


def test_a_second_verse_may_go_on_too() -> None:
    found = abc("CDEF|\nw:a b\n+:c d\nw:e f\n+:g h")
    assert [by_number(note, "lyric") for note in found.notes] == [
        {1: "a", 2: "e"}, {1: "b", 2: "f"}, {1: "c", 2: "g"}, {1: "d", 2: "h"},
    ]  # fmt: skip


def test_too_many_syllables_are_said_and_the_others_kept() -> None:
    found = abc("C D|\nw:a b c d")
    assert signs(found, "lyric") == [["a"], ["b"]]
    assert found.losses == ("syllables beyond the last note of their line",)
    assert abc("C D|\nw:a b\n+:c").losses == ("syllables beyond the last note of their line",)


def test_words_after_the_tune_are_records() -> None:
    found = abc("C D|\nW:First verse\nW:Second verse")
    assert [value for key, value in found.records if key == "W"] == ["First verse", "Second verse"]
    assert back(found).records == found.records


LETTERS = {
    ".": ("articulation", "staccato"), "~": ("ornament", "roll"), "H": ("fermata", "fermata"),
    "L": ("articulation", "accent"), "M": ("ornament", "mordent"), "O": ("text", "coda"),
    "P": ("ornament", "inverted-mordent"), "S": ("text", "segno"), "T": ("ornament", "trill"),
    "u": ("articulation", "up-bow"), "v": ("articulation", "down-bow"),
}  # fmt: skip
"""The letters of ABC 2.1, section 4.14."""


@pytest.mark.parametrize("letter", LETTERS)
def test_the_letters_of_the_standard(letter: str) -> None:
    found = abc(f"C {letter}D E")
    assert [[(sign.kind, sign.text) for sign in note.attachments] for note in found.notes] == [
        [], [LETTERS[letter]], [],
    ]  # fmt: skip
    assert found.losses == ()
    assert back(found).notes == found.notes


NAMED = [
    ("trill", "ornament"), ("lowermordent", "ornament"), ("mordent", "ornament"),
    ("uppermordent", "ornament"),
    ("pralltriller", "ornament"), ("roll", "ornament"), ("turn", "ornament"), ("invertedturn", "ornament"),
    ("turnx", "ornament"), ("arpeggio", "ornament"), (">", "articulation"), ("accent", "articulation"),
    ("emphasis", "articulation"), ("fermata", "fermata"), ("invertedfermata", "fermata"),
    ("tenuto", "articulation"), ("0", "ornament"), ("5", "ornament"), ("+", "articulation"),
    ("plus", "articulation"), ("snap", "articulation"), ("slide", "ornament"), ("wedge", "articulation"),
    ("upbow", "articulation"), ("downbow", "articulation"), ("open", "articulation"),
    ("thumb", "articulation"), ("breath", "articulation"), ("pppp", "dynamic"), ("ppp", "dynamic"),
    ("pp", "dynamic"), ("p", "dynamic"), ("mp", "dynamic"), ("mf", "dynamic"), ("f", "dynamic"),
    ("ff", "dynamic"), ("fff", "dynamic"), ("ffff", "dynamic"), ("sfz", "dynamic"),
    ("crescendo(", "dynamic"), ("<(", "dynamic"), ("crescendo)", "dynamic"), ("<)", "dynamic"),
    ("diminuendo(", "dynamic"), (">(", "dynamic"), ("diminuendo)", "dynamic"), (">)", "dynamic"),
    ("segno", "text"), ("coda", "text"), ("D.S.", "text"), ("D.C.", "text"), ("dacoda", "text"),
    ("dacapo", "text"), ("fine", "text"), ("shortphrase", "ornament"), ("mediumphrase", "ornament"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), NAMED)
def test_every_decoration_of_the_standard_is_a_sign_and_is_written_again(name: str, kind: str) -> None:
    found = abc(f"C !{name}!D E")
    assert [[sign.kind for sign in note.attachments] for note in found.notes] == [[], [kind], []]
    assert found.losses == ()
    assert back(found).notes == found.notes


def test_a_wedge_closes_as_it_was_opened() -> None:
    for opening in ("<(", ">("):
        found = abc(f"!{opening}!CD!{opening[0]})!EF")
        text = write([found]).data.decode()
        name = "crescendo" if opening[0] == "<" else "diminuendo"
        assert f"!{name}(!" in text
        assert f"!{name})!" in text
        assert back(found).notes == found.notes


def test_signs_keep_their_order_at_a_note() -> None:
    found = abc('"Am"!trill!.~C "^high""_low"!p!!fermata!D')
    assert [[(sign.kind, sign.text) for sign in note.attachments] for note in found.notes] == [
        [("chord", "Am"), ("ornament", "trill"), ("articulation", "staccato"), ("ornament", "roll")],
        [("text", "high"), ("text", "low"), ("dynamic", "p"), ("fermata", "fermata")],
    ]
    assert back(found).notes == found.notes


@pytest.mark.parametrize("old", ["+trill+", "!trill!"])
def test_the_older_signs_around_a_name(old: str) -> None:
    assert signs(abc(f"C {old}D")) == [[], ["trill"]]


def test_an_exclamation_mark_alone_breaks_a_line_of_the_page() -> None:
    found = abc("CDEF|!\nGABc|]")
    assert names(found) == "C4 D4 E4 F4 G4 A4 B4 C5"
    assert found.losses == ()


@pytest.mark.parametrize(
    ("field", "used", "expected"),
    [
        pytest.param("T = !turn!", "T", ["turn"], id="another sign for a known letter"),
        pytest.param("n = !tenuto!", "n", ["tenuto"], id="a small letter"),
        pytest.param("~ = !invertedturn!", "~", ["inverted-turn"], id="the tilde"),
        pytest.param("W=+mordent+", "W", ["mordent"], id="the older signs around a name"),
        pytest.param("T = !nil!", "T", [], id="nil takes a sign away"),
        pytest.param("T = !none!", "T", [], id="so does none"),
        pytest.param("T = !nonesuch!", "T", ["nonesuch"], id="a name that begins like it does not"),
        pytest.param('p = "^+"', "p", ["+"], id="words above the note"),
        pytest.param('q = "_slowly, now"', "q", ["slowly, now"], id="words below it"),
        pytest.param('h = "Am7"', "h", ["Am7"], id="a chord symbol"),
    ],
)
def test_a_letter_means_what_its_field_says(field: str, used: str, expected: list[str]) -> None:
    for text in (f"U:{field}\n{used}C D", f"[U:{field}]{used}C D"):
        found = abc(text)
        assert signs(found) == [expected, []]
        assert found.losses == ()


def test_a_field_of_the_file_defines_letters_for_its_tunes() -> None:
    text = b"U:n=!tenuto!\n\nX:1\nK:C\nnC\n\nX:2\nU:n=!accent!\nK:C\nnC\n\nX:3\nK:C\nnC\n"
    assert [signs(tune)[0] for tune in read(text, "", None)] == [["tenuto"], ["accent"], ["tenuto"]]


@pytest.mark.parametrize(
    ("body", "graces"),
    [
        ("{g}C", [("G5", F(1, 2), False)]),
        ("{/g}C", [("G5", F(1, 2), True)]),
        ("{gag}C", [("G5", F(1, 2), False), ("A5", F(1, 2), False), ("G5", F(1, 2), False)]),
        ("{g2a}C", [("G5", F(1), False), ("A5", F(1, 2), False)]),
        ("{g/}C", [("G5", F(1, 4), False)]),
        ("{^g}C", [("G#5", F(1, 2), False)]),
        ("{g a}C", [("G5", F(1, 2), False), ("A5", F(1, 2), False)]),
        ("{g}{/a}C", [("G5", F(1, 2), False), ("A5", F(1, 2), True)]),
        ("{(3gab}C", [("G5", F(1, 2), False), ("A5", F(1, 2), False), ("B5", F(1, 2), False)]),
        ("{(ga)}C", [("G5", F(1, 2), False), ("A5", F(1, 2), False)]),
    ],
)
def test_grace_notes_take_no_time(body: str, graces: list[tuple[str, F, bool]]) -> None:
    found = abc(f"{body} D E F")
    assert [(str(grace.pitch), grace.value, grace.slashed) for grace in found.notes[0].graces] == graces
    assert lengths(found) == [1, 1, 1, 1]
    assert found.losses == ()
    assert signs(found) == [[], [], [], []]


@pytest.mark.parametrize(
    ("body", "quarters"),
    [
        ("C>{g}D", [F(3, 2), F(1, 2)]),
        ("{a}C<{g}D", [F(1, 2), F(3, 2)]),
        ("(3C{g}DE", [F(2, 3)] * 3),
        ("C-{g}C", [1, 1]),
        ("({g}C D)", [1, 1]),
    ],
)
def test_grace_notes_stand_aside_of_rhythm(body: str, quarters: list[F]) -> None:
    assert lengths(abc(body)) == quarters


def test_signs_on_a_grace_note_are_said_and_do_not_wander() -> None:
    for body in ("{.g}C", "{!trill!g}C", '{"Am"g}C', "{Tg}C"):
        found = abc(body)
        assert signs(found) == [[]], body
        assert found.losses == ("a sign on a grace note",), body


def test_an_accidental_on_a_grace_note_holds_to_the_bar() -> None:
    assert names(abc("{^f}g f|f")) == "G5 F#5 F5"
    assert [str(grace.pitch) for grace in abc("^f {f}g").notes[1].graces] == ["F#5"]


@pytest.mark.parametrize(
    "text", ["C", "Am7", "F#m7b5", "Bb/D", "N.C.", "C(9)", "G7sus4", "A♭maj7", "D-", "E°", "x y"]
)
def test_chord_symbols_are_kept_as_they_are(text: str) -> None:
    found = abc(f'"{text}"C D')
    assert found.notes[0].attachments == (Attachment("chord", text),)
    assert back(found).notes == found.notes


@pytest.mark.parametrize("place", "^_<>")
def test_words_have_their_place_taken_off(place: str) -> None:
    assert abc(f'"{place}slowly"C').notes[0].attachments == (Attachment("text", "slowly"),)


def test_words_may_name_a_point_on_the_page() -> None:
    assert abc('"@10,-20 here"C').notes[0].attachments == (Attachment("text", "here"),)
    assert abc('"@ -3.5, 4.25there"C').notes[0].attachments == (Attachment("text", "there"),)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("(CDE)", [["start"], [], ["stop"]], id="over three"),
        pytest.param("(C(D)E)", [["start"], ["stop", "start"], ["stop"]], id="two that meet"),
        pytest.param("((CD)E)", [["start", "start"], ["stop"], ["stop"]], id="two that begin together"),
        pytest.param("(C(DE))", [["start"], ["start"], ["stop", "stop"]], id="two that end together"),
        pytest.param(".(CD)", [["start"], ["stop"]], id="a dotted one"),
        pytest.param("(CD|E)", [["start"], [], ["stop"]], id="over a bar line"),
        pytest.param("(C\nD)", [["start"], ["stop"]], id="over a line end"),
        pytest.param("(3(CDE)", [["start"], [], ["stop"]], id="over a tuplet"),
        pytest.param("((3CDE)", [["start"], [], ["stop"]], id="before a tuplet's sign"),
        pytest.param("(C-C D)", [["start"], ["stop"]], id="over a tie"),
        pytest.param("([CE] [DF])", [["start"], ["stop"]], id="over chords"),
    ],
)
def test_slurs(body: str, expected: list[list[str]]) -> None:
    found = abc(body)
    assert signs(found, "slur") == expected
    assert back(found).notes == found.notes


@given(st.lists(st.integers(0, 5), max_size=8))
def test_slurs_over_any_notes_are_balanced_by_writing(places: list[int]) -> None:
    """Pairs of places as slurs, numbered as they open: what is written reads as the same slurs."""
    opened = "".join(f"{'(' * places.count(n)}{letter}" for n, letter in enumerate("CDEFGA"))
    found = abc(f"{opened} B{')' * len(places)}")
    starts = sum(sign.text == "start" for note in found.notes for sign in note.attachments)
    stops = sum(sign.text == "stop" for note in found.notes for sign in note.attachments)
    assert starts == stops == len(places)
    assert back(found).notes == found.notes


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)


@given(st.lists(st.one_of(st.none(), words), min_size=1, max_size=8))
def test_any_words_under_notes_survive(texts: list[str | None]) -> None:
    notes = tuple(
        Note(F(n), F(1), Pitch("G", F(0), 4), attachments=(Attachment("lyric", text),) if text else ())
        for n, text in enumerate(texts)
    )
    tune = Tune(
        notes,
        barlines=(Barline(F(4), 2),) if len(notes) > 4 else (),
        keys=((F(0), Key("C", 0, "major", ())),),
        meters=((F(0), Meter(4, 4)),),
    )
    written = write([tune])
    reread = next(read(written.data, "", None))
    plain = [text for text in texts if text and not text.endswith("-") and text not in ("_", "-")]
    assert written.losses == () or len(plain) < sum(text is not None for text in texts)
    if not written.losses:
        assert reread.notes == notes


@given(st.lists(st.sampled_from([F(1, 4), F(1, 2), F(1), F(2)]), min_size=1, max_size=4), st.booleans())
def test_any_grace_notes_survive(values: list[F], slashed: bool) -> None:
    graces = tuple(
        Grace(Pitch("DEFG"[n], F(n % 2), 5), value, slashed != bool(n % 3)) for n, value in enumerate(values)
    )
    tune = Tune((Note(F(0), F(4), Pitch("C", F(0), 5), graces=graces),), meters=((F(0), Meter(4, 4)),))
    assert back(tune).notes[0].graces == graces
