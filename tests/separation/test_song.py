"""One song into files: the exact sum in every format, songs without the target, and bad ones."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from canzona import explain
from canzona.audio.encoding import to_float, to_native
from canzona.audio.reading import open_sound
from canzona.errors import (
    CanzonaError,
    FormatError,
    MissingDependencyError,
    UnsupportedError,
    WriteError,
)
from canzona.models import ModelFolder
from canzona.score.provenance import Provenance
from canzona.separation import Options, Report, SeparationModel
from canzona.separation.report import STDOUT, Song
from canzona.separation.song import extract_song
from small_extractor import RATE, blend_model, filter_model, mask_model, noise
from sounds import ENCODINGS, PCM16, PCM24, SUBTYPES, mp3, samples, without_table

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A blend of a mask and a filter: what it estimates lies on no step."""
    place = tmp_path_factory.mktemp("models")
    mask = np.linspace(1, 0.1, 257)
    parts = (mask_model(place / "mask", mask), 0.6), (filter_model(place / "filter", [0.2, 0.5, 0.3]), 0.4)
    return blend_model(place / "both", *parts)


@pytest.fixture(scope="module")
def model(folder: ModelFolder) -> SeparationModel:
    return SeparationModel.open(folder.path)


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> SeparationModel:
    """A model that hears the target in no song."""
    place = tmp_path_factory.mktemp("deaf") / "deaf"
    return SeparationModel.open(mask_model(place, 0.5, 1e-4, presence={"threshold": 0.5}).path)


def song(source: Path, folder: Path, suffix: str = ".wav", **others: Path) -> Song:
    stems = tuple((name, folder / f"{source.stem}.{name}{suffix}") for name in ("synth", "rest"))
    return Song(source, stems, **others)


def extracted(
    source: Path, folder: Path, model: SeparationModel, form: str = "wav", **options: object
) -> Report:
    suffix = f".{form.strip('0123456789f-')}" if form != "flac" else ".flac"
    suffix = {".lac": ".flac"}.get(suffix, suffix)
    return extract_song(song(source, folder, suffix), model, Options(form, **options))  # type: ignore[arg-type]


def read(path: Path) -> np.ndarray:
    """Native samples."""
    with open_sound(path) as source:
        return np.concatenate(list(source.blocks(20_000)), axis=1)


def stems_of(report: Report) -> tuple[np.ndarray, np.ndarray]:
    return read(report.outputs[0]), read(report.outputs[1])


def write(path: Path, sound: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, sound.T, rate, subtype=subtype, format=path.suffix[1:].upper())
    return path


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 192000])
@pytest.mark.parametrize("channels", [1, 2])
def test_both_stems_add_up_to_the_song_at_its_rate_length_and_channels(
    tmp_path: Path, model: SeparationModel, rate: int, channels: int
) -> None:
    source = write(tmp_path / "song.wav", noise(rate, 2 * rate + 17, channels=channels), rate)
    report = extracted(source, tmp_path / "out", model)
    synth, rest = stems_of(report)
    assert (report.status, report.warnings) == ("done", ())
    assert report.seconds == pytest.approx(2 + 17 / rate)
    np.testing.assert_array_equal(synth + rest, read(source))
    assert np.abs(synth).max() > 300
    for path in report.outputs:
        with open_sound(path) as stem:
            assert (stem.sample_rate, stem.channels, stem.encoding) == (rate, channels, PCM16)


@pytest.mark.parametrize(("encoding", "subtype"), list(zip(ENCODINGS, SUBTYPES, strict=True)), ids=str)
def test_every_encoding_of_a_wav_is_kept_and_adds_up(
    tmp_path: Path, model: SeparationModel, encoding: object, subtype: str
) -> None:
    held = samples(encoding, 2, 50_000)  # type: ignore[arg-type]  # over the whole range: much has to be limited
    source = write(tmp_path / "song.wav", to_float(held, encoding), subtype=subtype)  # type: ignore[arg-type]
    mixture = read(source)
    synth, rest = stems_of(extracted(source, tmp_path / "out", model))
    assert synth.dtype == rest.dtype == mixture.dtype
    if mixture.dtype.kind == "i":
        np.testing.assert_array_equal(synth.astype(np.int64) + rest, mixture)
    else:
        largest = np.maximum(np.maximum(np.abs(synth), np.abs(rest)), np.abs(mixture))
        assert (np.abs(synth + rest - mixture) <= np.spacing(largest)).all()


