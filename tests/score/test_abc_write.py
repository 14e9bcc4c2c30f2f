"""Writing ABC: what stands in the file, and that everything comes back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError, UnsupportedError
from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Section, Tune
from canzona.score.abc import read, read_each, write
from canzona.score.tune import standard_signature
from pace import within
from strategies import plain_tunes, tunes

GOLDEN = Path(__file__).parent.parent / "golden" / "abc"
G = Key("G", 0, "major", standard_signature(1))


def line(*values: tuple[str, F | int | str]) -> tuple[Note, ...]:
    """Notes of (name, length): ('G4', 1), ('r', '1/2'); names as `Pitch` prints them."""
    notes: list[Note] = []
    now = F(0)
    for name, length in values:
        alter = F(name.count("#") - name.count("-"))
        pitch = None if name == "r" else Pitch(name[0], alter, int(name[-1]))
        notes.append(Note(now, F(length), pitch))
        now += F(length)
    return tuple(notes)


def body(tune: Tune) -> str:
    """The lines after K:."""
    return write([tune]).data.decode().split("\nK:", 1)[1].split("\n", 1)[1].rstrip("\n")


def reread(tune: Tune) -> Tune:
    return next(read(write([tune]).data, "", None))


def four_four(*values: tuple[str, F | int | str], bars: Sequence[int] = (), **changes: object) -> Tune:
    lines = tuple(Barline(F(onset), number) for number, onset in enumerate(bars, start=2))
    key = Key("C", 0, "major", ())
    found = Tune(notes=line(*values), barlines=lines, keys=((F(0), key),), meters=((F(0), Meter(4, 4)),))
    return found.replace(**changes)


def test_a_hymn_as_a_file_of_its_own() -> None:
    """Tallis's Canon (1567), first half, with what ABC has fields for."""
    words = ["Glo-", "ry", "to", "thee,", "my", "God,", "this", "night,"]
    names = ["G4", "G4", "F#4", "G4", "G4", "A4", "A4", "B4"]
    notes = [
        dataclasses.replace(note, attachments=(Attachment("lyric", word),))
        for note, word in zip(line(*[(name, 1) for name in names]), words, strict=True)
    ]
    notes[0] = dataclasses.replace(notes[0], phrase_start=True)
    notes[-1] = dataclasses.replace(notes[-1], phrase_end=True)
    hymn = Tune(
        notes=tuple(notes),
        barlines=(Barline(F(1), 1), Barline(F(5), 2), Barline(F(8), kind="double")),
        keys=((F(0), G),),
        meters=((F(0), Meter(4, 4, symbol="c")),),
        records=(("OTL", "Tallis's Canon"), ("COM", "Thomas Tallis"), ("YEM", "Public domain")),
        comments=("first half",),
        tempo=F(92),
        instrument="Voice",
        phrasing="marked",
        provenance='{"command":"convert"}',
    )
    written = write([hymn])
    assert written.losses == ()
    assert written.data == (GOLDEN / "tallis.abc").read_bytes()
    assert reread(hymn) == hymn
    assert reread(hymn).provenance == hymn.provenance


@pytest.mark.parametrize("name", ["kesh", "signs"])
def test_golden_files_are_written_as_they_are_read(name: str) -> None:
    data = (GOLDEN / f"{name}.abc").read_bytes()
    written = write(list(read(data, name, None)))
    assert written.data.decode() == data.decode()
    assert written.losses == ()


@pytest.mark.parametrize(
    ("values", "bars", "text"),
    [
        ([("C4", 1), ("D4", 1), ("E4", 2)], [], "C2 D2 E4"),
        ([("C4", "1/2")] * 8, [], "CCCC CCCC"),
        ([("C4", "1/2")] * 2 + [("C4", "1/4")] * 4 + [("C4", 2)], [], "C2C2 CCCC C8"),
        ([("C4", "1/3")] * 3 + [("C4", 3)], [], "(3CCC C6"),
        ([("C4", "2/3"), ("D4", "1/3"), ("E4", 3)], [], "(3:2:2C2D E6"),
        ([("C4", "1/5")] * 5 + [("C4", 3)], [], "(5:4:5CCCCC C12"),
        ([("C4", "5/2"), ("D4", "3/2")], [], "C4- C D3"),
        ([("C4", 3), ("D4", 2), ("E4", 3)], [4], "C6 D2- | D2 E6"),
        ([("F#4", 1), ("F#5", 1), ("F#4", 1), ("F4", 1), ("F4", 4)], [4], "^F ^f F =F | F4"),
        ([("C2", 1), ("C6", 1), ("B3", 1), ("r", 1)], [], "C,, c' B, z"),
        ([("C4", 8)], [], "C16"),
        ([("C4", "15/4"), ("D4", "1/4")], [], "C6- C3/2D/2"),
    ],
)
def test_lengths_tuplets_ties_and_beams(values: list[tuple[str, F]], bars: list[int], text: str) -> None:
    tune = four_four(*values, bars=bars)
    assert body(tune) == text
    assert reread(tune).notes == tune.notes


