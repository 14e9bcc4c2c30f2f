"""What MIDI says beside its notes: tempo, keys, names, texts, lyrics, markers, and how it was made."""

from __future__ import annotations

from fractions import Fraction

import pytest

from canzona.score import Attachment, Key, Note, Pitch, Section, Tune
from canzona.score.midi import read_midi, write_midi
from canzona.score.tune import standard_signature
from midi_chunks import file, meta, meter, notes, times, track, tune_of

F = Fraction

TEXT, COPYRIGHT, NAME, INSTRUMENT, LYRIC, MARKER, CUE = range(1, 8)
FOUR = notes([(480 * n, 480 * n + 480, 60 + 2 * n) for n in range(4)])


def with_metas(*events: tuple[int, int, bytes | str], spans: list[tuple[int, bytes]] = FOUR) -> Tune:
    """Four quarter notes and meta events (tick, kind, data)."""
    metas = [
        (tick, meta(kind, data.encode() if isinstance(data, str) else data)) for tick, kind, data in events
    ]
    return tune_of(file(track([*metas, *spans])))


def micro(microseconds: int) -> bytes:
    return microseconds.to_bytes(3, "big")


def signs(tune: Tune, kind: str) -> list[tuple[Fraction, str]]:
    """Moment and text of all signs of a kind."""
    return [
        (note.onset + sign.offset, sign.text)
        for note in tune.notes
        for sign in note.attachments
        if sign.kind == kind
    ]


# Tempo.


@pytest.mark.parametrize(
    ("microseconds", "tempo"),
    [
        (500_000, F(120)),
        (600_000, F(100)),
        (666_667, F(90)),
        (674_157, F(89)),
        (652_174, F(92)),
        (461_538, F(130)),
        (648_649, F(185, 2)),
        (1_000_000, F(60)),
    ],
)
def test_a_tempo_is_the_simplest_that_is_written_so(microseconds: int, tempo: Fraction) -> None:
    found = with_metas((0, 0x51, micro(microseconds))).tempo
    assert found is not None
    assert round(60_000_000 / found) == microseconds
    assert abs(found - tempo) < F(1, 1000)
    assert found.denominator <= tempo.denominator


def test_without_a_tempo_the_tune_has_none() -> None:
    assert with_metas().tempo is None


def test_tempo_changes_hang_on_the_notes_that_sound_then() -> None:
    tune = with_metas((0, 0x51, micro(500_000)), (480, 0x51, micro(600_000)), (1200, 0x51, micro(750_000)))
    assert tune.tempo == 120
    assert signs(tune, "tempo") == [(F(1), "100"), (F(5, 2), "80")]
    assert tune.notes[2].attachments == (Attachment("tempo", "80", 1, F(1, 2)),)


def test_the_same_tempo_twice_at_the_start_is_said_once() -> None:
    """Programs repeat the tempo in each track; the second says nothing new."""
    tune = with_metas((0, 0x51, micro(600_000)), (0, 0x51, micro(600_000)))
    assert (tune.tempo, signs(tune, "tempo")) == (F(100), [])


def test_a_first_tempo_that_comes_later_is_a_change() -> None:
    tune = with_metas((960, 0x51, micro(600_000)))
    assert tune.tempo is None
    assert signs(tune, "tempo") == [(F(2), "100")]


@pytest.mark.parametrize("offset", [F(1, 3), F(1, 7), F(1, 90), F(243, 500)])
def test_a_tempo_within_a_note_keeps_its_moment_in_a_written_file(offset: Fraction) -> None:
    sign = Attachment("tempo", "100", 1, offset)
    note = Note(F(0), F(4), Pitch("C", F(0), 4), attachments=(sign,))
    written = write_midi([Tune(notes=(note,), tempo=F(120))])
    assert "tempo changes" not in written.losses
    (back,) = read_midi(written.data)
    assert back.notes[0].attachments == (sign,)


def test_what_changes_behind_the_last_note_is_no_change() -> None:
    tune = with_metas((5000, 0x59, b"\x02\x00"), (5000, 0x58, b"\x03\x02\x18\x08"), (5000, MARKER, "End"))
    assert (len(tune.keys), len(tune.meters)) == (1, 1)
    assert tune.sections == (Section(F(4), "End"),)


@pytest.mark.parametrize("data", [b"", b"\0\0\0"])
def test_a_tempo_of_nothing_is_passed_over(data: bytes) -> None:
    assert with_metas((0, 0x51, data)).tempo is None


