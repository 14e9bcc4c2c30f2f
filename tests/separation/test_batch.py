"""Many songs: where the stems go, what is done already, clashes, and processes at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from canzona.errors import ModelError, UsageError
from canzona.separation import Options, Report, SeparationModel, extract_songs, plan_songs
from canzona.separation import batch as batch_module
from canzona.separation.report import Song
from canzona.separation.song import extract_song
from sealed_model import seal
from small_extractor import RATE, filter_model, noise, saved
from stem_sets import needs_ffmpeg


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SeparationModel:
    return SeparationModel.open(filter_model(tmp_path_factory.mktemp("models") / "half", [0.5]).path)


def write(path: Path, seconds: float = 0.3, seed: int = 1, **tags: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix[1:].upper()
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16" if kind != "OGG" else None, format=kind) as file:
        for name, words in tags.items():
            setattr(file, name, words)
        file.write(noise(seed, round(seconds * RATE)).T)
    return path


def planned(sources: list[Path], folder: Path, model: SeparationModel, **options: object) -> list[Song]:
    found = plan_songs(sources, folder, model, Options(**options))  # type: ignore[arg-type]
    assert all(isinstance(each, Song) for each in found)
    return [each for each in found if isinstance(each, Song)]


def run(
    sources: list[Path], folder: Path, model: SeparationModel, jobs: int = 1, **options: object
) -> list[Report]:
    asked = Options(**options)  # type: ignore[arg-type]
    return list(extract_songs(plan_songs(sources, folder, model, asked), model, asked, jobs=jobs))


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_keeps_its_shape(tmp_path: Path, model: SeparationModel) -> None:
    for name in ("a.wav", "album/b.flac", "album/side two/c.ogg"):
        write(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no song")
    (tmp_path / "in" / "album" / "._b.wav").write_bytes(b"what a Mac leaves")
    reports = run([tmp_path / "in"], tmp_path / "out", model, only="synth")
    assert [report.status for report in reports] == ["done"] * 3
    assert tree(tmp_path / "out") == ["a.synth.wav", "album/b.synth.wav", "album/side two/c.synth.wav"]


def test_presence_and_picture_lie_beside_the_stems(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav")
    run([source], tmp_path / "out", model, presence=True, plot=True, filename="{track}/{stem}.{ext}")
    assert tree(tmp_path / "out") == [
        "song/rest.wav", "song/song.png", "song/song.presence.csv", "song/synth.wav",
    ]  # fmt: skip


def test_a_folder_and_a_file_in_it_are_one_song(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "in" / "a.wav")
    other = write(tmp_path / "in" / "b.wav")
    for asked in ([tmp_path / "in", source], [other, source, tmp_path / "in"]):
        found = planned(asked, tmp_path / "out", model)
        assert sorted(song.source.name for song in found) == ["a.wav", "b.wav"]


def test_a_stem_that_stays_adds_up_with_what_is_made_beside_it(
    tmp_path: Path, model: SeparationModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine, where an estimate's last bits differ, it would not."""
    source = write(tmp_path / "song.wav")
    run([source], tmp_path / "out", model, only="synth")
    usual = SeparationModel.hear
    monkeypatch.setattr(
        SeparationModel, "hear", lambda self, window: usual(self, window) * np.float32(1.00002)
    )
    (report,) = run([source], tmp_path / "out", model)
    assert report.status == "failed" and "does not add up with what is made" in report.reason
    assert tree(tmp_path / "out") == ["song.synth.wav"]
    monkeypatch.undo()
    (report,) = run([source], tmp_path / "out", model)
    assert report.status == "done"
    mixture, synth, rest = (soundfile.read(path, dtype="int16")[0] for path in (source, *report.outputs))
    np.testing.assert_array_equal(synth.astype(int) + rest, mixture)


def test_the_other_stem_of_a_song_without_the_target_is_made_later(tmp_path: Path) -> None:
    deaf = SeparationModel.open(
        filter_model(tmp_path / "deaf", [0.5], 0.1, presence={"threshold": 0.5, "seconds": 0.1}).path
    )
    source = write(tmp_path / "song.wav")
    assert run([source], tmp_path / "out", deaf, only="synth")[0].status == "absent"
    (report,) = run([source], tmp_path / "out", deaf)
    assert report.status == "absent" and len(report.outputs) == 2