def test_compound_meters_beam_by_three() -> None:
    tune = four_four(*[("C4", "1/2")] * 6, meters=((F(0), Meter(6, 8)),))
    assert body(tune) == "CCC CCC"


def test_a_pickup_is_beamed_against_the_bar_line() -> None:
    tune = four_four(*[("C4", "1/2")] * 3, ("D4", 4), barlines=(Barline(F(3, 2), 1),))
    assert body(tune) == "CCC | D8"


def test_repeats_and_endings() -> None:
    tune = four_four(
        *[("C4", 4)] * 5,
        barlines=(
            Barline(F(0), 1, repeat="start"),
            Barline(F(4), 2, ending="1"),
            Barline(F(8), 3, repeat="end", ending="2"),
            Barline(F(12), 4, repeat="start"),
            Barline(F(16), 5, repeat="both"),
            Barline(F(20), kind="final", repeat="end"),
        ),
    )
    assert body(tune) == "|: C8 |1 C8 :|2 C8 |: C8 :|\n|: C8 :|]"
    assert reread(tune) == tune


def test_changes_stand_between_the_bars() -> None:
    tune = four_four(
        *[("F#4", 4)] * 2,
        ("F#4", 3),
        bars=[4, 8],
        keys=((F(0), Key("C", 0, "major", ())), (F(8), G)),
        meters=((F(0), Meter(4, 4)), (F(8), Meter(3, 4))),
        sections=(Section(F(0), "A"), Section(F(8), "B")),
    )
    assert body(tune) == "P:A\n^F8 | ^F8 | [P:B][M:3/4][K:G] F6"
    assert reread(tune) == tune


def test_graces_slurs_and_signs() -> None:
    grace = Grace(Pitch("A", F(0), 4))
    first, second = line(("G4", 2), ("A4", 2))
    first = dataclasses.replace(
        first,
        graces=(grace, dataclasses.replace(grace, slashed=False)),
        attachments=(
            Attachment("chord", "G"),
            Attachment("chord", "D7", 1, F(1)),
            Attachment("slur", "start"),
        ),
    )
    second = dataclasses.replace(
        second, attachments=(Attachment("ornament", "trill"), Attachment("slur", "stop"))
    )
    tune = four_four(("C4", 4), notes=(first, second))
    assert body(tune) == '({/A}{A}"G"G2- "D7"G2 !trill!A4)'
    assert reread(tune).notes[1] == second


def test_lyrics_under_ties_and_for_several_verses() -> None:
    notes = line(("G4", 6), ("A4", 1), ("B4", 1))
    texts = [{1: "Sun-", 2: "Moon"}, {1: "day"}, {2: "a_b*c|d~e-f g"}]
    sung = tuple(
        dataclasses.replace(
            note, attachments=tuple(Attachment("lyric", text, verse) for verse, text in found.items())
        )
        for note, found in zip(notes, texts, strict=True)
    )
    tune = four_four(("C4", 4), notes=sung, barlines=(Barline(F(0), 1, "", "invisible"), Barline(F(4), 2)))
    assert body(tune).split("\n") == [
        "G8- | G4 A2 B2",
        "w: Sun-_ day",
        r"w: Moon _ * a\u005fb\u002ac\u007cd\u007ee\-f~g",
    ]
    assert reread(tune) == tune


def test_phrases_are_lines_and_exceptions_are_said() -> None:
    notes = list(line(*[("C4", 1)] * 8))
    flags = {0: (True, False), 1: (False, True), 2: (True, False), 5: (False, True), 7: (False, False)}
    for place, (start, end) in flags.items():
        notes[place] = dataclasses.replace(notes[place], phrase_start=start, phrase_end=end)
    tune = four_four(("C4", 4), notes=tuple(notes), phrasing="marked")
    assert body(tune).split("\n")[:3] == ["C C", "C C C C", "[r:no phrase begins] C C[r:no phrase ends]"]
    assert reread(tune).notes == tune.notes


def test_bar_numbers_of_their_own() -> None:
    lines = (Barline(F(0), 7), Barline(F(4), 12, "a"), Barline(F(8), 0), Barline(F(12), 13))
    tune = four_four(*[("C4", 4)] * 4, barlines=lines)
    assert body(tune) == "| [I:setbarnb 7]C8 | [I:setbarnb 12a] C8 | [I:setbarnb 0] C8 | C8"
    assert reread(tune) == tune