# Keys.


@pytest.mark.parametrize("fifths", range(-7, 8))
@pytest.mark.parametrize("minor", [0, 1])
def test_all_thirty_keys(fifths: int, minor: int) -> None:
    majors = [
        "C-",
        "G-",
        "D-",
        "A-",
        "E-",
        "B-",
        "F",
        "C",
        "G",
        "D",
        "A",
        "E",
        "B",
        "F#",
        "C#",
        "G#",
        "D#",
        "A#",
    ]
    key = with_metas((0, 0x59, bytes((fifths % 256, minor)))).key
    assert key is not None
    assert str(key) == f"{majors[fifths + 7 + 3 * minor]} {'minor' if minor else 'major'}"
    assert key.signature == standard_signature(fifths)


def test_a_key_that_changes_spells_what_follows() -> None:
    spans = notes([(480 * n, 480 * n + 480, 61) for n in range(4)])
    tune = with_metas((0, 0x59, b"\x02\x00"), (960, 0x59, b"\xfb\x00"), spans=spans)
    assert [onset for onset, _ in tune.keys] == [0, 2]
    assert [str(note.pitch) for note in tune.notes] == ["C#4", "C#4", "D-4", "D-4"]


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x08\x00", b"\xf0\x00"])
def test_a_key_that_makes_no_sense_is_passed_over(data: bytes) -> None:
    assert with_metas((0, 0x59, data)).key == with_metas().key


# Names and texts.


def test_the_first_track_names_the_tune_and_its_own_text_is_a_comment() -> None:
    tune = with_metas((0, NAME, "The Song"), (0, TEXT, "sung by a miller"), (0, TEXT, "twice"))
    assert (tune.title, tune.comments) == ("The Song", ("sung by a miller", "twice"))


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ("Żabka".encode(), "Żabka"),
        ("Müller".encode("latin-1"), "Müller"),
        (b"  The Song \0\0", "The Song"),
        (b"", ""),
        (b"The\tSong\r\n", "The\tSong"),
    ],
)
def test_names_are_utf8_or_latin1(data: bytes, title: str) -> None:
    assert with_metas((0, NAME, data)).title == title


def test_records_that_we_wrote_win_over_the_name() -> None:
    tune = with_metas(
        (0, NAME, "x"), (0, TEXT, "!!!OTL: The Song"), (0, TEXT, "!!!ARE: Europa"), (0, TEXT, "!!!bad")
    )
    assert tune.records == (("OTL", "The Song"), ("ARE", "Europa"))


def test_a_copyright_is_a_record() -> None:
    assert with_metas((0, COPYRIGHT, "1900")).records == (("YEM", "1900"),)
    assert with_metas((0, COPYRIGHT, "1900"), (0, TEXT, "!!!YEM: 1901")).records == (("YEM", "1901"),)


def test_how_the_file_was_made_is_found() -> None:
    made = '{"command":"compose","version":"1.0"}'
    tune = with_metas((0, TEXT, f"canzona: {made}"), (0, TEXT, "canzona"))
    assert (tune.provenance, tune.comments) == (made, ("canzona",))


@pytest.mark.parametrize(
    ("events", "program", "instrument"),
    [
        ([(INSTRUMENT, "Nose flute")], 40, "Nose flute"),
        ([], 40, "violin"),
        ([], 0, "acoustic grand piano"),
        ([], None, ""),
        ([(NAME, "A tune")], None, ""),
    ],
)
def test_the_instrument_of_a_single_track(
    events: list[tuple[int, str]], program: int | None, instrument: str
) -> None:
    change = [] if program is None else [(0, bytes((0xC0, program)))]
    tune = with_metas(*((0, kind, text) for kind, text in events), spans=[*change, *FOUR])
    assert tune.instrument == instrument


@pytest.mark.parametrize(
    ("name", "program", "instrument"),
    [
        ("Flute", None, "Flute"),
        ("Flute", 73, "Flute"),
        ("Flute", 0, "Flute"),
        ("Melody", 40, "violin"),
        ("Melody", None, "Melody"),
        ("", 40, "violin"),
        ("The Song", None, ""),
        ("The Song ", 40, "violin"),
    ],
)
def test_a_track_of_its_own_is_called_by_its_instrument(
    name: str, program: int | None, instrument: str
) -> None:
    """The name of a track behind the first is that of an instrument or voice."""
    change = [] if program is None else [(0, bytes((0xC0, program)))]
    head = track([(0, meta(NAME, b"The Song"))])
    tune = tune_of(file(head, track([(0, meta(NAME, name.encode())), *change, *FOUR])))
    assert (tune.title, tune.instrument) == ("The Song", instrument)


