"""`canzona.extract`: a song in, a Separation out; progress, cancelling, saving, showing."""

from __future__ import annotations

import json
import os
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

import canzona
from canzona.audio.encoding import to_native
from canzona.errors import CanzonaError, FormatError, ModelError, UnsupportedError, UsageError, WriteError
from canzona.separation import SeparationModel
from small_extractor import RATE, filter_model, mask_model, noise
from sounds import PCM16, mp3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filter_model(tmp_path_factory.mktemp("models") / "comb", [0.2, 0.5, -0.3]).path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "My song.wav"
    with soundfile.SoundFile(path, "w", 48000, 2, "PCM_24") as file:
        file.title, file.artist = "Mine", "Me"
        file.write(noise(1, 100_000).T)
    return path


def test_the_stems_add_up_to_the_file(source: Path, folder: Path) -> None:
    found = canzona.extract(source, model=folder)
    mixture = soundfile.read(source, dtype="float32")[0].T
    assert found.synth.dtype == found.rest.dtype == np.float32
    assert found.synth.shape == (2, 100_000) and found.sample_rate == 48000
    np.testing.assert_array_equal(found.synth + found.rest, mixture)
    assert found.status == "done" and (found.name, found.tags.title) == ("My song", "Mine")
    assert np.abs(found.synth).max() > 0.05


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(30_000,), (1, 30_000), (2, 30_000)])
def test_arrays(folder: Path, dtype: str, shape: tuple[int, ...]) -> None:
    floats = noise(2, 30_000)[: shape[0] if len(shape) == 2 else 1].reshape(shape)
    scale = float(np.iinfo(dtype).max) if dtype.startswith("int") else 1.0
    given = (floats * scale).astype(dtype)
    found = canzona.extract(given, sample_rate=RATE, model=folder)
    channels = shape[0] if len(shape) == 2 else 1
    assert found.synth.shape == found.rest.shape == (channels, 30_000)
    np.testing.assert_allclose(found.synth + found.rest, floats.reshape(channels, -1), atol=1e-4)
    assert found.name == "song"
    if dtype == "int16":
        np.testing.assert_array_equal(to_native(found.synth + found.rest, PCM16).reshape(shape), given)


@pytest.mark.parametrize(
    ("dtype", "held"), [("int32", np.float64), ("float64", np.float64), ("int16", np.float32)]
)
def test_stems_hold_what_the_input_held_and_so_do_their_files(
    folder: Path, tmp_path: Path, dtype: str, held: type
) -> None:
    floats = noise(2, 30_000).astype(np.float64) + 1e-12
    given = (floats * np.iinfo(dtype).max if dtype.startswith("int") else floats).astype(dtype)
    found = canzona.extract(given, sample_rate=RATE, model=folder)
    assert found.synth.dtype == found.rest.dtype == held
    synth, rest = (soundfile.read(path, dtype=dtype)[0].T for path in found.save(tmp_path))
    if dtype.startswith("int"):
        np.testing.assert_array_equal(synth.astype(np.int64) + rest, given)
    else:
        largest = np.maximum(np.maximum(np.abs(synth), np.abs(rest)), np.abs(given))
        assert (np.abs(synth + rest - given) <= np.spacing(largest)).all()
        assert float(np.abs(found.rest).max()) > 0.01


def test_saving_says_what_the_format_cannot_hold(folder: Path, tmp_path: Path) -> None:
    found = canzona.extract(4 * noise(1, 5000), sample_rate=RATE, model=folder)
    rounded = pytest.warns(UserWarning, match="was rounded to")
    with rounded, pytest.warns(UserWarning, match="lay beyond full scale and were clipped"):
        found.save(tmp_path, format="wav16")
    with pytest.warns(UserWarning, match="mp3 is lossy"):
        found.save(tmp_path, format="mp3")
    loud = canzona.extract(np.full((1, 5000), 1e300), sample_rate=RATE, model=folder)
    assert np.isfinite(loud.rest).all()
    rounded = pytest.warns(UserWarning, match="was rounded to")
    with rounded, pytest.warns(UserWarning, match="5000 samples of the input lay beyond"):
        loud.save(tmp_path, format="wav32f", filename="{track}-loud.{stem}")


def test_arguments_that_make_no_sense(source: Path, folder: Path) -> None:
    for given in ([[0.0] * 9], None, b"song.wav", 5):
        with pytest.raises(UsageError, match="is no song; give a file, or a NumPy array"):
            canzona.extract(given, sample_rate=RATE, model=folder)  # type: ignore[arg-type]
    for rate in (0, -44100, float("nan"), float("inf"), 44100.5, "44100"):
        with pytest.raises(UsageError, match="is no sample rate; give whole Hz"):
            canzona.extract(noise(1, 9), sample_rate=rate, model=folder)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'1:00' is no time; give seconds"):
        canzona.extract(source, model=folder, start="1:00")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is open on 'cpu'; leave device out"):
        canzona.extract(source, model=SeparationModel.open(folder), device="cuda")
    with pytest.raises(ModelError):
        canzona.extract(source, model="")


