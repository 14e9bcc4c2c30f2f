"""The General MIDI instruments: names and program numbers (General MIDI System Level 1, table 2)."""

from __future__ import annotations

import re

_PROGRAMS = """
acoustic grand piano, bright acoustic piano, electric grand piano, honky-tonk piano,
electric piano 1, electric piano 2, harpsichord, clavinet, celesta, glockenspiel, music box,
vibraphone, marimba, xylophone, tubular bells, dulcimer, drawbar organ, percussive organ,
rock organ, church organ, reed organ, accordion, harmonica, tango accordion, nylon guitar,
steel guitar, jazz guitar, clean guitar, muted guitar, overdriven guitar, distortion guitar,
guitar harmonics, acoustic bass, fingered bass, picked bass, fretless bass, slap bass 1,
slap bass 2, synth bass 1, synth bass 2, violin, viola, cello, contrabass, tremolo strings,
pizzicato strings, orchestral harp, timpani, string ensemble 1, string ensemble 2, synth strings 1,
synth strings 2, choir aahs, voice oohs, synth voice, orchestra hit, trumpet, trombone, tuba,
muted trumpet, french horn, brass section, synth brass 1, synth brass 2, soprano sax, alto sax,
tenor sax, baritone sax, oboe, english horn, bassoon, clarinet, piccolo, flute, recorder, pan flute,
blown bottle, shakuhachi, whistle, ocarina, square lead, sawtooth lead, calliope lead, chiff lead,
charang lead, voice lead, fifths lead, bass and lead, new age pad, warm pad, polysynth pad,
choir pad, bowed pad, metallic pad, halo pad, sweep pad, rain, soundtrack, crystal, atmosphere,
brightness, goblins, echoes, sci-fi, sitar, banjo, shamisen, koto, kalimba, bagpipe, fiddle, shanai,
tinkle bell, agogo, steel drums, woodblock, taiko drum, melodic tom, synth drum, reverse cymbal,
guitar fret noise, breath noise, seashore, bird tweet, telephone ring, helicopter, applause, gunshot
"""

PROGRAMS: tuple[str, ...] = tuple(name.strip(" ,") for name in _PROGRAMS.replace("\n", " ").split(", "))
"""The 128 names in order of their program numbers, which count from 0."""

ALIASES = {
    "piano": 0, "harp": 46, "guitar": 24, "organ": 19, "voice": 52, "vox": 52, "soprano": 52, "mezzo": 52,
    "alto": 52, "tenor": 52, "baritone": 52, "bass voice": 52, "choir": 52, "singer": 52, "strings": 48,
    "tin whistle": 78, "penny whistle": 78, "horn": 60, "sax": 65, "double bass": 43, "bagpipes": 109,
    "concertina": 21, "mandolin": 25, "lute": 24, "clavi": 7, "bag pipe": 109, "synth choir": 54,
    "finger bass": 33, "pick bass": 34,
}  # fmt: skip
"""Common names that General MIDI does not list, with a program that comes near."""

_OFFICIAL = re.compile(r"(?:acoustic |electric )?(guitar|bass|lead|pad|fx)(?: [1-8])? \((.+)\)")
"""The table's own way of names: 'Acoustic Guitar (nylon)', 'Lead 1 (square)', 'FX 1 (rain)'."""

_NAMES = {name: program for program, name in enumerate(PROGRAMS)} | ALIASES


def program_of(name: str) -> int | None:
    """The program number (0 to 127) of an instrument's name, or None for one that is not known."""
    name = " ".join(name.lower().split())
    official = _OFFICIAL.fullmatch(name)
    if official is not None:
        family, sort = official.groups()
        name = sort.replace("+", "and") if family == "fx" or "+" in sort else f"{sort} {family}"
    return _NAMES.get(name)


def instrument_names() -> list[str]:
    """All names that `program_of` knows, in alphabetical order."""
    return sorted(_NAMES)