# Lyrics.


def test_lyrics_belong_to_the_notes_of_their_moment() -> None:
    tune = with_metas((0, LYRIC, "Hal-"), (480, LYRIC, "le-"), (960, LYRIC, "lu-"), (1440, LYRIC, "jah"))
    assert [text for _, text in signs(tune, "lyric")] == ["Hal-", "le-", "lu-", "jah"]
    assert tune.losses == ()


def test_lyrics_of_notes_that_come_a_tick_late_stay_with_them() -> None:
    """abc2midi writes each note, and its syllable, a tick after the beat."""
    late = notes([(480 * n + 1, 480 * n + 480, 60) for n in range(4)])
    tune = with_metas(*((480 * n + 1, LYRIC, f"la{n}") for n in range(4)), spans=late)
    assert signs(tune, "lyric") == [(F(n), f"la{n}") for n in range(4)]
    assert tune.losses == ()


def test_lyrics_of_played_notes_stay_with_them() -> None:
    onsets = [3, 471, 968, 1435, 1926, 2391, 2887, 3352, 3846]
    spans = notes([(onset, onset + 400, 60) for onset in onsets])
    tune = with_metas(*((onset, LYRIC, f"la{n}") for n, onset in enumerate(onsets)), spans=spans)
    assert signs(tune, "lyric") == [(F(n), f"la{n}") for n in range(9)]


def test_a_line_end_after_a_syllable_does_not_replace_it() -> None:
    tune = with_metas((0, LYRIC, "la"), (0, LYRIC, "\r"), (480, LYRIC, "\n"), (480, LYRIC, "lo"))
    assert signs(tune, "lyric") == [(F(0), "la"), (F(1), "lo")]


def test_two_syllables_at_one_note_are_read_once_and_said() -> None:
    tune = with_metas((0, LYRIC, "la"), (0, LYRIC, "lo"))
    assert signs(tune, "lyric") == [(F(0), "la")]
    assert tune.losses == ("1 lyrics between the notes",)


def test_lyrics_between_the_notes_and_on_rests_are_said_to_be_lost() -> None:
    spans = notes([(0, 480, 60), (960, 1440, 62)])
    tune = with_metas((0, LYRIC, "la"), (100, LYRIC, "x"), (480, LYRIC, "y"), (960, LYRIC, "li"), spans=spans)
    assert signs(tune, "lyric") == [(F(0), "la"), (F(2), "li")]
    assert tune.losses == ("2 lyrics between the notes",)


def test_lyrics_in_a_track_of_their_own_are_read() -> None:
    """Karaoke files keep the words beside the notes."""
    words = track([(0, meta(NAME, b"Words")), *((480 * n, meta(LYRIC, b"la%d" % n)) for n in range(4))])
    tune = tune_of(file(track([(0, meta(NAME, b"Song"))]), track(FOUR), words))
    assert signs(tune, "lyric") == [(F(n), f"la{n}") for n in range(4)]


def test_the_voices_own_lyrics_are_read_before_those_of_other_tracks() -> None:
    own = track([*FOUR, (0, meta(LYRIC, b"mine"))])
    other = track([(0, meta(LYRIC, b"yours"))])
    tune = tune_of(file(track([]), own, other))
    assert signs(tune, "lyric") == [(F(0), "mine")]


# Karaoke files: syllables as plain texts, words parted by blanks.

KARAOKE = (0, meta(TEXT, b"@KMIDI KARAOKE FILE"))


@pytest.mark.parametrize(
    ("texts", "lyrics"),
    [
        (["/la", " li", " lo", " lu"], ["la", "li", "lo", "lu"]),
        (["\\Hal", "le", "lu", "jah"], ["Hal-", "le-", "lu-", "jah"]),
        (["la ", "li ", "lo ", "lu"], ["la", "li", "lo", "lu"]),
        (["/A", "men,", "/a", "men"], ["A-", "men,", "a-", "men"]),
        (["/Mül", "ler", " tot", "/ja"], ["Mül-", "ler", "tot", "ja"]),
    ],
)
def test_the_texts_of_a_karaoke_file_are_lyrics(texts: list[str], lyrics: list[str]) -> None:
    words = [(480 * n, meta(TEXT, text.encode("latin-1"))) for n, text in enumerate(texts)]
    own = tune_of(file(track([KARAOKE, *words, *FOUR])))
    apart = tune_of(file(track([]), track([KARAOKE, *words]), track(FOUR)))
    for tune in (own, apart):
        assert [text for _, text in signs(tune, "lyric")] == lyrics
        assert (tune.comments, tune.losses) == ((), ())