@pytest.mark.parametrize(
    "lines",
    [
        (Barline(F(4)), Barline(F(8))),
        (Barline(F(4), 2), Barline(F(8), 3)),
        (Barline(F(0), 1, kind="invisible"), Barline(F(4), 2)),
        (Barline(F(0)), Barline(F(4))),
        (Barline(F(0), 0, kind="invisible"), Barline(F(4))),
        (Barline(F(0), 1), Barline(F(4), 2), Barline(F(12), kind="final")),
    ],
)
def test_bar_lines_with_and_without_numbers(lines: tuple[Barline, ...]) -> None:
    tune = four_four(*[("C4", 4)] * 3, barlines=lines)
    assert write([tune]).losses == ()
    assert reread(tune) == tune


@pytest.mark.parametrize(
    "keys",
    [
        (),
        ((F(0), Key("", 0, "", ())),),
        ((F(0), Key("", 0, "", standard_signature(3))),),
        ((F(0), Key("G", 0, "major")),),
        ((F(0), Key("G", 0, "")),),
        ((F(0), Key("A", 0, "minor", (("G", F(1)),))),),
        ((F(0), Key("B", -1, "major", (("B", F(-1)),))),),
        ((F(0), Key("D", 0, "dorian", (("B", F(-1, 2)),))),),
        ((F(4), G),),
    ],
)
def test_keys_of_every_kind(keys: tuple[tuple[F, Key], ...]) -> None:
    tune = four_four(*[("C4", 4)] * 2, bars=[4], keys=keys)
    expected = () if keys != ((F(0), Key("G", 0, "")),) else ("keys",)
    assert write([tune]).losses == expected


def test_a_mode_that_abc_lacks_is_a_loss_and_its_pitches_are_not() -> None:
    hijaz = Key("A", 0, "hijaz", (("B", F(-1)), ("C", F(1))))
    tune = four_four(("B-4", 4), keys=((F(0), hijaz),))
    assert write([tune]).losses == ("keys",)
    assert reread(tune).notes == tune.notes


def test_records_that_abc_has_no_field_for() -> None:
    records = (
        ("COM", "first"),
        ("OTL", "100% \\ & more"),
        ("OTL", "second title"),
        ("OTA", "also"),
        ("SCT", "17"),
        ("YOR", " blanks "),
        ("ONB", "two\nlines"),
        ("ONB", ""),
    )
    tune = four_four(("C4", 4), records=records, comments=("", " x ", "%y", "two\nlines"))
    assert write([tune]).losses == ()
    assert reread(tune) == tune


def test_orders_of_sections() -> None:
    orders = (("", ("A", "B", "A")), ("norep", ("A", "B")), ("long", ("A1", "B")))
    tune = four_four(("C4", 4), expansions=orders)
    assert "\nP:ABA\n" in write([tune]).data.decode()
    assert reread(tune) == tune


@pytest.mark.parametrize("tempo", [F(120), F(241, 2), F(90, 4)])
def test_tempos_without_loss(tempo: F) -> None:
    assert reread(four_four(("C4", 4), tempo=tempo)).tempo == tempo


def test_what_abc_cannot_hold_is_said() -> None:
    dolce = dataclasses.replace(line(("C4", 4))[0], attachments=(Attachment("dynamic", "sotto voce"),))
    tune = four_four(
        ("C4", 4), notes=(dolce,), tempo=F(1000, 7), meters=((F(0), Meter(0, 1, symbol="FREI4/4")),)
    )
    assert set(write([tune]).losses) == {"meters", "the exact tempo", "dynamics", "directions in words"}
    assert '"^sotto voce"' in body(tune)


def test_a_rest_over_a_bar_line_is_written_as_two() -> None:
    tune = four_four(("C4", 3), ("r", 2), ("C4", 3), bars=[4])
    assert body(tune) == "C6 z2 | z2 C6"
    assert write([tune]).losses == ("how rests are divided",)


def test_losses_of_several_tunes_name_the_tune() -> None:
    good = four_four(("C4", 4), records=(("OTL", "Good"),))
    bad = four_four(("C4", 4), records=(("OTL", "Odd"),), tempo=F(1000, 7))
    assert write([good, bad]).losses == ("Odd: the exact tempo",)


def test_a_tune_that_abc_cannot_hold_at_all() -> None:
    with pytest.raises(
        UnsupportedError, match="ABC cannot hold the tune '': a voice of more than 20000 notes"
    ):
        write([four_four(*[("C4", "1/4")] * 20_001)])


def test_no_tunes_make_an_empty_file() -> None:
    assert write([]).data == b"%abc-2.1\n"


