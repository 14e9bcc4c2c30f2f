"""Which notes of a MIDI file are the tune: tracks, channels, drums, chords, and the bytes of their events."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from canzona.errors import FormatError, PolyphonyError
from canzona.score import Tune
from midi_chunks import file, meta, meter, notes, times, track, tune_of, variable

F = Fraction
NAME = 0x03


def named(name: str, *spans: tuple[int, int, int], channel: int = 0) -> bytes:
    """A track with a name."""
    return track([(0, meta(NAME, name.encode())), *notes(spans, channel)])


def scale(start: int, count: int = 4) -> list[tuple[int, int, int]]:
    """Quarter notes upwards."""
    return [(480 * n, 480 * n + 480, start + n) for n in range(count)]


def numbers(tune: Tune) -> list[int]:
    """MIDI numbers of what sounds."""
    return [int(n.pitch.midi) for n in tune.notes if n.pitch is not None]


def raw(body: bytes, division: int = 480) -> bytes:
    """A file of one track of bytes."""
    return file(b"MTrk" + struct.pack(">I", len(body)) + body, division=division)


CONDUCTOR = track([meter(0, 3, 4)])
HYMN = [
    CONDUCTOR,
    named("Soprano", *scale(72)),
    named("Alto", *scale(64), channel=1),
    named("Alto", *scale(60), channel=2),
]

# Voices.


def test_a_single_voice_is_read_wherever_it_stands() -> None:
    for data in (
        file(track(notes(scale(60)))),
        file(CONDUCTOR, named("Flute", *scale(60))),
        file(track([]), track([]), named("Flute", *scale(60)), track([])),
        file(track(notes(scale(60), channel=15))),
        file(track(notes(scale(60))), kind=1),
    ):
        assert numbers(tune_of(data)) == [60, 61, 62, 63]
        assert tune_of(data).losses == ()


@pytest.mark.parametrize(
    ("chosen", "first"), [("1", 72), ("2", 64), ("3", 60), ("soprano", 72), ("SOPRANO", 72), ("Alto", 64)]
)
def test_a_voice_is_chosen_by_number_or_name(chosen: str, first: int) -> None:
    tune = tune_of(file(*HYMN), chosen)
    assert numbers(tune)[0] == first
    assert tune.losses == ("8 notes of other voices",)
    assert str(tune.meter) == "3/4"


@pytest.mark.parametrize("chosen", ["0", "4", "-1", "Bass", "", "²", "1.0", "9" * 30])
def test_a_voice_that_is_not_there_is_refused_with_a_list(chosen: str) -> None:
    with pytest.raises(FormatError) as caught:
        tune_of(file(*HYMN), chosen)
    listed = "1 'Soprano' (4 notes), 2 'Alto' (4 notes), 3 'Alto' (4 notes)"
    assert caught.value.message == f"song.mid: has no track '{chosen}' with notes (its tracks: {listed})"
    assert caught.value.hint == "choose 1 to 3 or a name"


def test_numbers_count_the_tracks_with_notes() -> None:
    data = file(CONDUCTOR, track([]), named("Flute", *scale(72)), track([]), named("Bass", *scale(40)))
    assert numbers(tune_of(data, "2"))[0] == 40
    assert tune_of(data, "Flute").title == ""


def test_channels_of_one_track_are_voices_of_their_own() -> None:
    data = file(track([*notes(scale(72), 0), *notes(scale(48), 3)]))
    with pytest.raises(
        PolyphonyError, match=r"holds 2 voices: 1 'channel 1' \(4 notes\), 2 'channel 4' \(4 notes\)"
    ):
        tune_of(data)
    assert numbers(tune_of(data, "channel 4")) == [48, 49, 50, 51]


def test_of_many_voices_twelve_are_listed() -> None:
    tracks = [named(f"Horn {n}", *scale(60), channel=n % 9) for n in range(1, 21)]
    with pytest.raises(
        PolyphonyError, match=r"holds 20 voices: 1 'Horn 1' .*12 'Horn 12' \(4 notes\), \.\.\.;"
    ):
        tune_of(file(*tracks))


def test_drums_are_no_voice() -> None:
    drums = named("Drums", *scale(35, 8), channel=9)
    tune = tune_of(file(named("Flute", *scale(72)), drums))
    assert numbers(tune) == [72, 73, 74, 75]
    assert tune.losses == ("8 notes of percussion",)
    alone = tune_of(file(drums))
    assert alone.is_empty
    assert alone.losses == ("8 notes of percussion",)


def test_a_file_without_a_note_is_an_empty_tune() -> None:
    tune = tune_of(file(track([(0, meta(NAME, b"Silence"))])))
    assert tune.is_empty
    assert tune.title == "Silence"


# Chords and overlaps in a voice.


def test_the_upper_notes_of_a_chosen_voice_are_its_line() -> None:
    chords = [(480 * n, 480 * n + 480, 60 + n + step) for n in range(4) for step in (0, 4, 7)]
    tune = tune_of(file(track(notes(chords))), "1")
    assert numbers(tune) == [67, 68, 69, 70]
    assert times(tune) == [(F(n), F(1)) for n in range(4)]
    assert tune.losses == ("8 notes below the upper line",)


def test_a_bass_note_held_under_a_melody_gives_way_to_it() -> None:
    spans = [*scale(72, 8), (0, 480 * 8, 48)]
    tune = tune_of(file(track(notes(spans))))
    assert numbers(tune) == list(range(72, 80))
    assert tune.losses == ("1 notes below the upper line",)


def test_a_chord_broken_within_a_blink_is_one() -> None:
    spans = [(0, 480, 60), (3, 480, 64), (6, 480, 67), *((480 * n, 480 * n + 480, 72) for n in range(1, 18))]
    tune = tune_of(file(track(notes(spans))))
    assert numbers(tune) == [67] + [72] * 17
    assert times(tune)[0] == (F(0), F(1))


@pytest.mark.parametrize(("chords", "refused"), [(1, False), (2, False), (3, True), (9, True)])
def test_chords_in_more_than_an_eighth_of_the_notes_have_to_be_chosen(chords: int, refused: bool) -> None:
    spans = scale(60, 16) + [(480 * n, 480 * n + 480, 40) for n in range(chords)]
    data = file(track(notes(spans)))
    assert numbers(tune_of(data, "1")) == list(range(60, 76))
    if refused:
        with pytest.raises(PolyphonyError, match=f"{chords} of its {16 + chords} notes sound together"):
            tune_of(data)
    else:
        assert numbers(tune_of(data)) == list(range(60, 76))


def test_the_same_key_struck_again_before_it_was_let_go_is_struck_again() -> None:
    body = (
        b"\x00\x90\x3c\x40"
        + variable(480)
        + b"\x3c\x40"
        + variable(480)
        + b"\x3c\x00\x00\x3c\x00\x00\xff\x2f\x00"
    )
    assert times(tune_of(raw(body))) == [(F(0), F(1)), (F(1), F(1))]


def test_notes_without_a_length_are_said_to_be_lost() -> None:
    spans = [*notes(scale(60)), (480, b"\x90\x50\x40\x00\x80\x50\x40")]
    tune = tune_of(file(track(spans)))
    assert numbers(tune) == [60, 61, 62, 63]
    assert tune.losses == ("1 notes without a length",)


# Events.


def test_a_note_ends_by_a_release_or_by_a_note_of_no_velocity() -> None:
    released = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x00\x00\xff\x2f\x00"
    silenced = b"\x00\x90\x3c\x40\x83\x60\x90\x3c\x00\x00\xff\x2f\x00"
    running = b"\x00\x90\x3c\x40\x83\x60\x3c\x00\x00\xff\x2f\x00"
    assert times(tune_of(raw(released))) == times(tune_of(raw(silenced))) == times(tune_of(raw(running)))


@pytest.mark.parametrize(
    "between",
    [b"\xff\x01\x02la", b"\xf0\x03\x7e\x09\xf7", b"\xff\x7f\x00"],
    ids=["text", "system exclusive", "sequencer's own"],
)
def test_a_status_holds_on_behind_a_text(between: bytes) -> None:
    """The standard ends a running status there; files that go on with it are read by others too."""
    body = b"\x00\x90\x3c\x40\x00" + between + b"\x83\x60\x3c\x00\x00\x3e\x40\x83\x60\x3e\x00\x00\xff\x2f\x00"
    assert times(tune_of(raw(body))) == [(F(0), F(1)), (F(1), F(1))]


@pytest.mark.parametrize(
    "event",
    [
        b"\xb0\x07\x64",
        b"\xa0\x3c\x40",
        b"\xd0\x40",
        b"\xc0\x28",
        b"\xf0\x02\x01\xf7",
        b"\xf7\x01\x00",
        b"\xf2\x00\x00",
        b"\xf3\x01",
        b"\xf8",
        b"\xff\x20\x01\x00",
    ],
    ids=["control", "key pressure", "channel pressure", "program", "sysex", "escape", "position", "song",
         "clock", "prefix"],
)  # fmt: skip
def test_events_that_make_no_note_are_passed_over(event: bytes) -> None:
    body = b"\x00" + event + b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40\x00" + event + b"\x00\xff\x2f\x00"
    assert times(tune_of(raw(body))) == [(F(0), F(1))]


def test_what_follows_the_end_of_a_track_is_passed_over() -> None:
    body = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40\x00\xff\x2f\x00\x00\x90\x3c"
    assert times(tune_of(raw(body))) == [(F(0), F(1))]


def test_a_track_without_an_end_is_read_to_its_last_byte() -> None:
    assert times(tune_of(raw(b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40"))) == [(F(0), F(1))]


def test_a_longer_header_and_a_wrong_count_of_tracks_do_not_matter() -> None:
    data = file(track(notes(scale(60))))
    longer = b"MThd" + struct.pack(">IHHH", 8, 0, 7, 480) + b"\0\0" + data[14:]
    assert numbers(tune_of(longer)) == [60, 61, 62, 63]


def test_bytes_behind_the_last_track_do_not_matter() -> None:
    assert numbers(tune_of(file(track(notes(scale(60)))) + b"\0\0\0")) == [60, 61, 62, 63]


@pytest.mark.parametrize(
    ("bend", "name", "alter"),
    [
        (0x2000, "C", F(0)),
        (0x2800, "C", F(1, 2)),
        (0x1800, "C", F(-1, 2)),
        (0x2000 + 1820, "C", F(4, 9)),
        (0x3000, "D", F(-1)),
        (0x0000, "B", F(-1)),
    ],
)
def test_a_bend_lifts_the_notes_that_follow(bend: int, name: str, alter: Fraction) -> None:
    """Two semitones either way, as General MIDI begins; in G flat major, so that the names are known."""
    key = (0, meta(0x59, b"\xfa\x00"))
    event = bytes((0xE0, bend & 0x7F, bend >> 7))
    pitch = tune_of(file(track([key, (0, event), *notes([(0, 480, 60)])]))).notes[0].pitch
    assert pitch is not None
    assert (pitch.step, pitch.alter) == (name, alter)


def test_a_bend_holds_until_the_next_one_in_its_channel() -> None:
    up, back = b"\xe0\x00\x50", b"\xe0\x00\x40"
    other = b"\xe5\x00\x50"
    events = [(0, other), (480, up), (1440, back)]
    tune = tune_of(file(track([*events, *notes(scale(60))])))
    assert [n.pitch.midi for n in tune.notes if n.pitch is not None] == [60, F(123, 2), F(125, 2), 63]


def test_every_key_is_read_and_sounds_as_it_was() -> None:
    spans = [(480 * n, 480 * n + 480, n) for n in range(128)]
    assert numbers(tune_of(file(track(notes(spans))))) == list(range(128))
