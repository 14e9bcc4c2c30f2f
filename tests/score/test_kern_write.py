"""Writing Humdrum **kern: one canonical spelling that reads back as the same tune."""

import dataclasses
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import UnsupportedError
from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Section, Tune
from canzona.score.kern import read, write
from canzona.score.kern_rows import recip
from canzona.score.tune import standard_signature
from strategies import tunes, words

C4 = Pitch("C", F(0), 4)
GOLDEN = Path(__file__).parent.parent / "golden" / "kern"


def line(*parts: tuple[str, F | int]) -> tuple[Note, ...]:
    """Notes from (name, quarters): 'g' is G4, 'gg' G5, 'r' a rest; '#' and '-' alter."""
    notes = []
    now = F(0)
    for name, quarters in parts:
        pitch = None
        if name != "r":
            letters = name.rstrip("#-")
            octave = 3 + len(letters) if letters.islower() else 4 - len(letters)
            pitch = Pitch(letters[0].upper(), F(name.count("#") - name.count("-")), octave)
        notes.append(Note(now, F(quarters), pitch))
        now += quarters
    return tuple(notes)


def rows(tune: Tune) -> list[str]:
    """The lines between **kern and *- of a written tune, without its clef."""
    lines = write([tune]).data.decode().splitlines()
    table = lines[lines.index("**kern") + 1 : lines.index("*-")]
    return [row for row in table if not row.startswith("*clef")]


def reread(tune: Tune) -> Tune:
    return next(read(write([tune]).data))


def ah_vous_dirai_je() -> Tune:
    """'Ah! vous dirai-je, maman' (Paris, 1761), with its words, a grace, a fermata and chords."""
    notes = line(
        ("g", 1), ("g", 1), ("dd", 1), ("dd", 1), ("ee", 1), ("ee", 1), ("dd", 2),
        ("cc", 1), ("cc", 1), ("b", F(3, 2)), ("cc", F(1, 2)), ("a", F(2, 3)), ("b", F(2, 3)),
        ("a", F(2, 3)), ("g", 4),
    )  # fmt: skip
    syllables = ["Ah!", "vous", "di-", "rai-", "je", "ma-", "man"]
    syllables += ["ce", "qui", "cau-", "se", "mon", ".", "tour-", "ment"]
    marked = [
        dataclasses.replace(
            note,
            phrase_start=place in (0, 7),
            phrase_end=place in (6, 14),
            attachments=(Attachment("lyric", text),) if text != "." else (),
        )
        for place, (note, text) in enumerate(zip(notes, syllables, strict=True))
    ]
    fermata = Attachment("fermata", "fermata")
    chords = (Attachment("chord", "G"), Attachment("chord", "D7", 1, F(1)))
    marked[6] = dataclasses.replace(marked[6], attachments=(*marked[6].attachments, *chords))
    marked[9] = dataclasses.replace(marked[9], graces=(Grace(Pitch("C", F(1), 5)),))
    marked[-1] = dataclasses.replace(marked[-1], attachments=(fermata, *marked[-1].attachments))
    return Tune(
        notes=tuple(marked),
        barlines=(
            Barline(F(0), 1), Barline(F(4), 2), Barline(F(8), 3, repeat="both"), Barline(F(12),
            4, ending="1"),
            Barline(F(14), 5, ending="2"), Barline(F(18), kind="final"),
        ),
        keys=((F(0), Key("G", 0, "major", standard_signature(1))),),
        meters=((F(0), Meter(2, 2, symbol="c|")), (F(8), Meter(4, 4))),
        sections=(Section(F(0), "A"),),
        expansions=(("", ("A", "A")),),
        records=(("OTL", "Ah! vous dirai-je, maman"), ("ARE", "Europa, France")),
        comments=("Les Amusements d'une heure et demy",),
        tempo=F(100),
        instrument="vox",
        phrasing="marked",
        provenance='{"command":"convert","version":"0"}',
    )  # fmt: skip


def test_the_golden_file() -> None:
    written = write([ah_vous_dirai_je()])
    assert written.data.decode() == (GOLDEN / "ah_vous_dirai_je.krn").read_text(encoding="utf-8")
    assert written.losses == ()
    back = next(read(written.data))
    assert back == ah_vous_dirai_je()
    assert back.provenance == ah_vous_dirai_je().provenance


@given(tunes())
def test_every_tune_survives(tune: Tune) -> None:
    written = write([tune])
    back = next(read(written.data))
    assert set(written.losses) <= {"the order of signs at a note"}
    if not written.losses:
        assert back == tune
    assert write([back]).data == written.data


@given(st.fractions(min_value=F(1, 48), max_value=20, max_denominator=48))
def test_any_length_survives_as_tied_values(length: F) -> None:
    for name in ("c", "r"):
        tune = Tune(line(("d", 1), (name, length), ("e", 1)), phrasing="none")
        assert reread(tune) == tune