def test_what_a_karaoke_file_says_of_itself_is_a_comment() -> None:
    about = [
        (0, meta(TEXT, text)) for text in (b"@LENGL", b"@TThe Song", b"@TA Singer", b"@Iby ear", b"@V0100")
    ]
    tune = tune_of(file(track([(0, meta(NAME, b"Song")), KARAOKE, *about, *FOUR])))
    assert (tune.title, tune.comments) == ("Song", ("The Song", "A Singer", "by ear"))


def test_a_karaoke_file_of_abc2midi_reads_whole() -> None:
    """Everything in it comes a tick late, even the key and the meter, but for what its first track names."""
    head = [
        (1, meta(TEXT, b"@KMIDI KARAOKE FILE")),
        (1, meta(NAME, b"Test")),
        (1, meta(TEXT, b"note track")),
        (1, meta(0x51, micro(500_000))),
        (1, meta(0x59, b"\x01\x00")),
        meter(1, 3, 4),
    ]
    words = [(0, b"notes/lyric track"), (1, b"/Hal"), (481, b"le"), (961, b"lu"), (1441, b"jah")]
    spans = notes([(480 * n + 1, 480 * n + 480, 67) for n in range(6)])
    later = meter(1441, 2, 4)
    voice = track([*((tick, meta(TEXT, text)) for tick, text in words), later, *spans])
    tune = tune_of(file(track(head), voice))
    assert tune.keys == ((F(0), Key("G", 0, "major", standard_signature(1))),)
    assert [(onset, str(found)) for onset, found in tune.meters] == [(F(0), "3/4"), (F(3), "2/4")]
    assert (tune.tempo, tune.title, tune.comments) == (F(120), "Test", ())
    assert [text for _, text in signs(tune, "lyric")] == ["Hal-", "le-", "lu-", "jah"]
    assert signs(tune, "tempo") == []


# Markers.


def test_markers_are_sections() -> None:
    tune = with_metas((0, MARKER, "A"), (960, MARKER, "Trio"), (960, CUE, "lights"))
    assert tune.sections == (Section(F(0), "A"), Section(F(2), "Trio"))


def test_markers_of_phrases_are_phrases() -> None:
    tune = with_metas((0, MARKER, "phrase"), (960, MARKER, "phrase end"), (960, MARKER, "phrase"))
    assert tune.phrasing == "marked"
    assert [note.phrase_start for note in tune.notes] == [True, False, True, False]
    assert [note.phrase_end for note in tune.notes] == [False, True, False, False]
    assert tune.sections == ()


def test_phrases_of_notes_that_come_a_tick_late_are_found() -> None:
    late = notes([(480 * n + 1, 480 * n + 480, 60) for n in range(4)])
    tune = with_metas((1, MARKER, "phrase"), (961, MARKER, "phrase"), spans=late)
    assert [note.onset for note in tune.notes if note.phrase_start] == [0, 2]


# The order of events and what stands in other tracks.


def test_meters_keys_and_tempos_of_the_first_track_hold_for_all() -> None:
    head = track([meter(0, 3, 4), (0, meta(0x59, b"\x01\x00")), (0, meta(0x51, micro(600_000)))])
    tune = tune_of(file(head, track(FOUR)))
    assert (str(tune.meter), str(tune.key), tune.tempo) == ("3/4", "G major", 100)


def test_key_and_meter_of_the_voices_own_track_are_read() -> None:
    own = track([meter(0, 3, 4), (0, meta(0x59, b"\xff\x01")), *FOUR])
    tune = tune_of(file(track([]), own))
    assert (str(tune.meter), tune.key) == ("3/4", Key("D", 0, "minor", standard_signature(-1)))


def test_texts_of_unknown_kinds_change_nothing() -> None:
    tune = with_metas(
        (0, 0x7F, b"\x43\x00"), (0, 0x20, b"\x00"), (0, 0x21, b"\x01"), (0, 0x54, b"\0" * 5), (0, 0x0A, "x")
    )
    assert times(tune) == [(F(n), F(1)) for n in range(4)]
    assert (tune.comments, tune.records, tune.losses) == ((), (), ())
