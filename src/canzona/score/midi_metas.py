"""The meta events that belong to a voice: names, texts, lyrics, changes of tempo, key and meter.

They stand in the first track, in the voice's own, and the words often in a track without
notes. A karaoke file (its texts say `@KMIDI KARAOKE FILE`) writes its syllables as plain
texts: one that goes on a word follows without a blank, `/` begins a line and `\\` a verse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from canzona.score.midi_events import MidiFile
from canzona.score.midi_voice import Voice

TEXT, COPYRIGHT, NAME, INSTRUMENT, LYRIC, MARKER = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
TEMPO, METER, KEY = 0x51, 0x58, 0x59

_NEAR = Fraction(1, 96)
"""Quarter notes after the start within which an event is meant to stand at the start."""

_KARAOKE = b"@KMIDI"
_BEGINS_WORD = (b" ", b"/", b"\\")

Event = tuple[int, int, bytes]
Metas = list[tuple[Fraction, int, bytes]]
"""Meta events as (onset in quarter notes, kind, data)."""


def metas_of(file: MidiFile, voice: Voice | None) -> Metas:
    """The meta events of a voice, in order; words of other voices are none of them."""
    tracks = [file.tracks[0]]
    if voice is not None and voice.track is not file.tracks[0]:
        tracks.append(voice.track)
    others = [track for track in file.tracks[1:] if not track.notes and track not in tracks]
    if any(_is_karaoke(track.metas) for track in file.tracks):
        sources = [list(_sung(track.metas)) for track in tracks]
        words = [list(_sung(track.metas)) for track in others]
    else:
        sources, words = [track.metas for track in tracks], [track.metas for track in others]
    found = [event for metas in sources for event in metas]
    if not any(kind == LYRIC for _, kind, _ in found):
        found += [event for metas in words for event in metas if event[1] == LYRIC]
    found.sort(key=lambda event: event[0])
    return [(Fraction(tick, file.division), kind, data) for tick, kind, data in found]


def moved(metas: Metas, moments: Iterable[tuple[Fraction, Fraction]]) -> Metas:
    """Meta events moved with the notes: `moments` are pairs of the onset before and after.

    What stands within a hair of the start stands at the start.
    """
    places = dict(moments)
    return [
        (places.get(onset, onset if onset >= _NEAR else Fraction(0)), kind, data)
        for onset, kind, data in metas
    ]


def _is_karaoke(metas: list[Event]) -> bool:
    return any(kind == TEXT and data.startswith(_KARAOKE) for _, kind, data in metas)


def _sung(metas: list[Event]) -> Iterator[Event]:
    """The texts of a karaoke track as lyrics with hyphens, and its `@T` and `@I` lines as texts."""
    syllables = [data for _, kind, data in metas if kind == TEXT and _is_syllable(data)]
    following = iter([*syllables[1:], b" "])
    for tick, kind, data in metas:
        if kind != TEXT or data.endswith(b" track"):  # 'note track' and the like: of abc2midi
            yield tick, kind, data
        elif data.startswith((b"@T", b"@I")):
            yield tick, TEXT, data[2:]
        elif _is_syllable(data):
            goes_on = not next(following).startswith(_BEGINS_WORD) and not data.endswith((b" ", b"-"))
            yield tick, LYRIC, data.lstrip(b" /\\") + (b"-" if goes_on else b"")


def _is_syllable(data: bytes) -> bool:
    return not data.startswith(b"@") and not data.endswith(b" track") and bool(data.strip(b" /\\\r\n\0"))