@pytest.mark.parametrize("form", ["wav24", "wav32", "wav32f", "wav64f", "flac", "flac16", "flac24"])
def test_formats_that_hold_the_song_add_up_to_it(tmp_path: Path, model: SeparationModel, form: str) -> None:
    source = write(tmp_path / "song.wav", noise(1, 60_000))
    report = extracted(source, tmp_path / "out", model, form)
    assert report.warnings == ()
    parts = []
    for path in report.outputs:
        with open_sound(path) as stem:
            blocks = [to_float(block, stem.encoding) for block in stem.blocks(10_000)]
        parts.append(np.concatenate(blocks, axis=1))
    wrong = np.abs(parts[0] + parts[1] - to_float(read(source), PCM16))
    largest = np.maximum(np.abs(parts[0]), np.abs(parts[1]))
    assert wrong.max() == 0 if "f" not in form[3:] else (wrong <= np.spacing(largest * 2)).all()


@pytest.mark.parametrize("form", ["wav16", "flac16", "wav8"])
def test_with_fewer_bits_the_song_is_rounded_first_and_the_sum_holds(
    tmp_path: Path, model: SeparationModel, form: str
) -> None:
    source = write(tmp_path / "song.wav", noise(2, 60_000), subtype="PCM_24")
    report = extracted(source, tmp_path / "out", model, form)
    with open_sound(report.outputs[0]) as stem:
        target = stem.encoding
    synth, rest = stems_of(report)
    expected = to_native(to_float(read(source), PCM24), target)
    np.testing.assert_array_equal(synth + rest, expected)
    (sentence,) = report.warnings
    assert sentence.startswith("the input, 24-bit integers, was rounded to")


def test_floats_beyond_full_scale_are_told_where_they_do_not_fit(
    tmp_path: Path, model: SeparationModel
) -> None:
    loud = noise(3, 30_000, level=0.8)
    source = write(tmp_path / "song.wav", loud, subtype="FLOAT")
    report = extracted(source, tmp_path / "out", model, "wav16")
    synth, rest = stems_of(report)
    np.testing.assert_array_equal(synth + rest, to_native(np.clip(loud, -1, 1), PCM16))
    beyond = np.count_nonzero((loud >= 1) | (loud < -1))
    assert report.warnings[1] == f"{beyond} samples of the input lay beyond full scale and were clipped"
    assert extracted(source, tmp_path / "exact", model).warnings == ()


@pytest.mark.parametrize("form", ["ogg", "mp3", "mp3-192"])
def test_lossy_formats_say_so_and_come_near(tmp_path: Path, model: SeparationModel, form: str) -> None:
    wave = 0.3 * np.sin(np.arange(3 * RATE) * 0.05)
    source = write(tmp_path / "song.wav", np.stack([wave, wave]))
    report = extracted(source, tmp_path / "out", model, form)
    assert f"{form[:3]} is lossy: the stems add up to the input nearly, not exactly" in report.warnings
    synth, rest = stems_of(report)
    length = min(synth.shape[1], wave.size)
    wrong = (synth + rest)[:, 4000 : length - 4000] - wave[4000 : length - 4000]
    assert np.abs(wrong).max() < 0.05


def test_a_lossy_song_becomes_floats_that_add_up(tmp_path: Path, model: SeparationModel) -> None:
    source = tmp_path / "song.mp3"
    source.write_bytes(mp3(seconds=2.0))
    report = extracted(source, tmp_path / "out", model)
    synth, rest = stems_of(report)
    mixture = read(source)
    assert synth.dtype == np.float32 and report.warnings == ()
    largest = np.maximum(np.maximum(np.abs(synth), np.abs(rest)), np.abs(mixture))
    assert (np.abs(synth + rest - mixture) <= np.spacing(largest)).all()


def test_clipped_and_full_scale_songs_fit(tmp_path: Path, model: SeparationModel) -> None:
    square = np.sign(noise(4, 60_000)) * 1.0
    source = write(tmp_path / "song.wav", square)
    synth, rest = stems_of(extracted(source, tmp_path / "out", model))
    np.testing.assert_array_equal(synth + rest, read(source))
    assert np.abs(synth).max() > 10_000


def test_the_same_song_gives_the_same_bytes(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(5, 100_000), 48000)
    for form in ("wav", "flac", "ogg", "mp3"):
        one, other = (extracted(source, tmp_path / name, model, form) for name in "ab")
        for first, second in zip(one.outputs, other.outputs, strict=True):
            assert first.read_bytes() == second.read_bytes()


