"""Names of stems: patterns, tags that make odd names, and names that are too long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.audio.tags import Tags
from canzona.errors import UsageError
from canzona.separation.names import LONGEST_NAME, Pattern, shortened

NO_TAGS = Tags()
TAGS = Tags("Night/Drive", "AC:DC")


@pytest.mark.parametrize(
    ("pattern", "tags", "expected"),
    [
        ("{track}.{stem}.{ext}", NO_TAGS, "song.synth.wav"),
        ("{track}/{stem}.{ext}", NO_TAGS, "song/synth.wav"),
        ("{stem}-{track}", NO_TAGS, "synth-song.wav"),
        ("{artist}/{title} ({stem}).{ext}", TAGS, "AC_DC/Night_Drive (synth).wav"),
        ("{artist}/{title} ({stem}).{ext}", NO_TAGS, "unknown artist/song (synth).wav"),
        ("{{{track}}}.{stem}.{ext}", NO_TAGS, "{song}.synth.wav"),
        ("{artist}.{stem}.{ext}", Tags(artist=" ..\t"), "unknown artist.synth.wav"),
        ("{title}/{stem}.{ext}", Tags("..", "x"), "song/synth.wav"),
        ("./{track}//{stem}", NO_TAGS, "song/synth.wav"),
        ("{track}_{stem}.wav", NO_TAGS, "song_synth.wav"),
        ("{track}.wav_{stem}", NO_TAGS, "song.wav_synth.wav"),
    ],
)
def test_patterns(pattern: str, tags: Tags, expected: str) -> None:
    assert Pattern(pattern).path("song", "synth", "wav", tags) == Path(expected)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{track}.{stem", "is no pattern"),
        ("{track}.}{stem}", "is no pattern"),
        ("{song}.{stem}", "asks for 'song'"),
        ("{}.{stem}", "asks for ''"),
        ("{track!r}.{stem}", "asks for 'track'"),
        ("{track:>9}.{stem}", "asks for 'track'"),
        ("{track.stem}", "asks for 'track.stem'"),
        ("{track[0]}", "asks for"),
        ("", "names no file"),
        (".", "names no file"),
        ("{track}/", "names no file"),
        ("a\0b", "names no file"),
        ("/tmp/{track}.{stem}", "leads out of the target folder"),
        ("../{track}.{stem}", "leads out of the target folder"),
    ],
)
def test_patterns_that_make_no_names(pattern: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Pattern(pattern)
    assert said in str(caught.value) and caught.value.hint


@pytest.mark.parametrize(
    "track", ["Ünïcode 音楽", "blank ", " blank", "a.b.c", "back\\slash", "100%", "{track}"]
)
def test_a_track_is_named_as_its_file_is(track: str) -> None:
    assert Pattern().path(track, "rest", "flac", NO_TAGS) == Path(f"{track}.rest.flac")


@given(track=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
       title=st.text(), artist=st.text())  # fmt: skip
def test_no_song_leads_out_of_the_folder(track: str, title: str, artist: str) -> None:
    for text in ("{track}/{stem}.{ext}", "{artist}/{title}/{stem}", "{title}.{stem}.{ext}"):
        try:
            made = Pattern(text).path(track, "synth", "wav", Tags(title, artist))
        except UsageError:
            continue
        assert not made.is_absolute()
        assert not {"..", "."} & set(made.parts)
        assert len(made.parts) == text.count("/") + 1
        assert all(len(os.fsencode(part)) <= LONGEST_NAME for part in made.parts)


@pytest.mark.parametrize("letter", ["x", "ü", "音", "🎹"])
@pytest.mark.parametrize("count", [200, 251, 600])
def test_long_names_are_cut_alike_for_all_stems(tmp_path: Path, letter: str, count: int) -> None:
    names = [Pattern().path(letter * count, stem, "wav", NO_TAGS).name for stem in ("synth", "rest")]
    assert all(len(os.fsencode(name)) <= LONGEST_NAME for name in names)
    assert names[0].removesuffix(".synth.wav") == names[1].removesuffix(".rest.wav")
    for name in names:
        (tmp_path / name).write_bytes(b"")


def test_a_name_of_two_hundred_letters_is_whole() -> None:
    assert Pattern().path("x" * 200, "synth", "wav", NO_TAGS).name == "x" * 200 + ".synth.wav"


def test_cut_names_stay_apart() -> None:
    one, other = (Pattern().path("x" * 300 + end, "synth", "wav", NO_TAGS) for end in "ab")
    assert one != other
    assert shortened("x" * 300, 100) == shortened("x" * 300, 100)


def test_a_pattern_that_is_too_long_itself() -> None:
    with pytest.raises(UsageError, match="too long"):
        Pattern("y" * 260 + "{stem}").path("song", "synth", "wav", NO_TAGS)
