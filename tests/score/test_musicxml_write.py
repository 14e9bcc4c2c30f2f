"""Writing MusicXML: it comes back as it was, and says what stands on the page."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

import strategies
from canzona.errors import UsageError
from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.musicxml import read_musicxml, write_musicxml
from canzona.score.tune import standard_signature
from melodies import jig, melody, star

F = Fraction
GOLDEN = Path(__file__).parent.parent / "golden"


def root_of(tune: Tune) -> ElementTree.Element:
    return ElementTree.fromstring(write_musicxml([tune]).data)


def texts(tune: Tune, path: str) -> list[str | None]:
    return [element.text for element in root_of(tune).iterfind(f".//{path}")]


def line(text: str, meter: Meter, *bars: int, signature: int = 0) -> Tune:
    return Tune(
        notes=melody(text),
        meters=((F(0), meter),),
        keys=((F(0), Key(signature=standard_signature(signature))),),
        barlines=tuple(Barline(F(onset), place) for place, onset in enumerate(bars, start=2)),
    )


@given(strategies.tunes())
@settings(max_examples=120)
def test_any_tune_comes_back_but_for_the_order_of_its_signs(tune: Tune) -> None:
    written = write_musicxml([tune])
    (reread,) = read_musicxml(written.data)
    assert set(written.losses) <= {"the order of signs at a note"}
    assert (reread == tune) == (not written.losses)
    assert write_musicxml([tune]).data == written.data


@pytest.mark.parametrize("folder", ["lieder", "fiddle-musicxml", "symbtr"])
def test_real_files_come_back(shared: Path, folder: str) -> None:
    files = sorted(
        path for path in (shared / "data/scores" / folder).rglob("*") if path.suffix in (".mxl", ".musicxml")
    )
    for path in files[:: max(1, len(files) // 20)]:
        (tune,) = read_musicxml(path.read_bytes())
        written = write_musicxml([tune])
        assert written.losses == ()
        assert next(read_musicxml(written.data)) == tune


@pytest.mark.parametrize("name", ["star", "jig"])
def test_golden_files(name: str) -> None:
    tune = {"star": star, "jig": jig}[name]()
    data = write_musicxml([tune]).data
    assert data.decode() == (GOLDEN / f"{name}.musicxml").read_text(encoding="utf-8")


def test_notes_are_cut_at_bar_lines_and_into_written_values() -> None:
    tune = line("c4:3 d4:5/2 e4:5/2", Meter(4, 4), 4)
    assert texts(tune, "type") == ["half", "quarter", "quarter", "half", "eighth"]
    assert [tie.get("type") for tie in root_of(tune).iterfind(".//tie")] == ["start", "stop"] * 2
    assert next(read_musicxml(write_musicxml([tune]).data)).notes[1].duration == F(5, 2)


def test_a_tuplet_has_its_ratio_and_a_bracket() -> None:
    tune = line("c4:1/3 d4:1/3 e4:1/3 f4:1", Meter(2, 4))
    assert texts(tune, "type") == ["eighth", "eighth", "eighth", "quarter"]
    assert texts(tune, "actual-notes") == ["3", "3", "3"]
    assert texts(tune, "divisions") == ["3"]
    assert [element.get("type") for element in root_of(tune).iterfind(".//tuplet")] == ["start", "stop"]


def test_beams_follow_the_beat() -> None:
    simple = line("c4:1/2 d4:1/2 e4:1/2 f4:1/4 g4:1/4", Meter(2, 4))
    assert texts(simple, "beam") == ["begin", "end", "begin", "continue", "begin", "end", "end"]
    compound = line("c4:1/2 d4:1/2 e4:1/2 f4:1/2 g4:1/2 a4:1/2", Meter(6, 8))
    assert texts(compound, "beam") == ["begin", "continue", "end"] * 2
    additive = line("c4:1/2 d4:1/2 e4:1/2 f4:1/2 g4:1/2", Meter(5, 8, (2, 3)))
    assert texts(additive, "beam") == ["begin", "end", "begin", "continue", "end"]
    broken = line("c4:1/2 r:1/2 e4:3/4 f4:1/4", Meter(2, 4))
    assert texts(broken, "beam") == ["begin", "end", "backward hook"]


def test_accidentals_are_shown_where_they_are_needed() -> None:
    tune = line("f#4:1 f4:1 f4:1 f#4:1 f#4:1", Meter(4, 4), 4, signature=1)
    assert texts(tune, "accidental") == ["natural", "sharp"]


def test_a_microtone_keeps_its_ratio_as_decimals() -> None:
    tune = Tune(notes=(Note(F(0), F(1), Pitch("B", F(-8, 9), 4)),))
    assert texts(tune, "alter") == ["-0.8888888889"]
    assert next(read_musicxml(write_musicxml([tune]).data)).notes[0].pitch == Pitch("B", F(-8, 9), 4)


def test_a_rest_of_a_bar_is_one_sign_and_a_rest_without_a_value_one_rest() -> None:
    assert [
        rest.get("measure") for rest in root_of(line("c4:4 r:4", Meter(4, 4), 4)).iterfind(".//rest")
    ] == ["yes"]
    tune = line("c4:3/2 r:5/2", Meter(4, 4))
    assert next(read_musicxml(write_musicxml([tune]).data)).notes == dataclasses.replace(tune).notes


def test_the_encoding_names_the_software_and_how_it_was_made_but_no_date() -> None:
    tune = star()
    assert texts(tune, "software") == ["Canzona"]
    assert texts(tune, "encoding-description") == [tune.provenance]
    assert texts(tune, "encoding-date") == []
    assert next(read_musicxml(write_musicxml([tune]).data)).provenance == tune.provenance


def test_an_instrument_that_general_midi_knows_gets_its_program() -> None:
    assert texts(star().replace(instrument="Violin"), "midi-program") == ["41"]
    assert texts(star().replace(instrument="Nose whistle"), "midi-program") == []


def test_control_characters_are_left_out_and_said() -> None:
    written = write_musicxml([star().replace(records=(("OTL", "A\x00B"),))])
    assert written.losses == ("records",)
    assert next(read_musicxml(written.data)).title == "AB"


def test_a_clef_that_fits() -> None:
    assert texts(star(), "sign") == ["G"]
    low = star().replace(notes=melody("c2:2 d2:2"), barlines=())
    assert texts(low, "sign") == ["F"]


def test_one_file_holds_one_tune() -> None:
    with pytest.raises(UsageError, match="holds one tune, not 2"):
        write_musicxml([star(), jig()])


def test_an_empty_tune_and_one_of_rests() -> None:
    for tune in (Tune(), Tune(notes=(Note(F(0), F(4)),), phrasing="none")):
        written = write_musicxml([tune])
        assert written.losses == ()
        assert next(read_musicxml(written.data)) == tune


def test_records_keep_their_order_and_their_empty_values() -> None:
    records = (("SCT", "E0001"), ("OTL", "A"), ("PDT", ""), ("COM", "B"), ("OTL", "C"), ("YEM", "1900"))
    written = write_musicxml([star().replace(records=records)])
    assert written.losses == ()
    assert next(read_musicxml(written.data)).records == records


def test_repeats_are_drawn_as_repeats_whatever_their_line_is_called() -> None:
    lines = (
        Barline(F(0), 1, kind="invisible", repeat="start"),
        Barline(F(2), 2, kind="double", repeat="both"),
    )
    lines += (Barline(F(4), 3, kind="final", repeat="end"), Barline(F(6), repeat="end"))
    tune = Tune(notes=melody("c4:2 d4:2 e4:2"), barlines=lines, phrasing="none")
    assert set(texts(tune, "bar-style")) == {"heavy-light", "light-heavy"}
    assert next(read_musicxml(write_musicxml([tune]).data)) == tune
