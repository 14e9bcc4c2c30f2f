"""The General MIDI names."""

from __future__ import annotations

from canzona.score.instruments import PROGRAMS, instrument_names, program_of


def test_the_128_names_are_in_their_places() -> None:
    assert len(set(PROGRAMS)) == 128
    places = {0: "acoustic grand piano", 40: "violin", 73: "flute", 109: "bagpipe", 127: "gunshot"}
    assert {place: PROGRAMS[place] for place in places} == places


def test_names_are_found_whatever_their_case_and_spaces() -> None:
    assert program_of("  Pan   FLUTE ") == PROGRAMS.index("pan flute")
    assert program_of("Voice") == 52
    assert program_of("") is None
    assert program_of("nose flute") is None


def test_every_listed_name_is_found() -> None:
    assert all(program_of(name) is not None for name in instrument_names())
    assert instrument_names() == sorted(instrument_names())
