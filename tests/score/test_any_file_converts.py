"""Whatever a MusicXML or MIDI file holds, its tune is in order and goes into every format honestly.

The files are drawn from what programs write, in any order: steps back and forth, offsets beyond a bar, events
behind the last note, a clock with few ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError
from canzona.score import Tune, formats
from canzona.score.midi import read_midi
from canzona.score.musicxml import read_musicxml
from midi_chunks import file, meta, notes, track
from musicxml_text import note, score

F = Fraction

NAMES = st.builds(
    "{}{}{}".format, st.sampled_from("CDEFGAB"), st.sampled_from(["", "#", "b"]), st.integers(2, 6)
)
MORE = st.sampled_from([
    "", "", "<voice>2</voice>", '<tie type="start"/>', '<tie type="stop"/>', "<type>eighth</type>",
    "<lyric><syllabic>begin</syllabic><text>a</text></lyric>", '<lyric number="2"><text>b</text></lyric>',
    '<notations><slur type="start"/></notations>', '<notations><slur type="stop"/></notations>',
    "<notations><fermata/></notations>", "<notations><dynamics><p/></dynamics></notations>",
    '<notations><other-notation type="start">phrase</other-notation></notations>',
    '<notations><other-notation type="stop">phrase</other-notation></notations>',
])  # fmt: skip
BEFORE = st.sampled_from(["", "", "", "", "<chord/>", "<cue/>", "<grace/>"])


def written(template: str, *drawn: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    """A piece of XML with something drawn in it."""
    return st.builds(template.format, *drawn)


LENGTHS, OFFSETS = st.integers(0, 12), st.integers(-5, 9)
PIECES = st.one_of(
    st.builds(lambda name, duration, more, before: note(name, duration, more, before=before), NAMES,
              st.integers(0, 9), MORE, BEFORE),
    st.builds(note, NAMES, st.integers(1, 8)),
    st.builds(note, st.just("r"), LENGTHS),
    written("<backup><duration>{}</duration></backup>", LENGTHS),
    written("<forward><duration>{}</duration></forward>", LENGTHS),
    written("<attributes><divisions>{}</divisions></attributes>", st.sampled_from([1, 2, 3, 4, 7, "0.5"])),
    written("<attributes><key><fifths>{}</fifths><mode>{}</mode></key></attributes>", st.integers(-7, 7),
            st.sampled_from(["major", "minor", "dorian", "none"])),
    written("<attributes><time><beats>{}</beats><beat-type>{}</beat-type></time></attributes>",
            st.sampled_from([2, 3, "3+2", 6]), st.sampled_from([2, 4, 8])),
    written("<direction><direction-type>{}</direction-type><offset>{}</offset></direction>",
            st.sampled_from(["<words>dolce</words>", "<rehearsal>A</rehearsal>", '<wedge type="stop"/>']),
            OFFSETS),
    written("<harmony><root><root-step>{}</root-step></root><kind>{}</kind><offset>{}</offset></harmony>",
            st.sampled_from("CDG"), st.sampled_from(["major", "minor", "none"]), OFFSETS),
    written('</measure><measure number="{}"{}>', st.sampled_from([1, 2, "X1", "12a", ""]),
            st.sampled_from(["", ' implicit="yes"'])),
    st.sampled_from([
        '<barline location="left"><repeat direction="forward"/></barline>',
        '<barline><repeat direction="backward"/></barline>',
        "<barline><bar-style>light-light</bar-style></barline>",
        '<barline location="left"><bar-style>dashed</bar-style></barline>',
        '<barline location="left"><ending number="1" type="start"/></barline>',
        '<barline><ending number="1" type="stop"/></barline>',
        '<print new-system="yes"/>', '<sound tempo="72.5"/>', '<sound tempo="0"/>',
    ]),
)  # fmt: skip


def time_signature(beats: int, power: int) -> bytes:
    return meta(0x58, bytes((beats, power, 24, 8)))


def key_signature(fifths: int, minor: int) -> bytes:
    return meta(0x59, bytes((fifths % 256, minor)))


METAS = st.one_of(
    st.builds(time_signature, st.integers(1, 7), st.integers(1, 4)),
    st.builds(key_signature, st.integers(-7, 7), st.integers(0, 1)),
    st.builds(lambda tempo: meta(0x51, tempo.to_bytes(3, "big")), st.sampled_from([500_000, 600_000, 7])),
    st.sampled_from([
        meta(5, b"la"), meta(6, b"A"), meta(6, b"phrase"), meta(6, b"phrase end"), meta(1, b"hi"),
        meta(1, b"@KMIDI KARAOKE FILE"), meta(1, b"/la"), b"\xe0\x00\x50", b"\xc0\x28",
    ]),
)  # fmt: skip


def check(read: Callable[[], Sequence[Tune]]) -> None:
    """The tune is in order, and what a writer does not say to be lost comes back."""
    try:
        (tune,) = read()
    except CanzonaError:
        return
    assert all(one.end == two.onset for one, two in zip(tune.notes, tune.notes[1:], strict=False))
    assert all(n.duration > 0 for n in tune.notes)
    for onsets in (
        [line.onset for line in tune.barlines],
        [onset for onset, _ in tune.keys],
        [onset for onset, _ in tune.meters],
        [section.onset for section in tune.sections],
    ):
        assert onsets == sorted(onsets)
        assert not tune.notes or not onsets or 0 <= onsets[0] <= onsets[-1] <= tune.duration
    for form in formats():
        try:
            found = form.write([tune])
        except CanzonaError as error:
            assert "\n" not in str(error)
            continue
        (back,) = form.read(found.data, "", None)
        assert back == tune or found.losses, form.name


@given(st.lists(PIECES, min_size=1, max_size=20))
@settings(max_examples=150)
def test_any_musicxml_converts(pieces: list[str]) -> None:
    check(lambda: list(read_musicxml(score("".join(pieces)))))


@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from([F(1), F(1), F(9, 10), F(1, 2)]), st.integers(40, 90)),
        max_size=16,
    ),
    st.lists(st.tuples(st.integers(0, 5000), METAS), max_size=8),
    st.sampled_from([24, 96, 480, 1000]),
    st.sampled_from([1, 4, 24]),
)
@settings(max_examples=150)
def test_any_midi_converts(
    line: list[tuple[int, Fraction, int]], metas: list[tuple[int, bytes]], division: int, grid: int
) -> None:
    spans, tick = [], 0
    for steps, gate, number in line:
        length = steps * max(division // grid, 1)
        spans.append((tick, tick + max(1, int(length * gate)), number))
        tick += length
    check(lambda: list(read_midi(file(track([*notes(spans), *metas]), division=division))))
