"""The Essen collection and other real kern files: all of them read, nothing is dropped silently."""

from fractions import Fraction as F
from pathlib import Path

import pytest

from canzona.score import Tune
from canzona.score.kern import read, write


@pytest.fixture(scope="module")
def essen(shared: Path) -> list[Path]:
    return sorted((shared / "data" / "essen").rglob("*.krn"))


@pytest.fixture(scope="module")
def tunes(essen: list[Path]) -> list[Tune]:
    return [next(read(path.read_bytes(), str(path))) for path in essen]


def test_every_file_reads_and_has_as_many_bars_as_bar_line_tokens(
    essen: list[Path], tunes: list[Tune]
) -> None:
    assert len(tunes) == 7438
    wrong = [
        path.name
        for path, tune in zip(essen, tunes, strict=True)
        if len(tune.barlines) != sum(row.startswith(b"=") for row in path.read_bytes().split(b"\n"))
    ]
    assert wrong == []


def test_every_note_token_is_a_note_or_a_tie(essen: list[Path], tunes: list[Tune]) -> None:
    """Total lengths, counted here from the durations of the tokens alone, without any music."""
    for path, tune in list(zip(essen, tunes, strict=True))[::7]:
        total = F(0)
        for row in path.read_text("cp850").splitlines():
            if row and row[0] not in "!*=.":
                digits = row.lstrip("[{(_")
                number = digits[: len(digits) - len(digits.lstrip("0123456789"))]
                dots = digits[len(number) :][:3].count(".")
                whole = F(2) if number == "0" else F(1, int(number))
                total += 4 * whole * (2 - F(1, 2**dots))
        assert tune.duration == total, path.name


def test_what_the_collection_is_known_to_hold(tunes: list[Tune]) -> None:
    assert sum(tune.is_empty for tune in tunes) == 1
    assert sum(tune.phrasing == "marked" for tune in tunes) == 7437
    assert sum(bool(tune.meter and tune.meter.is_free) for tune in tunes) > 150
    assert sum(tune.pickup > 0 for tune in tunes) > 3000
    assert all(tune.title for tune in tunes)
    assert not any("\x81" in value or "\ufffd" in value for tune in tunes for _, value in tune.records)
    assert sum("ü" in tune.title.lower() for tune in tunes) > 30


def test_losses_are_few_and_named(tunes: list[Tune]) -> None:
    lossy = [tune for tune in tunes if tune.losses]
    assert len(lossy) < 50
    assert {loss for tune in lossy for loss in tune.losses if "meter" in loss} == {
        "spelling of the meter '*M5/1%%%2+3%'"
    }


def _kept(tune: Tune) -> bool:
    written = write([tune])
    back = next(read(written.data))
    return back == tune and not written.losses and write([back]).data == written.data


def test_one_tune_in_twenty_survives_unchanged(tunes: list[Tune]) -> None:
    assert [tune.source for tune in tunes[::20] if not _kept(tune)] == []


@pytest.mark.slow
def test_every_tune_survives_unchanged(tunes: list[Tune]) -> None:
    assert [tune.source for tune in tunes if not _kept(tune)] == []


def test_songs_with_words_read_and_survive(shared: Path) -> None:
    folder = shared / "data" / "scores" / "polish-kern"
    paths = sorted(folder.glob("*.krn"))
    songs = [next(read(path.read_bytes(), str(path))) for path in paths]
    assert len(songs) == 245
    for path, song in zip(paths, songs, strict=True):
        bars = sum(row.startswith("=") for row in path.read_text("utf-8").splitlines())
        assert len(song.barlines) == bars, path.name
    sung = [song for song in songs if any(mark.kind == "lyric" for n in song.notes for mark in n.attachments)]
    assert len(sung) > 200
    assert any(
        mark.kind == "lyric" and mark.number > 5 for s in sung for n in s.notes for mark in n.attachments
    )
    assert sum(any(note.graces for note in song.notes) for song in songs) == 8
    assert all(song.phrasing == "inferred" for song in songs if not song.is_empty)
    assert [song.source for song in songs[::8] if not _kept(song)] == []