def test_title_artist_and_model_stand_in_the_stems(tmp_path: Path, folder: ModelFolder) -> None:
    source = tmp_path / "song.flac"
    with soundfile.SoundFile(source, "w", RATE, 2, "PCM_16", format="FLAC") as file:
        file.title, file.artist = "Nachtfahrt", "Łucja"
        file.write(noise(6, 30_000).T)
    model = SeparationModel.open(folder.path)
    for form in ("wav", "flac"):
        report = extracted(source, tmp_path / "out", model, form)
        with soundfile.SoundFile(report.outputs[0]) as synth, soundfile.SoundFile(report.outputs[1]) as rest:
            assert (synth.title, synth.artist) == ("Nachtfahrt", "Łucja")
            assert rest.title == "Nachtfahrt"
            made = Provenance.from_json(synth.comment)
        assert explain(report.outputs[0]) == made
        assert (made.command, made.model, made.model_hash) == ("extract", "both", folder.hash)
        assert made.inputs[0].name == source.name and made.options["stem"] == "synth"


def test_a_part_of_a_song(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(7, 5 * RATE))
    report = extracted(source, tmp_path / "out", model, start=1.25, end=3.5)
    synth, rest = stems_of(report)
    assert report.seconds == 2.25
    np.testing.assert_array_equal(synth + rest, read(source)[:, round(1.25 * RATE) : round(3.5 * RATE)])
    late = extracted(source, tmp_path / "late", model, start=4.5, end=100)
    assert late.seconds == 0.5


def test_a_part_behind_the_end(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(8, RATE))
    with pytest.raises(FormatError, match=r"song\.wav: has nothing after 5 s; start earlier"):
        extracted(source, tmp_path / "out", model, start=5.0)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("form", ["wav", "flac", "ogg"])
def test_a_song_without_the_target_is_the_rest(tmp_path: Path, deaf: SeparationModel, form: str) -> None:
    source = write(tmp_path / "song.wav", noise(9, 3 * RATE), 48000)
    picture, curve = tmp_path / "out" / "song.png", tmp_path / "out" / "song.csv"
    asked = song(source, tmp_path / "out", f".{form}", picture=picture, presence=curve)
    report = extract_song(asked, deaf, Options(form))
    synth, rest = stems_of(report)
    assert report.status == "absent" and "silence" in report.reason
    assert report.presence == pytest.approx(0, abs=0.01)
    assert synth.shape == rest.shape == read(source).shape
    if form == "ogg":
        assert np.abs(synth).max() < 1e-4
    else:
        assert not synth.any()
        np.testing.assert_array_equal(rest, read(source))
    assert picture.exists() and curve.read_text().startswith("time,presence\n")
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_part_without_the_target_is_that_part(tmp_path: Path, deaf: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(10, 3 * RATE))
    report = extracted(source, tmp_path / "out", deaf, start=1.0, end=2.0)
    np.testing.assert_array_equal(stems_of(report)[1], read(source)[:, RATE : 2 * RATE])


def test_a_silent_song_is_absent(tmp_path: Path, deaf: SeparationModel, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", np.zeros((2, RATE)))
    # In silence a model without a threshold, which calls no other song absent, hears nothing either.
    for name, each in (("deaf", deaf), ("usual", model)):
        report = extracted(source, tmp_path / name, each)
        assert report.status == "absent" and report.presence == 0
        assert not stems_of(report)[0].any() and not stems_of(report)[1].any()


@pytest.mark.parametrize("frames", [1, 2, 441, 4410])
@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_very_short_songs(tmp_path: Path, model: SeparationModel, frames: int, rate: int) -> None:
    """A tenth of a second and less."""
    source = write(tmp_path / "song.wav", noise(frames, frames), rate)
    synth, rest = stems_of(extracted(source, tmp_path / "out", model))
    np.testing.assert_array_equal(synth + rest, read(source))


def wav_without_a_sample() -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.zeros((0, 2)), RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


def wav_with_nan() -> bytes:
    sound = noise(11, 2 * RATE)
    sound[1, RATE] = np.nan
    out = io.BytesIO()
    soundfile.write(out, sound.T, RATE, format="WAV", subtype="FLOAT")
    return out.getvalue()


def wav_of_six_channels() -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.zeros((1000, 6)), RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("song.wav", lambda: b"", FormatError, "is empty (0 bytes)"),
        ("song.wav", wav_without_a_sample, FormatError, "holds no sound"),
        ("song.wav", lambda: b"Dear diary,\nno sound today.\n" * 50, FormatError, "is no sound file"),
        ("song.wav", wav_with_nan, FormatError, "the sample at 1.000 s is no number"),
        ("song.wav", wav_of_six_channels, UnsupportedError, "has 6 channels: mono and stereo are read"),
        ("song.mp3", lambda: b"\xff\xfb" * 10, FormatError, "is no sound file"),
    ],
    ids=["zero bytes", "zero samples", "text", "nan", "six channels", "no mp3"],
)
def test_what_cannot_be_read_is_one_sentence_and_no_file(
    tmp_path: Path,
    model: SeparationModel,
    name: str,
    content: Callable[[], bytes],
    error: type[CanzonaError],
    said: str,
) -> None:
    source = tmp_path / name
    source.write_bytes(content())
    with pytest.raises(error) as caught:
        extracted(source, tmp_path / "out", model)
    assert said in str(caught.value) and str(source) in str(caught.value)
    assert caught.value.hint and "\n" not in str(caught.value)
    assert not list((tmp_path / "out").glob("*"))