def test_numbers_of_numpy_and_no_end_are_welcome(source: Path, folder: Path) -> None:
    found = canzona.extract(source, model=folder, start=np.float32(0.5), end=float("inf"))
    assert found.synth.shape == (2, 76_000)
    assert canzona.extract(noise(1, 900), sample_rate=np.int64(RATE), model=folder).seconds > 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("samples", "rate", "error", "said"),
    [
        (np.zeros((2, 100)), None, UsageError, "do not say their rate; give sample_rate"),
        (
            np.zeros((100, 2)),
            RATE,
            UnsupportedError,
            "100 channels are not mono or stereo; give (channels, n)",
        ),
        (np.zeros((6, 100)), RATE, UnsupportedError, "6 channels are not mono or stereo; mix them down"),
        (np.zeros((2, 2, 2)), RATE, UsageError, "samples of shape (2, 2, 2) are no sound"),
        (np.zeros((0, 9)), RATE, UsageError, "are no sound"),
        (np.zeros((2, 0)), RATE, FormatError, "holds no sound"),
        (np.zeros((2, 9), complex), RATE, UsageError, "samples of the type complex128 are no sound"),
        (np.zeros((2, 9), bool), RATE, UsageError, "samples of the type bool are no sound"),
        (np.full((1, 9), np.nan), RATE, FormatError, "is no number"),
        (np.zeros((1, 9)), 5, UsageError, "5 Hz cannot be resampled"),
    ],
    ids=str,
)
def test_arrays_that_are_no_sound(
    folder: Path, samples: np.ndarray, rate: int | None, error: type[CanzonaError], said: str
) -> None:
    with pytest.raises(error) as caught:
        canzona.extract(samples, sample_rate=rate, model=folder)
    assert said in str(caught.value)