@given(st.lists(st.tuples(words, words)), st.lists(st.text(max_size=20)), st.text(min_size=1))
def test_any_text_survives(records: list[tuple[str, str]], comments: list[str], syllable: str) -> None:
    note = Note(F(0), F(1), C4, attachments=(Attachment("lyric", syllable), Attachment("text", syllable)))
    tune = Tune((note,), records=tuple(records), comments=tuple(comments), instrument=syllable)
    written = write([tune])
    if not any("\ud800" <= letter <= "\udfff" for letter in syllable):
        assert set(written.losses) <= {"the instrument's name"}
    assert next(read(written.data)).records == tune.records
    assert next(read(written.data)).notes == tune.notes


@pytest.mark.parametrize(
    ("quarters", "value"),
    [
        (F(1), "4"), (F(3, 2), "4."), (F(7, 2), "2.."), (F(8), "0"), (F(12), "0."), (F(16), "00"), (F(1, 3),
        "12"),
        (F(2, 3), "6"), (F(8, 3), "3%2"), (F(1, 2), "8"), (F(4, 5), "5"), (F(5, 3), "12%5"), (F(1, 64),
        "256"),
    ],
)  # fmt: skip
def test_values(quarters: F, value: str) -> None:
    assert recip(quarters) == value


def test_notes_are_tied_over_bar_lines_and_changes() -> None:
    tune = Tune(
        line(("c", 5), ("r", 3)),
        barlines=(Barline(F(4), 2), Barline(F(6), 3)),
        meters=((F(0), Meter(4, 4)), (F(6), Meter(2, 4))),
        keys=((F(1), Key("F", 0, "major")),),
        phrasing="none",
    )
    assert rows(tune) == [
        "*M4/4", "[4c", "*F:", "2.c_", "=2", "4c]", "[4r", "=3", "*M2/4", "2r]",
    ]  # fmt: skip
    assert reread(tune) == tune


def test_lengths_without_a_value_are_tied() -> None:
    assert rows(Tune(line(("c", F(5, 2))))) == ["[2c", "8c]"]
    assert rows(Tune(line(("c", F(5, 4))))) == ["[4c", "16c]"]
    assert rows(Tune(line(("c", 20)))) == ["[00c", "1c]"]
    assert rows(Tune(line(("c", F(5, 3))))) == ["12%5c"]


@pytest.mark.parametrize(
    ("meter", "quarters", "expected"),
    [
        (Meter(2, 4), [F(1, 2)] * 4, ["L", "J", "L", "J"]),
        (Meter(6, 8), [F(1, 2)] * 6, ["L", "", "J", "L", "", "J"]),
        (Meter(3, 8), [F(1, 2)] * 3, ["L", "", "J"]),
        (Meter(2, 4), [F(3, 4), F(1, 4), F(1)], ["L", "Jk", ""]),
        (Meter(2, 4), [F(1, 4), F(3, 4), F(1)], ["LK", "J", ""]),
        (Meter(2, 4), [F(1, 2), F(1, 4), F(1, 4), F(1)], ["L", "L", "JJ", ""]),
        (Meter(2, 4), [F(1, 4), F(1, 4), F(1, 2), F(1)], ["LL", "J", "J", ""]),
        (Meter(2, 4), [F(1, 3)] * 3 + [F(1)], ["L", "", "J", ""]),
        (Meter(2, 4), [F(1, 6)] * 6 + [F(1)], ["LL", "", "", "", "", "JJ", ""]),
        (Meter(5, 8, (2, 3)), [F(1, 2)] * 5, ["L", "J", "L", "", "J"]),
        (Meter(2, 2), [F(1, 2)] * 4, ["L", "", "", "J"]),
    ],
)  # fmt: skip
def test_beams_join_a_beat(meter: Meter, quarters: list[F], expected: list[str]) -> None:
    tune = Tune(line(*(("c", length) for length in quarters)), meters=((F(0), meter),))
    notes = [row for row in rows(tune) if row[0] not in "*="]
    assert [row.partition("c")[2] for row in notes] == expected


def test_a_pickup_is_beamed_from_its_end() -> None:
    tune = Tune(
        line(*[("c", F(1, 2))] * 7),
        barlines=(Barline(F(3, 2), 1),),
        meters=((F(0), Meter(2, 4)),),
    )
    notes = [row for row in rows(tune) if row[0] not in "*="]
    assert notes[:3] == ["8c", "8cL", "8cJ"]


def test_rests_part_beams() -> None:
    tune = Tune(line(("c", F(1, 4)), ("r", F(1, 4)), ("c", F(1, 4)), ("c", F(1, 4))))
    assert rows(tune) == ["16c", "16r", "16cLL", "16cJJ"]


def test_a_natural_is_spelled_where_the_signature_alters() -> None:
    key = Key("G", 0, "major", standard_signature(1))
    assert rows(Tune(line(("f", 1), ("f#", 1), ("g", 1)), keys=((F(0), key),)))[2:] == ["4fn", "4f#", "4g"]