def test_there_is_no_such_song(tmp_path: Path, model: SeparationModel) -> None:
    with pytest.raises(FormatError, match="no such file"):
        extracted(tmp_path / "none.wav", tmp_path / "out", model)


def test_what_is_there_of_a_truncated_mp3_is_extracted(tmp_path: Path, model: SeparationModel) -> None:
    source = tmp_path / "song.mp3"
    whole = mp3(seconds=4.0)
    source.write_bytes(whole[: len(whole) // 2])
    report = extracted(source, tmp_path / "out", model)
    assert 1.5 < report.seconds < 2.5
    assert "is cut off or damaged after" in report.warnings[0] and "4.0" in report.warnings[0]
    synth, rest = stems_of(report)
    np.testing.assert_allclose(synth + rest, read(source), atol=1e-6)


def test_an_mp3_of_unknown_length(tmp_path: Path, model: SeparationModel) -> None:
    source = tmp_path / "song.mp3"
    source.write_bytes(without_table(mp3(seconds=2.0)))
    moves: list[float] = []
    report = extract_song(song(source, tmp_path / "out"), model, Options(), progress=moves.append)
    assert report.seconds == pytest.approx(2.0, abs=0.1) and moves == [1.0]


@needs_ffmpeg
def test_the_sound_track_of_a_video(tmp_path: Path, model: SeparationModel) -> None:
    sound = write(tmp_path / "sound.wav", noise(12, 2 * RATE))
    video = tmp_path / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=blue:s=64x64:d=2", "-i", str(sound),
         "-c:a", "aac", "-shortest", str(video)],
        check=True,
    )  # fmt: skip
    report = extracted(video, tmp_path / "out", model)
    assert report.seconds == pytest.approx(2.0, abs=0.1)
    synth, rest = stems_of(report)
    np.testing.assert_allclose(synth + rest, read(video), atol=1e-6)


def test_a_video_without_ffmpeg_is_a_sentence(
    tmp_path: Path, model: SeparationModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"clip\.mp4 is read through the programs ffmpeg"):
        extracted(tmp_path / "clip.mp4", tmp_path / "out", model)


@pytest.mark.parametrize("name", ["Ünïcode 音楽 🎹", "trailing blank ", " ", "x" * 200, "a'b\"c;$(d)"])
def test_odd_names(tmp_path: Path, model: SeparationModel, name: str) -> None:
    source = write(tmp_path / f"{name}.wav", noise(13, 5000))
    report = extracted(source, tmp_path / "out", model)
    assert [path.name for path in report.outputs] == [f"{name}.synth.wav", f"{name}.rest.wav"]
    assert all(path.is_file() for path in report.outputs)


def test_a_rate_that_the_format_does_not_hold(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(14, 10_000), 192000)
    with pytest.raises(UnsupportedError, match=r"mp3 holds no sound at 192000 Hz; .*write a wav"):
        extracted(source, tmp_path / "out", model, "mp3")


def test_what_exists_is_kept_without_force(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(15, 20_000))
    (tmp_path / "song.rest.wav").write_bytes(b"mine")
    with pytest.raises(WriteError, match=r"song\.rest\.wav exists"):
        extracted(source, tmp_path, model)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["song.rest.wav", "song.wav"]
    extracted(source, tmp_path, model, force=True)
    np.testing.assert_array_equal(
        read(tmp_path / "song.synth.wav") + read(tmp_path / "song.rest.wav"), read(source)
    )