def test_files_and_models_that_are_not_there(source: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        canzona.extract(tmp_path / "none.wav", model=folder)
    with pytest.raises(ModelError):
        canzona.extract(source, model=tmp_path / "none")
    with pytest.raises(UsageError, match="a file says its own sample rate"):
        canzona.extract(source, sample_rate=48000, model=folder)
    with pytest.raises(UsageError, match="no part of a song"):
        canzona.extract(source, model=folder, start=2, end=1)
    with pytest.raises(FormatError, match="has nothing after 60 s"):
        canzona.extract(source, model=folder, start=60)


def test_an_open_model_serves_many_songs(folder: Path) -> None:
    model = SeparationModel.open(folder)
    one, other = (canzona.extract(noise(seed, 5000), sample_rate=RATE, model=model) for seed in (1, 2))
    assert one.model == other.model == "comb" and one.model_hash == model.folder.hash


def test_a_part_and_where_it_stands_in_the_song(source: Path, folder: Path) -> None:
    found = canzona.extract(source, model=folder, start=0.5, end=1.5)
    assert found.synth.shape == (2, 48_000) and found.seconds == 1.0
    whole = soundfile.read(source, dtype="float32")[0].T
    np.testing.assert_array_equal(found.synth + found.rest, whole[:, 24_000:72_000])
    assert found.presence.times[0] == pytest.approx(0.5, abs=0.01)
    assert found.presence.times[-1] == pytest.approx(1.5, abs=0.01)


def test_presence_goes_with_the_sound(folder: Path) -> None:
    sound = np.concatenate([np.zeros((2, RATE), np.float32), noise(3, RATE)], axis=1)
    presence = canzona.extract(sound, sample_rate=RATE, model=folder).presence
    assert len(presence.values) == len(presence.times)
    assert presence.values[presence.times < 0.9].max() == 0
    assert presence.values[(presence.times > 1.1) & (presence.times < 1.9)].min() > 0.5


def test_an_absent_target(tmp_path: Path, source: Path) -> None:
    deaf = mask_model(tmp_path / "deaf", 0.5, 1e-4, presence={"threshold": 0.5}).path
    found = canzona.extract(source, model=deaf)
    assert found.status == "absent" and not found.synth.any()
    np.testing.assert_array_equal(found.rest, soundfile.read(source, dtype="float32")[0].T)
    assert "absent" in repr(found)


def test_progress_and_the_seconds_left(source: Path, folder: Path) -> None:
    moves: list[tuple[float, float]] = []
    canzona.extract(source, model=folder, progress=lambda done, left: moves.append((done, left)))
    done = [each for each, _ in moves]
    assert len(done) > 3 and done == sorted(done) and done[-1] == 1.0
    assert all(left >= 0 for _, left in moves) and moves[-1][1] == 0


def test_cancelling(source: Path, folder: Path) -> None:
    asked: list[int] = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(CanzonaError, match="cancelled"):
        canzona.extract(source, model=folder, cancel=cancel)
    assert len(asked) == 2


def test_saving_keeps_the_bits_and_the_sum(source: Path, folder: Path, tmp_path: Path) -> None:
    found = canzona.extract(source, model=folder)
    paths = found.save(tmp_path / "stems")
    assert [path.name for path in paths] == ["My song.synth.wav", "My song.rest.wav"]
    with soundfile.SoundFile(paths[0]) as stem:
        assert (stem.subtype, stem.samplerate, stem.title) == ("PCM_24", 48000, "Mine")
        assert found.model_hash in stem.comment
    stems = [soundfile.read(path, dtype="int32")[0].astype(np.int64) for path in paths]
    np.testing.assert_array_equal(sum(stems), soundfile.read(source, dtype="int32")[0])


def test_saving_as_one_asks(source: Path, folder: Path, tmp_path: Path) -> None:
    found = canzona.extract(source, model=folder)
    made = found.save(tmp_path, format="flac24", only="rest", filename="{artist}/{title} - {stem}")
    assert made == [tmp_path / "Me" / "Mine - rest.flac"] and made[0].is_file()
    with pytest.raises(WriteError, match="exists"):
        found.save(tmp_path, format="flac24", only="rest", filename="{artist}/{title} - {stem}")
    found.save(tmp_path, format="flac24", only="rest", filename="{artist}/{title} - {stem}", force=True)
    with pytest.raises(UsageError, match="there is no stem 'bass'"):
        found.save(tmp_path, only="bass")
    with pytest.raises(UsageError, match="'xyz' is no format"):
        found.save(tmp_path, format="xyz")


def test_the_same_files_as_the_command_writes(source: Path, folder: Path, tmp_path: Path) -> None:
    from canzona.separation import Options, extract_songs, plan_songs

    model, asked = SeparationModel.open(folder), Options()
    (report,) = extract_songs(plan_songs([source], tmp_path / "a", model, asked), model, asked)
    for one, other in zip(
        report.outputs, canzona.extract(source, model=folder).save(tmp_path / "b"), strict=True
    ):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("held", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("form", ["wav8", "wav16", "wav24", "wav32f", "flac24", "ogg", "mp3"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_so_they_are_in_every_format(folder: Path, tmp_path: Path, held: str, form: str) -> None:
    """The estimate is rounded to the steps of what is written, not twice."""
    from canzona.separation import Options, extract_songs, plan_songs

    source = tmp_path / "song.wav"
    soundfile.write(source, noise(5, RATE // 2).T, RATE, held)
    model, asked = SeparationModel.open(folder), Options(form)
    (report,) = extract_songs(plan_songs([source], tmp_path / "a", model, asked), model, asked)
    saved = canzona.extract(source, model=folder).save(tmp_path / "b", format=form)
    for one, other in zip(report.outputs, saved, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("threshold", [None, 0.5])
def test_a_pipe_is_read_once_also_where_nothing_is_heard(
    tmp_path: Path, source: Path, threshold: float | None
) -> None:
    deaf = mask_model(tmp_path / "deaf", 0.5, 1e-4, presence={"threshold": threshold}).path
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()))
    writer.start()
    found = canzona.extract(pipe, model=deaf)
    writer.join()
    assert found.status == ("done" if threshold is None else "absent")
    whole = soundfile.read(source, dtype="float32")[0].T
    np.testing.assert_array_equal(found.synth + found.rest, whole)


def test_samples_beyond_all_bounds_are_written_without_a_word_of_numpy(folder: Path, tmp_path: Path) -> None:
    loud = np.full((1, 5000), 1e37, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        paths = canzona.extract(loud, sample_rate=RATE, model=folder).save(tmp_path, format="wav24")
    stems = [soundfile.read(path, dtype="int32")[0].astype(np.int64) >> 8 for path in paths]
    assert (sum(stems) == 2**23 - 1).all()


def test_what_it_says_of_itself(source: Path, folder: Path) -> None:
    found = canzona.extract(source, model=folder)
    assert repr(found).startswith("<Separation of 'My song': 2.1 s, stereo at 48000 Hz; synth presence ")
    held = json.loads(json.dumps(found.to_dict()))
    assert held["model"] == "comb" and held["status"] == "done" and held["title"] == "Mine"


@pytest.mark.parametrize("rate", [8000, 48000, 192000])
def test_a_notebook_plays_both_stems(folder: Path, rate: int) -> None:
    found = canzona.extract(noise(4, rate), sample_rate=rate, model=folder)
    shown = found._repr_mimebundle_()
    assert shown["text/plain"] == repr(found)
    assert shown["text/html"].count("<audio controls") == 2
    assert shown["text/html"].count("data:audio/mpeg;base64,") == 2
    assert 'aria-label="synth of song"' in shown["text/html"]


def test_what_is_no_model_is_said() -> None:
    with pytest.raises(UsageError, match="a int is no model; give its name or folder"):
        canzona.extract(noise(1, 100), sample_rate=RATE, model=3)  # type: ignore[arg-type]


def test_a_truncated_file_says_so(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(mp3(seconds=3.0)[:30_000])
    found = canzona.extract(path, model=folder)
    assert found.warnings and "cut off" in found.warnings[0]