def test_a_curve_without_the_files_that_say_whose_it_is_is_not_taken_for_done(
    tmp_path: Path, model: SeparationModel
) -> None:
    source = write(tmp_path / "song.wav")
    (report,) = run([source], tmp_path / "out", model, presence=True)
    for path in report.outputs[:2]:
        path.unlink()
    (report,) = run([source], tmp_path / "out", model, presence=True)
    assert report.status == "failed" and "song.presence.csv exists, and was not made" in report.reason
    assert run([source], tmp_path / "out", model, presence=True, force=True)[0].status == "done"


def test_tags_name_files(tmp_path: Path, model: SeparationModel) -> None:
    one = write(tmp_path / "01.wav", title="Night", artist="AC/DC")
    other = write(tmp_path / "02.wav")
    run([one, other], tmp_path / "out", model, only="rest", filename="{artist}/{title}.{stem}.{ext}")
    assert tree(tmp_path / "out") == ["AC_DC/Night.rest.wav", "unknown artist/02.rest.wav"]


def test_what_is_done_is_skipped(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav")
    assert run([source], tmp_path / "out", model)[0].status == "done"
    (again,) = run([source], tmp_path / "out", model)
    assert (again.status, len(again.outputs)) == ("skipped", 2)
    assert again.reason == "all of it is there already"
    later = time.time() + 10
    os.utime(source, (later, later))
    assert run([source], tmp_path / "out", model)[0].status == "skipped", "the same song at another time"
    assert run([source], tmp_path / "out", model, force=True)[0].status == "done"


@pytest.mark.parametrize("form", ["wav", "wav24", "flac", "flac24", "ogg", "mp3", "mp3-192"])
def test_stems_of_every_format_are_known_again(tmp_path: Path, model: SeparationModel, form: str) -> None:
    source = write(tmp_path / "song.wav", title="Süß \u3072", artist="Anna")
    statuses = [run([source], tmp_path / "out", model, format=form)[0].status for _ in range(2)]
    assert statuses == ["done", "skipped"]


def test_what_is_missing_is_made_and_what_is_there_stays(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav")
    (first,) = run([source], tmp_path / "out", model, only="synth")
    before = first.outputs[0].stat().st_mtime_ns
    (both,) = run([source], tmp_path / "out", model)
    assert both.status == "done" and len(both.outputs) == 2
    (more,) = run([source], tmp_path / "out", model, plot=True, presence=True)
    assert more.status == "done" and len(more.outputs) == 4
    assert first.outputs[0].stat().st_mtime_ns == before
    assert tree(tmp_path / "out") == ["song.png", "song.presence.csv", "song.rest.wav", "song.synth.wav"]
    assert run([source], tmp_path / "out", model, plot=True, presence=True)[0].status == "skipped"


def test_what_was_made_otherwise_is_neither_done_nor_replaced(tmp_path: Path, model: SeparationModel) -> None:
    """A preview, another format, another model, another song of the name, a stem that broke off."""
    source, out = write(tmp_path / "song.wav", 0.4), tmp_path / "out"
    run([source], out, model, end=0.2)
    held = {path: path.read_bytes() for path in out.iterdir()}
    other = SeparationModel.open(filter_model(tmp_path / "other", [0.3]).path)
    for heard, options in ((model, {}), (other, {"end": 0.2}), (model, {"end": 0.2, "format": "wav24"})):
        (report,) = run([source], out, heard, **options)
        assert report.status == "failed"
        assert "exists, and was not made of this song in this way; choose another name" in report.reason
    (report,) = run([write(tmp_path / "else" / "song.wav", 0.4, seed=2)], out, model, end=0.2)
    assert report.status == "failed"
    assert {path: path.read_bytes() for path in out.iterdir()} == held
    (out / "song.rest.wav").write_bytes(held[out / "song.rest.wav"][:5000])
    assert run([source], out, model, end=0.2)[0].status == "failed", "half a stem is none"
    (out / "song.synth.wav").write_bytes(b"")
    assert run([source], out, model, end=0.2)[0].status == "failed", "nor is an empty file"
    assert run([source], out, model, force=True)[0].status == "done"


@pytest.mark.parametrize("form", ["flac", "ogg", "mp3"])
def test_a_stem_that_broke_off_is_not_done(tmp_path: Path, model: SeparationModel, form: str) -> None:
    source, out = write(tmp_path / "song.wav", 3.0), tmp_path / "out"
    run([source], out, model, format=form)
    stem = out / f"song.synth.{form}"
    stem.write_bytes(stem.read_bytes()[: stem.stat().st_size // 2])
    (report,) = run([source], out, model, format=form)
    assert report.status == "failed" and f"{stem} exists, and was not made" in report.reason


@needs_ffmpeg
@pytest.mark.parametrize("work", [("-t", "0.5"), ("-ac", "1"), ("-ar", "22050")], ids=" ".join)
def test_a_stem_that_was_worked_on_since_is_not_done(
    tmp_path: Path, model: SeparationModel, work: tuple[str, ...]
) -> None:
    """Other programs keep the words in a file while they change its sound."""
    source, out = write(tmp_path / "song.wav", 1.0), tmp_path / "out"
    run([source], out, model)
    stem, changed = out / "song.synth.wav", tmp_path / "changed.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-i", stem, *work, changed], check=True)
    changed.replace(stem)
    (out / "song.rest.wav").unlink()
    (report,) = run([source], out, model)
    assert report.status == "failed" and tree(out) == ["song.synth.wav"]


def test_extras_of_a_preview_are_not_those_of_the_song(tmp_path: Path, model: SeparationModel) -> None:
    source, out = write(tmp_path / "song.wav", 1.0), tmp_path / "out"
    run([source], out, model, end=0.5, presence=True, plot=True)
    held = {path: path.read_bytes() for path in out.iterdir()}
    for name in ("song.synth.wav", "song.rest.wav"):
        (out / name).unlink()
    for extra in ({"presence": True}, {"plot": True}):
        (report,) = run([source], out, model, **extra)
        assert report.status == "failed" and "was not made of this song in this way" in report.reason
    assert run([source], out, model, end=0.5, presence=True, plot=True)[0].status == "done"
    assert {path: path.read_bytes() for path in out.iterdir()} == held


def test_the_curve_of_one_stem_is_that_of_the_other(tmp_path: Path, model: SeparationModel) -> None:
    source, out = write(tmp_path / "song.wav", 1.0), tmp_path / "out"
    for only in ("synth", "rest"):
        assert run([source], out, model, only=only, presence=True)[0].status == "done"
    assert tree(out) == ["song.presence.csv", "song.rest.wav", "song.synth.wav"]
    (out / "song.presence.csv").write_text("time,presence\nsoon,much\n")
    assert run([source], out, model, presence=True)[0].status == "failed", "a curve of nobody"


def test_two_stems_that_do_not_add_up_do_not_come_side_by_side(
    tmp_path: Path, model: SeparationModel
) -> None:
    source, out = write(tmp_path / "song.wav", 1.0), tmp_path / "out"
    run([source], out, model, only="synth", start=0.5)
    (report,) = run([source], out, model, only="rest")
    assert report.status == "failed" and "song.synth.wav exists, and was not made" in report.reason
    # What is no stem of ours is nobody's business.
    write(out / "song.synth.wav")
    assert run([source], out, model, only="rest")[0].status == "done"


@pytest.mark.parametrize("times", [{"start": 0.0}, {"end": 1.0}, {"end": 60.0}, {"start": 0.0, "end": 1.5}])
def test_the_whole_song_is_the_whole_song_however_it_is_asked_for(
    tmp_path: Path, model: SeparationModel, times: dict[str, float]
) -> None:
    source = write(tmp_path / "song.wav", 1.0)
    run([source], tmp_path / "out", model)
    assert run([source], tmp_path / "out", model, **times)[0].status == "skipped"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_device_in_the_place_of_a_stem_is_written_to(tmp_path: Path, model: SeparationModel) -> None:
    source, out = write(tmp_path / "song.wav"), tmp_path / "out"
    out.mkdir()
    (out / "song.rest.wav").symlink_to(os.devnull)
    assert run([source], out, model)[0].status == "done"
    assert (out / "song.rest.wav").is_symlink()


def test_a_song_that_fails_does_not_stop_the_others(tmp_path: Path, model: SeparationModel) -> None:
    (tmp_path / "text.wav").write_text("no song")
    sources = [tmp_path / "none.wav", tmp_path / "text.wav", write(tmp_path / "song.wav")]
    reports = run(sources, tmp_path / "out", model)
    assert [report.status for report in reports] == ["failed", "failed", "done"]
    assert [report.source for report in reports] == sources
    assert "no such file" in reports[0].reason and "is no sound file" in reports[1].reason
    assert tree(tmp_path / "out") == ["song.rest.wav", "song.synth.wav"]


def test_a_folder_without_songs(tmp_path: Path, model: SeparationModel) -> None:
    (tmp_path / "in").mkdir()
    (report,) = run([tmp_path / "in"], tmp_path / "out", model)
    assert report.status == "failed" and "holds no song" in report.reason


@pytest.mark.parametrize("form", ["wav", "flac16", "mp3"])
@pytest.mark.parametrize("filename", ["{track}.{stem}.{ext}", "{track}/{stem}"])
def test_stems_of_an_earlier_run_are_no_songs(
    tmp_path: Path, model: SeparationModel, form: str, filename: str
) -> None:
    write(tmp_path / "a.wav")
    write(tmp_path / "deep" / "b.wav")
    run([tmp_path], tmp_path, model, filename=filename)
    again = planned([tmp_path], tmp_path, model, format=form, filename=filename)
    assert [song.source.name for song in again] == ["a.wav", "b.wav"]


def test_stems_are_known_wherever_they_lie(tmp_path: Path, model: SeparationModel) -> None:
    """In a folder of their own, under names of another pattern, renamed."""
    write(tmp_path / "a.wav")
    run([tmp_path / "a.wav"], tmp_path / "x", model)
    run([tmp_path / "a.wav"], tmp_path, model, filename="{stem} of {track}", format="flac")
    (tmp_path / "x" / "a.rest.wav").rename(tmp_path / "x" / "karaoke.wav")
    assert [song.source.name for song in planned([tmp_path], tmp_path / "y", model)] == ["a.wav"]


def test_recordings_of_ones_own_that_are_named_as_stems_are_songs(
    tmp_path: Path, model: SeparationModel
) -> None:
    write(tmp_path / "a.wav")
    write(tmp_path / "a.synth.flac", seed=5)
    found = planned([tmp_path], tmp_path / "out", model)
    assert [song.source.name for song in found] == ["a.synth.flac", "a.wav"]
    own = write(tmp_path / "a.synth.wav", seed=6).read_bytes()
    with pytest.raises(UsageError, match=r"would replace the song .*a\.synth\.wav"):
        run([tmp_path], tmp_path, model, force=True)
    assert (tmp_path / "a.synth.wav").read_bytes() == own


def test_on_a_mac_names_differ_in_more_than_their_case(
    tmp_path: Path, model: SeparationModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = write(tmp_path / "in" / "Song.wav"), write(tmp_path / "too" / "song.wav")
    assert len(planned([one, other], tmp_path / "out", model)) == 2
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match="would both become"):
        planned([one, other], tmp_path / "out", model)


def test_two_songs_of_one_name_are_refused_before_anything_is_written(
    tmp_path: Path, model: SeparationModel
) -> None:
    one, other = write(tmp_path / "one" / "song.wav"), write(tmp_path / "two" / "song.wav")
    with pytest.raises(UsageError) as caught:
        run([one, other], tmp_path / "out", model)
    assert f"{one} and {other} would both become" in str(caught.value) and str(tmp_path) in caught.value.hint
    assert not (tmp_path / "out").exists()
    assert len(planned([tmp_path], tmp_path / "out", model)) == 2, "a folder above both tells them apart"


def test_songs_that_differ_in_their_endings_keep_them(tmp_path: Path, model: SeparationModel) -> None:
    for name in ("song.wav", "song.flac", "other.wav"):
        write(tmp_path / "in" / name)
    reports = run([tmp_path / "in"], tmp_path / "in", model, only="synth", presence=True)
    assert [report.status for report in reports] == ["done"] * 3
    assert tree(tmp_path / "in") == [
        "other.presence.csv", "other.synth.wav", "other.wav", "song.flac", "song.flac.presence.csv",
        "song.flac.synth.wav", "song.wav", "song.wav.presence.csv", "song.wav.synth.wav",
    ]  # fmt: skip
    assert [report.status for report in run([tmp_path / "in"], tmp_path / "in", model, only="synth")] == [
        "skipped"
    ] * 3


def test_one_song_named_twice_is_one_song(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    spelt = [source, source, tmp_path / "folder" / ".." / "song.wav", tmp_path / "link" / "song.wav"]
    assert len(planned(spelt, tmp_path / "out", model)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, model: SeparationModel) -> None:
    write(tmp_path / "in" / "a.wav")
    write(tmp_path / "in" / "closed" / "b.wav").parent.chmod(0)
    reports = run([tmp_path / "in"], tmp_path / "out", model)
    (tmp_path / "in" / "closed").chmod(0o700)
    assert [report.status for report in reports] == ["failed", "done"]
    assert "closed: permission denied" in reports[0].reason


def test_a_song_is_never_replaced(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav")
    with pytest.raises(UsageError, match="would replace the song"):
        run([source], tmp_path, model, only="synth", filename="{track}.{ext}", force=True)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="would replace the song"):
        run([source], tmp_path / "link", model, only="synth", filename="{track}.{ext}", force=True)


def test_requests_that_make_no_sense(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav")
    with pytest.raises(UsageError, match="there is no stem 'bass'; choose synth or rest"):
        run([source], tmp_path / "out", model, only="bass")
    with pytest.raises(UsageError, match="gives both stems one name"):
        run([source], tmp_path / "out", model, filename="{track}.{ext}")
    with pytest.raises(UsageError, match=r"song\.wav is no folder, and stems go into one"):
        run([source], source, model)
    for bad in ({"start": 5.0, "end": 4.0}, {"start": -1.0}, {"end": 0.0}, {"start": float("nan")}):
        with pytest.raises(UsageError, match="is no part of a song"):
            Options(**bad)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'wma' is no format"):
        Options("wma")


def test_the_stems_are_named_as_the_model_names_its_target(tmp_path: Path) -> None:
    folder = filter_model(tmp_path / "m", target="pads")
    source = write(tmp_path / "song.wav")
    run([source], tmp_path / "out", SeparationModel.open(folder.path))
    assert tree(tmp_path / "out") == ["song.pads.wav", "song.rest.wav"]


def test_processes_side_by_side_write_the_same_files(tmp_path: Path, model: SeparationModel) -> None:
    sources = [write(tmp_path / f"{number}.wav", 1.0, number) for number in range(3)]
    (tmp_path / "bad.wav").write_text("no song")
    sources.insert(1, tmp_path / "bad.wav")
    alone = run(sources, tmp_path / "alone", model)
    moves: list[float] = []
    asked = Options()
    plan = plan_songs(sources, tmp_path / "beside", model, asked)
    beside = list(extract_songs(plan, model, asked, jobs=2, progress=moves.append))
    assert [report.status for report in beside] == ["done", "failed", "done", "done"]
    assert "is no sound file" in beside[1].reason
    assert moves and moves == sorted(moves) and moves[-1] == 1.0
    for one, other in zip(alone, beside, strict=True):
        assert [path.read_bytes() for path in one.outputs] == [path.read_bytes() for path in other.outputs]


def test_progress_counts_songs_by_their_size(tmp_path: Path, model: SeparationModel) -> None:
    sources = [write(tmp_path / "short.wav", 1.0), write(tmp_path / "long.wav", 3.0)]
    moves: list[float] = []
    asked = Options()
    reports = extract_songs(
        plan_songs(sources, tmp_path / "out", model, asked), model, asked, progress=moves.append
    )
    next(reports)
    assert moves[-1] == pytest.approx(0.25, abs=0.01)
    next(reports)
    assert moves[-1] == 1.0 and moves == sorted(moves)


def test_stopping_early_ends_the_processes(tmp_path: Path, model: SeparationModel) -> None:
    """Who takes the first report and goes leaves no half-written song behind."""
    sources = [write(tmp_path / "0.wav", 0.5)] + [
        write(tmp_path / f"{number}.wav", 300.0, number) for number in (1, 2)
    ]
    asked = Options()
    reports = extract_songs(plan_songs(sources, tmp_path / "out", model, asked), model, asked, jobs=2)
    assert next(reports).status == "done"
    begun = time.perf_counter()
    reports.close()
    assert time.perf_counter() - begun < 15
    assert tree(tmp_path / "out") in (
        ["0.rest.wav", "0.synth.wav"],
        ["0.rest.wav", "0.synth.wav", "1.rest.wav", "1.synth.wav"],
    )


def test_a_process_that_is_ended_from_outside_costs_its_song(tmp_path: Path, model: SeparationModel) -> None:
    sources = [write(tmp_path / "0.wav", 600.0)] + [write(tmp_path / f"{n}.wav", 0.3) for n in (1, 2, 3)]
    asked, out = Options(), tmp_path / "out"
    killed: list[int] = []

    def kill_the_first(_done: float) -> None:
        """The process that writes the long song, known by its drafts."""
        for draft in out.glob(".canzona-*"):
            # Those of the short songs may have taken their names by now.
            with suppress(FileNotFoundError):
                if not killed and draft.stat().st_size > 1 << 20:
                    killed.append(int(draft.name.split("-")[1]))
                    os.kill(killed[0], signal.SIGKILL)

    reports = list(
        extract_songs(plan_songs(sources, out, model, asked), model, asked, jobs=2, progress=kill_the_first)
    )
    assert killed and [report.status for report in reports] == ["failed", "done", "done", "done"]
    assert "0.wav: the process at work on it was ended from outside; try fewer --jobs" in reports[0].reason
    assert all(name[0] in "123" for name in tree(out)), "no draft is left"


def test_a_script_that_begins_itself_anew_is_told_so(tmp_path: Path, model: SeparationModel) -> None:
    """What is begun reads the script first; without its guard it begins processes in turn, and ends."""
    sources = [write(tmp_path / f"{number}.wav") for number in range(2)]
    script = tmp_path / "mine.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from canzona.separation import Options, SeparationModel, extract_songs, plan_songs\n"
        "model, asked = SeparationModel.open(sys.argv[1]), Options()\n"
        "plan = plan_songs([Path(each) for each in sys.argv[3:]], Path(sys.argv[2]), model, asked)\n"
        "for report in extract_songs(plan, model, asked, jobs=2):\n"
        "    print(report.reason)\n"
    )
    words = [script, model.folder.path, tmp_path / "out", *sources]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("ended before it began; try --jobs 1; a script has to") == 2, done.stderr


def test_processes_end_with_the_one_that_began_them(tmp_path: Path, model: SeparationModel) -> None:
    """Killed without a word, it cannot tell them: their pipes do."""
    sources = [write(tmp_path / f"{number}.wav", 600.0) for number in range(2)]
    words = [*sources, "-o", tmp_path / "out", "-m", model.folder.path, "--jobs", "2"]
    program = subprocess.Popen([sys.executable, "-m", "canzona", "extract", *map(str, words)])
    until = time.monotonic() + 60
    while len(list((tmp_path / "out").glob(".canzona-*"))) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    theirs = {int(path.name.split("-")[1]) for path in (tmp_path / "out").glob(".canzona-*")}
    program.kill()
    program.wait()
    assert len(theirs) == 2
    while list((tmp_path / "out").iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert tree(tmp_path / "out") == []


def test_what_should_not_happen_costs_its_song(
    tmp_path: Path, model: SeparationModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [write(tmp_path / f"{number}.wav") for number in range(2)]

    def stumbling(song: Song, *others: Any, **more: Any) -> Report:
        return extract_song(song, *others, **more) if song.source == sources[1] else [][0]

    monkeypatch.setattr(batch_module, "extract_song", stumbling)
    failed, done = run(sources, tmp_path / "out", model)
    assert (failed.status, done.status) == ("failed", "done")
    assert f"{sources[0]}: an error that should not happen (IndexError: list index" in failed.reason
    assert failed.error is not None and "stumbling" in failed.error.__notes__[0], "the traceback for -v"


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_name_their_song(tmp_path: Path, model: SeparationModel, jobs: int) -> None:
    """And are those of an input, whatever the part that noticed calls them."""
    slow, song = tmp_path / "slow.wav", write(tmp_path / "song.wav")
    soundfile.write(slow, np.zeros(200), 100)
    reports = run([slow, song], tmp_path / "out", model, jobs)
    assert [report.status for report in reports] == ["failed", "done"]
    assert reports[0].reason.startswith(f"{slow}: 100 Hz cannot be resampled")
    assert reports[0].error is not None and reports[0].error.exit_code == 1
    soundfile.write(tmp_path / "float.wav", np.zeros(2000), RATE, subtype="FLOAT")
    reports = run([tmp_path / "float.wav", song], tmp_path / "flac", model, jobs, format="flac")
    assert reports[0].reason.startswith(f"{tmp_path / 'float.wav'}: flac holds no 32-bit floats")


def test_pipes_beside_processes(tmp_path: Path, model: SeparationModel) -> None:
    """A pipe is no other process's: it is heard in this one, at its place."""
    sources = [write(tmp_path / f"{number}.wav", 0.5, number) for number in range(3)]
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    script = f"open({str(pipe)!r}, 'wb').write(open({str(sources[0])!r}, 'rb').read())"
    with subprocess.Popen([sys.executable, "-c", script]):
        reports = run([sources[1], pipe, sources[2]], tmp_path / "out", model, 2)
    assert [(report.source.name, report.status) for report in reports] == [
        ("1.wav", "done"), ("pipe.wav", "done"), ("2.wav", "done"),
    ]  # fmt: skip
    stems = [soundfile.read(path, dtype="int16")[0].astype(int) for path in reports[1].outputs]
    np.testing.assert_array_equal(sum(stems), soundfile.read(sources[0], dtype="int16")[0])


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_model_that_cannot_be_run_ends_all(tmp_path: Path, jobs: int) -> None:
    folder = saved(tmp_path / "m", b"no graph", kind="waveform", hop=128)
    seal(folder.path)
    sources = [write(tmp_path / f"{number}.wav") for number in range(2)]
    with pytest.raises(ModelError, match="no network that can be run"):
        run(sources, tmp_path / "out", SeparationModel.open(folder.path), jobs=jobs)
    assert tree(tmp_path / "out") == []


def test_a_report_as_plain_values(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", 2.0)
    held = run([source], tmp_path / "out", model)[0].to_dict()
    assert held["input"] == str(source) and held["status"] == "done" and held["seconds"] == 2.0
    assert held["outputs"] == [str(tmp_path / "out" / f"song.{stem}.wav") for stem in ("synth", "rest")]
    assert held["speed"] > 0 and 0 <= held["presence"] <= 1
    assert (held["reason"], held["warnings"]) == ("", [])


def test_both_stems_of_all_songs_add_up(tmp_path: Path, model: SeparationModel) -> None:
    sources = [write(tmp_path / f"{number}.wav", 0.5, number) for number in range(3)]
    for report in run(sources, tmp_path / "out", model):
        stems = [soundfile.read(path, dtype="int16")[0].astype(int) for path in report.outputs]
        np.testing.assert_array_equal(sum(stems), soundfile.read(report.source, dtype="int16")[0])