def test_an_extra_that_exists_is_refused_before_anything_is_heard(
    tmp_path: Path, model: SeparationModel
) -> None:
    source = write(tmp_path / "song.wav", noise(16, 20_000))
    curve = tmp_path / "song.presence.csv"
    curve.write_text("mine")
    with pytest.raises(WriteError, match=r"presence\.csv exists"):
        extract_song(song(source, tmp_path, presence=curve), model, Options())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["song.presence.csv", "song.wav"]


def test_an_extra_that_comes_up_meanwhile_is_kept_and_nothing_else_is_lost(
    tmp_path: Path, model: SeparationModel
) -> None:
    source = write(tmp_path / "song.wav", noise(16, 4 * RATE))
    curve = tmp_path / "out" / "song.presence.csv"
    with pytest.raises(WriteError, match=r"presence\.csv exists"):
        extract_song(
            song(source, tmp_path / "out", presence=curve), model, Options(),
            progress=lambda _: curve.exists() or curve.write_text("mine"),
        )  # fmt: skip
    assert curve.read_text() == "mine"
    assert not list((tmp_path / "out").glob(".canzona-*"))


def test_a_full_disk_leaves_nothing(tmp_path: Path, model: SeparationModel) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        source = write(tmp_path / "song.wav", noise(17, 6 * RATE))
        with pytest.raises(WriteError, match="no space left on device"):
            extracted(source, disk, model)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=False)


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="this system sets no limit to the size of files")
@pytest.mark.parametrize("form", ["wav", "flac", "ogg"])
def test_a_file_that_may_not_grow_leaves_nothing(tmp_path: Path, model: SeparationModel, form: str) -> None:
    """As on a full disk: the system refuses to write on, in the midst of the song."""
    source = write(tmp_path / "song.wav", noise(17, 20 * RATE))
    limited = (
        "import resource, signal, sys\n"
        "from canzona.cli.main import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "main(sys.argv[1:])\n"
    )
    words = ["extract", source, "-o", tmp_path / "out", "-m", model.folder.path, "--format", form]
    done = subprocess.run(
        [sys.executable, "-c", limited, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "was not written: " in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("when", [0, 2])
def test_cancelling_leaves_nothing(tmp_path: Path, model: SeparationModel, when: int) -> None:
    source = write(tmp_path / "song.wav", noise(18, 4 * RATE))
    calls: list[int] = []

    def cancel() -> bool:
        calls.append(1)
        return len(calls) > when

    with pytest.raises(CanzonaError, match="the extraction was cancelled"):
        extract_song(song(source, tmp_path / "out"), model, Options(), cancel=cancel)
    assert len(calls) == when + 1 and list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(19, 4 * RATE))

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_song(song(source, tmp_path / "out"), model, Options(), progress=interrupted)
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_rises_to_one(tmp_path: Path, model: SeparationModel) -> None:
    source = write(tmp_path / "song.wav", noise(20, 4 * RATE), 48000)
    moves: list[float] = []
    extract_song(song(source, tmp_path / "out"), model, Options(start=0.5), progress=moves.append)
    assert len(moves) > 5 and moves == sorted(moves) and moves[-1] == 1.0 and 0 < moves[0] < 0.5


def test_a_named_pipe_is_kept_for_a_second_way(tmp_path: Path, deaf: SeparationModel) -> None:
    """What can be read once only, and holds no target: the rest is still the song, its tags kept."""
    whole = tmp_path / "whole.wav"
    with soundfile.SoundFile(whole, "w", 48000, 2, "PCM_24") as file:
        file.title = "Piped"
        file.write(noise(21, 100_000).T)
    pipe = tmp_path / "song.wav"
    script = f"import os, shutil; os.mkfifo({str(pipe)!r})"
    subprocess.run([sys.executable, "-c", script], check=True)
    with subprocess.Popen(["cp", str(whole), str(pipe)]):
        report = extracted(pipe, tmp_path / "out", deaf, start=0.5)
    synth, rest = stems_of(report)
    assert report.status == "absent" and not synth.any()
    np.testing.assert_array_equal(rest, read(whole)[:, 24_000:])
    assert soundfile.SoundFile(report.outputs[1]).title == "Piped"


def test_standard_output_gets_one_stem(
    tmp_path: Path, model: SeparationModel, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = write(tmp_path / "song.wav", noise(22, 50_000))
    expected = extracted(source, tmp_path / "out", model).outputs
    for name, path in zip(("synth", "rest"), expected, strict=True):
        capfdbinary.readouterr()
        report = extract_song(Song(source, ((name, STDOUT),)), model, Options())
        assert report.outputs == ()
        assert capfdbinary.readouterr().out == path.read_bytes()
