"""The General MIDI names."""

from __future__ import annotations

import pytest

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


OFFICIAL = """
Acoustic Grand Piano, Bright Acoustic Piano, Electric Grand Piano, Honky-tonk Piano, Electric Piano 1,
Electric Piano 2, Harpsichord, Clavi, Celesta, Glockenspiel, Music Box, Vibraphone, Marimba, Xylophone,
Tubular Bells, Dulcimer, Drawbar Organ, Percussive Organ, Rock Organ, Church Organ, Reed Organ, Accordion,
Harmonica, Tango Accordion, Acoustic Guitar (nylon), Acoustic Guitar (steel), Electric Guitar (jazz),
Electric Guitar (clean), Electric Guitar (muted), Overdriven Guitar, Distortion Guitar, Guitar harmonics,
Acoustic Bass, Electric Bass (finger), Electric Bass (pick), Fretless Bass, Slap Bass 1, Slap Bass 2,
Synth Bass 1, Synth Bass 2, Violin, Viola, Cello, Contrabass, Tremolo Strings, Pizzicato Strings,
Orchestral Harp, Timpani, String Ensemble 1, String Ensemble 2, Synth Strings 1, Synth Strings 2,
Choir Aahs, Voice Oohs, Synth Voice, Orchestra Hit, Trumpet, Trombone, Tuba, Muted Trumpet, French Horn,
Brass Section, Synth Brass 1, Synth Brass 2, Soprano Sax, Alto Sax, Tenor Sax, Baritone Sax, Oboe,
English Horn, Bassoon, Clarinet, Piccolo, Flute, Recorder, Pan Flute, Blown Bottle, Shakuhachi, Whistle,
Ocarina, Lead 1 (square), Lead 2 (sawtooth), Lead 3 (calliope), Lead 4 (chiff), Lead 5 (charang),
Lead 6 (voice), Lead 7 (fifths), Lead 8 (bass + lead), Pad 1 (new age), Pad 2 (warm), Pad 3 (polysynth),
Pad 4 (choir), Pad 5 (bowed), Pad 6 (metallic), Pad 7 (halo), Pad 8 (sweep), FX 1 (rain),
FX 2 (soundtrack), FX 3 (crystal), FX 4 (atmosphere), FX 5 (brightness), FX 6 (goblins), FX 7 (echoes),
FX 8 (sci-fi), Sitar, Banjo, Shamisen, Koto, Kalimba, Bag pipe, Fiddle, Shanai, Tinkle Bell, Agogo,
Steel Drums, Woodblock, Taiko Drum, Melodic Tom, Synth Drum, Reverse Cymbal, Guitar Fret Noise,
Breath Noise, Seashore, Bird Tweet, Telephone Ring, Helicopter, Applause, Gunshot
"""
"""The names as General MIDI System Level 1 prints them, in the order of their programs."""


def test_the_names_of_the_standard_are_known() -> None:
    names = [name.strip() for name in OFFICIAL.replace("\n", " ").split(",")]
    assert [program_of(name) for name in names] == list(range(128))


@pytest.mark.parametrize(
    "name", ["Guitar (air)", "Lead 9 (square)", "Lead (", "Pad ()", "Violin (solo)", "()"]
)
def test_names_that_only_look_like_those_of_the_standard_are_not(name: str) -> None:
    assert program_of(name) is None