@pytest.mark.parametrize("folder", ["nottingham", "tuneworks"])
def test_the_collections_come_back_as_they_are(shared: Path, folder: str) -> None:
    for path in sorted((shared / "data" / "scores" / folder).glob("*.abc")):
        found = list(read(path.read_bytes(), str(path), None))
        written = write(found)
        assert written.losses == ()
        if folder == "tuneworks":
            assert list(read(written.data, "", None)) == found


def test_a_tempo_at_the_first_note_is_not_that_of_the_tune() -> None:
    """Where the tune has none it is written in words; a later one, or one beside the tune's, as a number."""

    def note(onset: int, tempo: str) -> Note:
        return Note(F(onset), F(1), Pitch("C", F(0), 5), attachments=(Attachment("tempo", tempo),))

    for own in (None, F(120)):
        tune = Tune((note(0, "96"), note(1, "80")), tempo=own)
        written = write([tune])
        assert written.losses == () and list(read(written.data, "", None)) == [tune]
        assert (b'[Q:"96"]' in written.data) == (own is None) and b"[Q:1/4=80]" in written.data


@settings(max_examples=150)
@given(st.lists(tunes(), min_size=1, max_size=2))
def test_any_tune_survives_or_says_what_it_lost(found: list[Tune]) -> None:
    written = write(found)
    back = list(read(written.data, "", None))
    assert (back == found) == (not written.losses)
    kinds = {loss.rpartition(": ")[2] for loss in written.losses}
    assert kinds <= {"how rests are divided", "phrase marks", "the order of signs at a note"}
    for tune, other in zip(found, back, strict=True):
        assert other.duration == tune.duration
        assert [n for n in map(_sounding, other.notes) if n] == [n for n in map(_sounding, tune.notes) if n]


def _sounding(note: Note) -> tuple[F, F, Pitch] | None:
    return (note.onset, note.duration, note.pitch) if note.pitch is not None else None


@settings(max_examples=60)
@given(plain_tunes())
def test_plain_tunes_lose_nothing_but_the_division_of_rests(tune: Tune) -> None:
    assert set(write([tune]).losses) <= {"how rests are divided"}


abc_signs = st.lists(
    st.sampled_from(
        [
            "c",
            "^d",
            "_E,",
            "z",
            "Z3",
            "x2",
            "2",
            "/",
            "|",
            ":|",
            "|:",
            "[1",
            "[",
            "]",
            "(3",
            "(",
            ")",
            "-",
            ">",
            "{",
            "}",
            "{/",
            '"',
            '"Am"',
            '"^x"',
            "!",
            "!trill!",
            "&",
            "\\",
            "\n",
            "%",
            "%%",
            "w:",
            "V:2\n",
            "[V:1]",
            "K:G\n",
            "[K:D]",
            "M:3/4\n",
            "[M:",
            "L:1/4\n",
            "Q:90\n",
            "P:A\n",
            "X:2\n",
            "\n\n",
            "U:",
            "m:",
            "+:",
            "~",
            "[r:x]",
            "[I:setbarnb 3]",
            "%%canzona-phrases marked\n",
            "%%canzona-order [1]\n",
            "\x00",
            "é",
            "&eacute;",
        ]
    ),
    max_size=60,
).map("".join)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), abc_signs.map(lambda text: ("X:1\nK:C\n" + text).encode())))
@example(b"X:1\nK:C\n(3")
def test_any_bytes_give_tunes_or_errors_with_file_and_line(data: bytes) -> None:
    for found in read_each(data, "any.abc"):
        if isinstance(found, CanzonaError):
            assert str(found).startswith("any.abc, line ")
        else:
            assert write([found]).losses == () or found.notes


HEAD = b"X:1\nK:C\n"


@pytest.mark.parametrize(
    "unit",
    [
        b"c",
        b"|",
        b"(",
        b"((c))",
        b"[",
        b"[K:",
        b"[K:C]",
        b'"',
        b'"a"c',
        b"!",
        b"{c",
        b"(7:1:1c(11:1:1c(13:1:1c",
        b"c-",
        b"c>",
        b"Z99|",
        b"\\",
        b"%",
        b"\n",
        b"c\nw:a\n",
        b"X:1\n",
        b"+:a\n",
        b"&",
        b"m:a=b\n",
        b"'",
        b"1",
        b":",
        b"K:C\n",
        b"Q:1/4=\n",
        b"[1,",
        b"\xff",
        b"\x00",
    ],
)
@pytest.mark.parametrize("head", [HEAD, b"", HEAD + b"c\nw:"], ids=["body", "bare", "lyrics"])
def test_a_megabyte_of_anything_is_read_within_a_second(head: bytes, unit: bytes) -> None:
    data = head + unit * ((1_000_000 - len(head)) // len(unit))
    with within(1.5):
        for _ in read_each(data, "long.abc"):
            pass