@pytest.mark.parametrize("alter", [F(1, 2), F(-1, 2), F(3, 2), F(-4, 9), F(8, 9), F(-22, 9)])
def test_quarter_tones_and_commas_are_declared(alter: F) -> None:
    pitch = Pitch("B", alter, 4)
    key = Key(signature=(("B", alter),))
    tune = Tune((Note(F(0), F(1), pitch, graces=(Grace(pitch),)),), keys=((F(0), key),))
    text = write([tune]).data.decode()
    assert f"!!!RDF**kern: i=alteration {alter - int(alter)}" in text.splitlines()
    assert reread(tune) == tune.replace(phrasing="none")


def test_many_alterations_and_foreign_declarations_share_the_letters() -> None:
    pitches = [Pitch("A", F(n, 23), 4) for n in range(1, 23)]
    notes = tuple(Note(F(n), F(1), pitch) for n, pitch in enumerate(pitches))
    tune = Tune(
        notes, records=(("RDF**kern", "i=editorial"), ("RDF**kern", "l=alteration 7/8 of a long note"))
    )
    assert reread(tune) == tune
    assert "i=alteration" not in write([tune]).data.decode()


def test_our_own_records_cannot_be_forged_by_the_tunes() -> None:
    records = (
        ("canzona", "a record"),
        ("canzona-phrases", "marked"),
        ("RDF**kern", "i=alteration 1/2"),
        ("a:b", "c:d"),
    )
    tune = Tune(line(("c", 1)), records=records, provenance='{"command":"compose"}')
    back = reread(tune)
    assert back.records == records
    assert back.provenance == tune.provenance


def test_phrasing_is_kept_as_it_was() -> None:
    notes = line(("c", 1), ("d", 1), ("e", 1), ("f", 1))
    assert reread(Tune(notes, phrasing="none")).phrasing == "none"
    marked = tuple(
        dataclasses.replace(note, phrase_start=n == 0, phrase_end=n == 3) for n, note in enumerate(notes)
    )
    assert reread(Tune(marked, phrasing="inferred")) == Tune(marked, phrasing="inferred")
    assert "canzona-phrases" not in write([Tune(marked, phrasing="marked")]).data.decode()


def test_endings_are_kept_apart_from_labels() -> None:
    notes = line(("c", 1), ("d", 1), ("e", 1))
    labels = tuple(Section(F(n), label) for n, label in enumerate(["A", "A1", "A2"]))
    plain = Tune(notes, barlines=(Barline(F(1), 2), Barline(F(2), 3)), sections=labels)
    assert reread(plain) == plain
    ended = plain.replace(barlines=(Barline(F(1), 2, ending="1"), Barline(F(2), 3, ending="2, 4")))
    assert reread(ended) == ended


def test_any_sign_has_a_place() -> None:
    marks = (
        Attachment("ornament", "roll"), Attachment("slur", "start", 3), Attachment("lyric", "deep", 40),
        Attachment("fermata", "inverted"), Attachment("dynamic", "crescendo-start"),
        Attachment("chord", "N.C."),
        Attachment("text", ":=*!&#33;", 1, F(1, 2)), Attachment("tempo", "120"),
    )  # fmt: skip
    tune = Tune((Note(F(0), F(1), C4), Note(F(1), F(1), C4, attachments=marks)))
    written = write([tune])
    assert written.losses in ((), ("the order of signs at a note",))
    assert sorted(next(read(written.data)).notes[1].attachments, key=repr) == sorted(marks, key=repr)


def test_what_kern_cannot_hold_is_said() -> None:
    tune = Tune(line(("c", 1)), barlines=(Barline(F(0), suffix="b"),), keys=((F(0), Key(mode="dorian")),))
    assert set(write([tune]).losses) == {"bar numbers", "keys"}
    late = Tune(line(("c", 1)), barlines=(Barline(F(2), 2),))
    assert write([late]).losses == ("bar lines",)


def test_a_low_tune_stands_in_the_bass_clef() -> None:
    assert "*clefF4" in write([Tune(line(("CC", 1), ("G", 1)))]).data.decode()
    assert "*clefG2" in write([Tune(line(("c", 1), ("g", 1)))]).data.decode()


def test_an_empty_tune_is_written() -> None:
    tune = Tune(records=(("OTL", "nothing"),), barlines=(Barline(F(0), 1),), meters=((F(0), Meter(3, 4)),))
    assert reread(tune) == tune


@pytest.mark.parametrize("count", [0, 2])
def test_a_file_holds_one_tune(count: int) -> None:
    with pytest.raises(UnsupportedError, match="one tune"):
        write([Tune(line(("c", 1)))] * count)


def test_times_beyond_all_measure_are_refused() -> None:
    with pytest.raises(UnsupportedError):
        write([Tune(line(("c", F(1, 10**12))))])
    with pytest.raises(UnsupportedError):
        write([Tune(line(*(("c", F(1, p)) for p in (100003, 100019, 100043, 100049, 100057, 100069))))])
