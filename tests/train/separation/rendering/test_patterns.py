"""Songs from step sequences, and their drums."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.separation.classes import SYNTH_PROGRAMS
from canzona.train.separation.rendering.arrangement import ROLES
from canzona.train.separation.rendering.grooves import STYLES, draw_drums
from canzona.train.separation.rendering.patterns import draw_pattern


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(5, 45))
def test_any_pattern_is_a_playable_song(seed: int, seconds: float) -> None:
    song = draw_pattern(np.random.default_rng(seed), seconds)
    assert song.seconds == seconds
    assert {part.role for part in song.parts} <= set(ROLES)
    assert sum(part.pitched for part in song.parts) >= 1
    for part in song.parts:
        assert len(part.notes)
        assert part.program not in SYNTH_PROGRAMS  # who is a synthesizer is decided later
        begin, end = part.notes[:, 0], part.notes[:, 0] + part.notes[:, 1]
        assert begin.min() >= 0 and end.max() <= seconds + 1e-9
        assert part.notes[:, 2].min() >= 20 and part.notes[:, 2].max() <= 120
        assert part.notes[:, 3].min() >= 1 and part.notes[:, 3].max() <= 127


def test_the_same_seed_gives_the_same_song() -> None:
    first, second = (draw_pattern(np.random.default_rng(5), 30.0) for _ in range(2))
    assert first.source == second.source
    for one, other in zip(first.parts, second.parts, strict=True):
        assert (one.notes == other.notes).all() and one.program == other.program


def test_songs_differ_in_style_key_and_parts() -> None:
    songs = [draw_pattern(np.random.default_rng(seed), 30.0) for seed in range(60)]
    assert {song.source["style"] for song in songs} == {style.name for style in STYLES}
    assert len({tuple(song.source["chords"]) for song in songs}) > 50
    assert len({tuple(part.role for part in song.parts) for song in songs}) > 20
    assert 0.8 < np.mean([song.parts[0].role == "drums" for song in songs]) < 1


def test_styles_are_rows_of_sixteen_steps() -> None:
    for style in STYLES:
        assert style.slowest < style.fastest
        for steps in (*style.kicks, *style.snares, *style.hats):
            assert len(steps) == 16 and set(steps) <= set("xo-.")


def test_house_has_a_kick_on_every_quarter() -> None:
    house = next(style for style in STYLES if style.name == "house")
    rows = draw_drums(np.random.default_rng(3), house, 16)
    kicks = {onset for onset, _, key, _ in rows if key == 36}
    assert kicks <= {float(beat) for beat in range(64)} and len(kicks) > 56


def test_the_bass_plays_roots() -> None:
    on_root = total = 0
    for seed in range(30):
        song = draw_pattern(np.random.default_rng(seed), 30.0)
        bass = next(part for part in song.parts if part.role == "bass")
        names = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
        roots = [max((n for n in names if chord.startswith(n)), key=len) for chord in song.source["chords"]]
        for onset, _, key, _ in bass.notes:
            bar = int(onset / song.beat / 4 + 1e-6)
            root = roots[bar % len(roots)]
            on_root += names[int(key) % 12] == root
            total += 1
        assert bass.notes[:, 2].max() < 68
    assert on_root / total > 0.6
