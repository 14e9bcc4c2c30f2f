"""Meters, keys and tempos of **kern: every spelling that files hold, and changes on the way."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Attachment, Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.kern import read, write
from canzona.score.tune import standard_signature
from notation import kern, lengths, names

FREE_WORDS = ("X", "Z", "FREI4/4", "FREI6/8")


def bar_of(length: F, *, meters: tuple[tuple[F, Meter], ...]) -> Tune:
    """Two bars of one length, the first note of each a D4."""
    notes = tuple(Note(n * length, length, Pitch("D", F(0), 4)) for n in range(2))
    return Tune(notes, barlines=(Barline(length, 2),), meters=meters, phrasing="none")


def rows(tune: Tune) -> list[str]:
    """Interpretations, bar lines and notes of a written tune, without its clef."""
    lines = write([tune]).data.decode().splitlines()
    return [row for row in lines if not row.startswith(("!", "**", "*-", "*clef"))]


@pytest.mark.parametrize(
    ("text", "meter", "quarters"),
    [
        ("2/4", Meter(2, 4), 2), ("3/8", Meter(3, 8), F(3, 2)), ("6/8", Meter(6, 8), 3),
        ("12/8", Meter(12, 8), 6), ("3/2", Meter(3, 2), 6), ("4/2", Meter(4, 2), 8),
        ("2/1", Meter(2, 1), 8), ("3/1", Meter(3, 1), 12), ("5/4", Meter(5, 4), 5),
        ("7/16", Meter(7, 16), F(7, 4)), ("1/4", Meter(1, 4), 1), ("24/16", Meter(24, 16), 6),
        ("2+3/8", Meter(5, 8, (2, 3)), F(5, 2)), ("2+2+2+3/8", Meter(9, 8, (2, 2, 2, 3)), F(9, 2)),
        ("3+3+2/8", Meter(8, 8, (3, 3, 2)), 4),
    ],
)  # fmt: skip
def test_a_meter_has_a_length_and_is_written_as_it_was(text: str, meter: Meter, quarters: F) -> None:
    found = kern(f"*M{text}\n4c")
    assert found.meter == meter
    assert meter.length == quarters
    assert found.losses == ()
    assert f"*M{text}" in rows(found)


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        pytest.param("3/3%2", 8, id="three times two thirds of a whole note"),
        pytest.param("2/3%2", F(16, 3), id="two times two thirds of a whole note"),
        pytest.param("3/0", 24, id="three breves"),
        pytest.param("2/00", 16, id="two breves however they are spelled"),
    ],
)
def test_mensural_units_have_their_length(text: str, quarters: F) -> None:
    meter = kern(f"*M{text}\n0c").meter
    assert meter is not None
    assert meter.length == quarters


@pytest.mark.parametrize("word", FREE_WORDS)
def test_free_meter_keeps_its_word(word: str) -> None:
    found = kern(f"*M{word}\n4c\n=2\n4d\n2e\n=3")
    assert found.meter == Meter(0, 1, symbol=word)
    assert found.meter.is_free
    assert found.meter.length == 0
    assert f"*M{word}" in rows(found)
    assert found.pickup == 0


def test_a_file_without_a_meter_has_none() -> None:
    found = kern("4c\n=2\n4d")
    assert (found.meter, found.meters) == (None, ())
    assert [bar.duration for bar in found.bars] == [1, 1]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("*M3/4x", "*M3/4x"),
        ("*M3\\4", "*M3\\4"),
        ("*M3/4+2/4", "*M3/4+2/4"),
        ("*M5/4%%%1+1%", "*M5/4%%%1+1%"),
    ],
)
def test_what_of_a_meter_cannot_be_kept_is_said(text: str, word: str) -> None:
    found = kern(f"{text}\n4c")
    assert found.meter is not None
    assert not found.meter.is_free
    assert found.losses == (f"spelling of the meter '{word}'",)


@pytest.mark.parametrize("symbol", ["c", "c|", "C", "C|", "C.", "O", "O.", "3"])
@pytest.mark.parametrize("order", ["*M{m}\n*met({s})", "*met({s})\n*M{m}"])
def test_a_mensuration_sign_belongs_to_the_meter_beside_it(symbol: str, order: str) -> None:
    found = kern(order.format(m="3/1", s=symbol) + "\n4c")
    assert found.meters == ((F(0), Meter(3, 1, symbol=symbol)),)
    assert next(read(write([found]).data)).meters == found.meters


def test_a_sign_of_common_time_does_not_outlive_its_moment() -> None:
    found = kern("*met(c)\n*M4/4\n1c\n=2\n*M3/4\n2.d")
    assert [meter for _, meter in found.meters] == [Meter(4, 4, symbol="c"), Meter(3, 4)]


def test_of_two_meters_at_one_moment_the_later_holds() -> None:
    assert kern("*M2/4\n*M3/4\n2.c").meters == ((F(0), Meter(3, 4)),)


def test_meters_change_and_come_back() -> None:
    found = kern("*M2/4\n2c\n=2\n*M3/8\n4.d\n=3\n*M2/4\n2e\n=4\n*MX\n1f")
    changes = [(onset, str(meter)) for onset, meter in found.meters]
    assert changes == [(0, "2/4"), (2, "3/8"), (F(7, 2), "2/4"), (F(11, 2), "free")]
    assert [str(bar.meter) for bar in found.bars] == ["2/4", "3/8", "2/4", "free"]
    assert next(read(write([found]).data)).meters == found.meters


def test_a_meter_before_its_bar_line_holds_from_the_same_moment() -> None:
    before = kern("*M2/4\n2c\n*M3/4\n=2\n2.d")
    after = kern("*M2/4\n2c\n=2\n*M3/4\n2.d")
    assert before == after


def test_a_meter_may_change_within_a_bar() -> None:
    found = kern("*M4/4\n2c\n*M3/4\n2d\n=2\n2.e")
    assert found.meters[1] == (F(2), Meter(3, 4))
    assert [bar.duration for bar in found.bars] == [4, 3]
    assert next(read(write([found]).data)) == found


@pytest.mark.parametrize(
    ("body", "pickup"),
    [
        ("*M4/4\n4g\n=1\n1cc", 1),
        ("*M6/8\n8d\n=1\n2.g", F(1, 2)),
        ("*M3/4\n8g\n8a\n=1\n2.b", 1),
        ("*M4/4\n=1\n1c\n=2\n1d", 0),
        ("*M4/4\n1c\n=2\n1d", 0),
        ("*M2/4\n4.c\n8d\n=2\n2e", 0),
        ("*MX\n4c\n=1\n1d", 0),
        ("*M4/4\n4c", 0),
    ],
)
def test_a_pickup_is_a_first_bar_that_is_too_short(body: str, pickup: F | int) -> None:
    assert kern(body).pickup == pickup


MODES = [
    ("C:", "C", 0, "major"), ("f#:", "F", 1, "minor"), ("B-:", "B", -1, "major"), ("e-:", "E", -1, "minor"),
    ("d:dor", "D", 0, "dorian"), ("e:phr", "E", 0, "phrygian"), ("F:lyd", "F", 0, "lydian"),
    ("G:mix", "G", 0, "mixolydian"), ("a:aeo", "A", 0, "aeolian"), ("C:ion", "C", 0, "ionian"),
    ("b:loc", "B", 0, "locrian"), ("c#:", "C", 1, "minor"), ("A--:", "A", -2, "major"), ("G:?", "G", 0, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tonic", "alter", "mode"), MODES)
def test_a_key_has_a_tonic_and_a_mode(text: str, tonic: str, alter: int, mode: str) -> None:
    found = kern(f"*{text}\n4c")
    assert found.key == Key(tonic, alter, mode)
    assert f"*{text}" in rows(found)
    assert next(read(write([found]).data)).keys == found.keys


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_every_usual_signature_is_read_in_its_order(fifths: int) -> None:
    sharps, flats = "f#c#g#d#a#e#b#", "b-e-a-d-g-c-f-"
    text = sharps[: 2 * fifths] if fifths > 0 else flats[: -2 * fifths]
    key = kern(f"*k[{text}]\n4c").key
    assert key is not None
    assert key.signature == standard_signature(fifths)
    assert key.fifths == fifths


@pytest.mark.parametrize(
    ("text", "altered"),
    [
        ("b-", {"B": F(-1)}), ("f##", {"F": F(2)}), ("b--e-", {"B": F(-2), "E": F(-1)}),
        ("f#b-", {"F": F(1), "B": F(-1)}), ("fn", {"F": F(0)}), ("", {}),
    ],
)  # fmt: skip
def test_odd_signatures_are_kept_as_they_are(text: str, altered: dict[str, F]) -> None:
    found = kern(f"*k[{text}]\n4c")
    assert found.key is not None
    assert found.key.alterations == altered
    assert f"*k[{text}]" in rows(found)


def test_a_signature_alters_no_note() -> None:
    assert names(kern("*k[b-e-]\n*B-:\n4b\n4b-\n4e\n4en\n4e-")) == "B4 B-4 E4 E4 E-4"


def test_a_signature_and_a_key_may_stand_apart() -> None:
    one = kern("*k[f#]\n*G:\n4c")
    other = kern("*k[f#]\n*M4/4\n*clefG2\n*G:\n4c")
    assert one.keys == other.keys == ((F(0), Key("G", 0, "major", standard_signature(1))),)


def test_keys_change_with_their_signatures() -> None:
    found = kern("*k[]\n*C:\n1c\n=2\n*k[b-e-a-]\n*c:\n1c\n=3\n*k[]\n*C:\n1c")
    assert [(onset, str(key)) for onset, key in found.keys] == [
        (0, "C major"), (4, "C minor"), (8, "C major"),
    ]  # fmt: skip
    assert [key.fifths for _, key in found.keys] == [0, -3, 0]
    assert str(found.key_at(F(7))) == "C minor"
    assert next(read(write([found]).data)) == found


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("*MM60", F(60)), ("*MM120", F(120)), ("*MM72.5", F(145, 2)), ("*MM200/3", F(200, 3)), ("*MM1", F(1)),
        ("*MM1000", F(1000)),
    ],
)  # fmt: skip
def test_a_tempo_is_exact(text: str, tempo: F) -> None:
    found = kern(f"{text}\n4c")
    assert found.tempo == tempo
    assert found.losses == ()
    assert next(read(write([found]).data)).tempo == tempo


@pytest.mark.parametrize("text", ["*MM0", "*MM0.0", "*MM0/4", "*MM120/0", "*MM0000"])
def test_a_tempo_of_nothing_is_none_and_is_said(text: str) -> None:
    found = kern(f"{text}\n4c")
    assert found.tempo is None
    assert found.losses == (f"tempo '{text}'",)
    assert lengths(found) == [1]


def test_words_of_a_tempo_are_kept_at_their_note() -> None:
    found = kern("*MM[Andante]\n4c\n4d\n*MM[Più mosso]\n4e")
    assert found.tempo is None
    assert [note.attachments for note in found.notes] == [
        (Attachment("tempo", "Andante"),), (), (Attachment("tempo", "Più mosso"),),
    ]  # fmt: skip
    assert next(read(write([found]).data)) == found


def test_a_range_of_tempos_gives_its_first_and_says_so() -> None:
    found = kern("*MM96-108\n4c")
    assert found.tempo == 96
    assert found.losses == ("spelling of the tempo '*MM96-108'",)


def test_a_tempo_after_the_last_note_is_said() -> None:
    assert kern("4c\n*MM90").losses == ("tempo change after the last note",)


def test_tempo_meter_and_key_may_come_in_any_order() -> None:
    parts = ["*MM96", "*M3/4", "*k[f#]", "*G:", "*clefG2", "*Ivox"]
    found = {kern("\n".join(parts[n:] + parts[:n]) + "\n2.g").replace(keys=()) for n in (0, 1, 4, 5)}
    assert len(found) == 1


@given(st.sampled_from([2, 3, 4, 6, 9]), st.sampled_from([2, 4, 8]), st.integers(1, 5))
def test_bars_of_any_meter_close_where_their_bar_lines_stand(beats: int, unit: int, bars: int) -> None:
    """Bars full of their beats: each has the meter's length, and writing keeps them."""
    body = [f"*M{beats}/{unit}"]
    for bar in range(1, bars + 1):
        body += [f"={bar}", *[f"{unit}c"] * beats]
    found = kern("\n".join([*body, "=="]))
    meter = Meter(beats, unit)
    assert [bar.duration for bar in found.bars] == [meter.length] * bars
    assert found.pickup == 0
    assert next(read(write([found]).data)) == found


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.sampled_from([1, 2, 4, 8, 16]))
def test_additive_meters_survive(parts: list[int], unit: int) -> None:
    meter = Meter(sum(parts), unit, tuple(parts))
    tune = bar_of(meter.length, meters=((F(0), meter),))
    assert next(read(write([tune]).data)) == tune
    assert rows(tune)[0] == f"*M{'+'.join(map(str, parts))}/{unit}"


@given(st.sampled_from(FREE_WORDS), st.sampled_from([F(1), F(7, 2), F(1, 3)]))
def test_free_meter_survives_beside_metered_bars(word: str, length: F) -> None:
    meters = ((F(0), Meter(0, 1, symbol=word)), (length, Meter(3, 4)))
    tune = bar_of(length, meters=meters)
    assert next(read(write([tune]).data)) == tune
