"""Sound files written block by block: exact, the same each time, and whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona.audio import sinks
from canzona.audio.encoding import Encoding, SoundInfo, to_float
from canzona.audio.formats import sound_format
from canzona.audio.reading import open_sound
from canzona.audio.sinks import WavSink
from canzona.audio.tags import Tags
from canzona.audio.writing import Target, open_target, open_targets
from canzona.errors import MissingDependencyError, UnsupportedError, UsageError, WriteError
from sounds import ENCODINGS, PCM16, PCM24, RATE, samples, sound

LOSSLESS = ("wav8", "wav16", "wav24", "wav32", "wav32f", "wav64f", "flac8", "flac16", "flac24")
TAGS = Tags("Zażółć", "Łucja", '{"seed":5}')


def target(path: Path, name: str = "wav16", channels: int = 2, **others: object) -> Target:
    return Target(path, RATE, channels, sound_format(name), **others)  # type: ignore[arg-type]


def write(path: Path, name: str, *blocks: np.ndarray, **others: object) -> Path:
    with open_target(target(path, name, len(blocks[0]), **others), force=True) as writer:
        for block in blocks:
            writer.write(block)
    return path


def read(path: Path) -> np.ndarray:
    with open_sound(path) as source:
        return np.concatenate(list(source.blocks(10_000)), axis=1)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(LOSSLESS),
    channels=st.sampled_from([1, 2]),
    sizes=st.lists(st.integers(0, 6000), max_size=4),
    odd=st.integers(1, 3),
)
def test_what_goes_in_comes_out(tmp_path: Path, name: str, channels: int, sizes: list[int], odd: int) -> None:
    encoding = sound_format(name).encoding
    held = samples(encoding, channels, sum(sizes) + odd)
    blocks = np.split(held, np.cumsum(sizes), axis=1)
    path = write(tmp_path / f"song{sound_format(name).suffix}", name, *blocks)
    with open_sound(path) as source:
        assert (source.encoding, source.frames, source.sample_rate) == (encoding, held.shape[1], RATE)
    np.testing.assert_array_equal(read(path), held)
    np.testing.assert_array_equal(
        soundfile.read(path, always_2d=True)[0].T, to_float(held, encoding), "as libsndfile sees it"
    )


@pytest.mark.parametrize("name", LOSSLESS[:4] + LOSSLESS[6:])
def test_floats_become_the_nearest_steps(tmp_path: Path, name: str) -> None:
    bits = sound_format(name).encoding.bits
    held = np.array([[0.0, 0.3, -0.3, 0.999999999999, -1.0, 1.0, 1.5, -1.5]])
    with open_target(target(tmp_path / "song", name, 1)) as writer:
        writer.write(held)
        assert writer.frames == 8
        assert writer.clipped == 4
    found = to_float(read(tmp_path / "song"), sound_format(name).encoding)
    np.testing.assert_allclose(found, np.clip(held, -1, 1), atol=2.0 ** (1 - bits))


def test_floats_beyond_full_scale_are_kept_by_floats(tmp_path: Path) -> None:
    held = np.array([[3.0, -1e-30, 1e30]], np.float32)
    with open_target(target(tmp_path / "song.wav", "wav32f", 1)) as writer:
        writer.write(held)
        assert writer.clipped == 0
    np.testing.assert_array_equal(read(tmp_path / "song.wav"), held)


@pytest.mark.parametrize("name", ["ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_formats_keep_wave_and_length(tmp_path: Path, name: str, channels: int) -> None:
    held = sound(70_001, channels)
    found = read(write(tmp_path / f"song.{name}", name, held[:, :50_000], held[:, 50_000:]))
    assert found.shape == held.shape
    assert np.sqrt(np.square(found - held).mean()) < 0.03


def test_lossy_formats_clip(tmp_path: Path) -> None:
    with open_target(target(tmp_path / "song.ogg", "ogg", 1)) as writer:
        writer.write(sound(10_000, 1) * 10)
        assert writer.clipped > 5000


@pytest.mark.parametrize(("rate", "highest"), [(44100, 320), (22050, 160), (8000, 64)])
def test_mp3_at_a_chosen_bit_rate(tmp_path: Path, rate: int, highest: int) -> None:
    for wanted in (320, 128, 64):
        path = tmp_path / f"{wanted}.mp3"
        with open_target(Target(path, rate, 2, sound_format(f"mp3-{wanted}"))) as writer:
            writer.write(sound(rate * 4))
        found = path.stat().st_size * 8 / 4 / 1000
        assert found == pytest.approx(min(wanted, highest), rel=0.07)
        assert soundfile.info(path).frames == rate * 4


@pytest.mark.parametrize("name", [*LOSSLESS, "ogg", "mp3", "mp3-128"])
def test_the_same_sound_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    held = sound(20_000)
    one = write(tmp_path / "one", name, held, tags=TAGS)
    time.sleep(0.01)
    other = write(tmp_path / "other", name, *np.split(held, [1, 9000, 9001], axis=1), tags=TAGS)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", ["wav16", "wav32f", "flac24", "ogg", "mp3"])
def test_tags_stand_in_the_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "song", name, sound(), tags=TAGS)
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.artist, file.comment) == (TAGS.title, TAGS.artist, TAGS.comment)
    with open_sound(path) as source:
        assert (source.tags.title, source.tags.artist) == (TAGS.title, TAGS.artist)


@pytest.mark.parametrize("name", ["wav8", "wav24", "wav64f"])
def test_a_wav_may_be_empty(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "song.wav", name, np.zeros((2, 0)))
    assert soundfile.info(path).frames == 0


@pytest.mark.parametrize("name", ["flac16", "ogg", "mp3"])
def test_nothing_else_may(tmp_path: Path, name: str) -> None:
    """Encoders make a file of no bytes, or one that is called damaged."""
    with pytest.raises(UnsupportedError, match=r"there is no sound to write to .*; only a wav can"):
        write(tmp_path / "song", name, np.zeros((2, 0)))
    assert names(tmp_path) == []


class TestRf64:
    """With a limit of a few bytes in the place of 4 GB."""

    def write(self, path: Path, encoding: Encoding, held: np.ndarray, limit: int) -> Path:
        with path.open("w+b") as file:
            sink = WavSink(file, SoundInfo("", RATE, len(held), encoding, tags=TAGS), riff_limit=limit)
            for at in range(0, held.shape[1], 1000):
                sink.write(held[:, at : at + 1000])
            sink.finish(held.shape[1])
        return path

    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize("channels", [1, 2])
    def test_it_is_read_back(self, tmp_path: Path, encoding: Encoding, channels: int) -> None:
        held = samples(encoding, channels, 5001)
        path = self.write(tmp_path / "song.wav", encoding, held, 1000)
        assert path.read_bytes()[:4] == b"RF64"
        assert soundfile.info(path).format == "RF64"
        np.testing.assert_array_equal(read(path), held)
        with open_sound(io.BytesIO(path.read_bytes())) as source:
            assert source.frames == 5001
            np.testing.assert_array_equal(np.concatenate(list(source.blocks(999)), axis=1), held)

    @pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_ffmpeg_reads_it(self, tmp_path: Path, encoding: Encoding) -> None:
        held = samples(encoding, 2, 5001)
        path = self.write(tmp_path / "song.wav", encoding, held, 1000)
        command = ["ffmpeg", "-v", "error", "-i", path, "-f", "f64le", "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert not done.stderr
        np.testing.assert_array_equal(np.frombuffer(done.stdout).reshape(-1, 2).T, to_float(held, encoding))

    def test_the_limit_is_met_to_the_byte(self, tmp_path: Path) -> None:
        held = samples(PCM16, 1, 2000)
        small = self.write(tmp_path / "small.wav", PCM16, held, 1 << 20)
        size = small.stat().st_size - 8
        assert self.write(tmp_path / "a.wav", PCM16, held, size).read_bytes() == small.read_bytes()
        assert self.write(tmp_path / "b.wav", PCM16, held, size - 1).read_bytes()[:4] == b"RF64"


@pytest.mark.skipif(os.name == "nt", reason="a file with a hole needs a file system that knows them")
def test_a_file_beyond_4_gb(tmp_path: Path) -> None:
    """A real one, of which all but the two ends is a hole."""
    frames = 1 << 31
    path = tmp_path / "long.wav"
    with path.open("w+b") as file:
        sink = WavSink(file, SoundInfo("", RATE, 2, PCM16))
        file.seek((frames - 1) * 4, os.SEEK_CUR)
        sink.write(np.array([[1], [2]], np.int32))
        sink.finish(frames)
    assert path.stat().st_size > 8 << 30
    with open_sound(path) as source:
        assert (source.frames, source.encoding) == (frames, PCM16)
        last = next(source.blocks(10, frames - 1))
    assert last.tolist() == [[1], [2]]
    path.unlink()


def test_files_that_belong_together(tmp_path: Path) -> None:
    targets = [target(tmp_path / "synth.wav"), target(tmp_path / "rest.flac", "flac16")]
    held = samples(PCM16, 2, 3000)
    with open_targets(targets) as (synth, rest):
        synth.write(held)
        rest.write(held[:, :100])
        assert not [name for name in names(tmp_path) if not name.endswith(".part")]
    assert names(tmp_path) == ["rest.flac", "synth.wav"]
    np.testing.assert_array_equal(read(tmp_path / "synth.wav"), held)
    np.testing.assert_array_equal(read(tmp_path / "rest.flac"), held[:, :100])


@pytest.mark.parametrize("name", ["wav16", "flac16", "ogg", "mp3"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_on_the_way_leaves_nothing(tmp_path: Path, name: str, error: type[BaseException]) -> None:
    (tmp_path / "b").write_bytes(b"mine")
    targets = [target(tmp_path / "a", name), target(tmp_path / "b", name)]
    with pytest.raises(error), open_targets(targets, force=True) as writers:
        for writer in writers:
            writer.write(sound())
        raise error
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "b").read_bytes() == b"mine"


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.parametrize("name", ["wav24", "flac24", "ogg", "mp3"])
def test_ctrl_c_while_an_encoder_works(tmp_path: Path, name: str) -> None:
    """A real signal, at whatever moment: it ends the program, is printed nowhere, and leaves nothing."""
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from canzona.audio.writing import Target, open_target\n"
        "from canzona.audio.formats import sound_format\n"
        "block = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 65536))\n"
        "try:\n"
        f"    with open_target(Target(Path(sys.argv[1]), 44100, 2, sound_format('{name}'))) as writer:\n"
        "        print('on', flush=True)\n"
        "        while True: writer.write(block)\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    for pause in (0.05, 0.21):
        command = [sys.executable, "-c", script, tmp_path / "song"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.readline()
            time.sleep(pause)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
            assert process.stderr.read() == b""
        assert names(tmp_path) == []


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "rest.wav").write_bytes(b"mine")
    targets = [target(tmp_path / "synth.wav"), target(tmp_path / "rest.wav")]
    with pytest.raises(WriteError, match=r"rest\.wav exists; choose another name"), open_targets(targets):
        pass
    assert names(tmp_path) == ["rest.wav"]
    with open_targets(targets, force=True) as writers:
        for writer in writers:
            writer.write(sound(10))
    assert read(tmp_path / "rest.wav").shape == (2, 10)


def test_a_file_that_came_up_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    with pytest.raises(WriteError, match="exists"), open_target(target(path)) as writer:
        writer.write(sound(10))
        path.write_bytes(b"mine")
    assert path.read_bytes() == b"mine"
    assert names(tmp_path) == ["song.wav"]


def test_a_song_is_replaced_by_itself(tmp_path: Path) -> None:
    """What is read stays until all is written."""
    held = samples(PCM24, 2, 100_000)
    path = write(tmp_path / "song.wav", "wav24", held)
    with open_sound(path) as source, open_target(target(path, "wav24"), force=True) as writer:
        for block in source.blocks(5000):
            writer.write(block // 2)
    np.testing.assert_array_equal(read(path), held // 2)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB, where the machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    yield disk
    subprocess.run(["umount", disk], check=False)


@pytest.mark.parametrize("name", ["wav24", "wav64f", "flac24", "ogg", "mp3-320"])
def test_a_really_full_disk(tiny_disk: Path, name: str) -> None:
    (tiny_disk / "old").write_bytes(b"old")
    targets = [target(tiny_disk / "old", name), target(tiny_disk / "new", name)]
    with (
        pytest.raises(
            WriteError, match=r"(old|new) was not written: no space left on device; choose another"
        ),
        open_targets(targets, force=True) as writers,
    ):
        noise = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 50_000))
        for _ in range(100):
            for writer in writers:
                writer.write(noise)
    assert names(tiny_disk) == ["old"]
    assert (tiny_disk / "old").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["wav24", "flac24", "ogg", "mp3-320"])
@pytest.mark.parametrize("missing", [0.001, 0.2, 0.6])
def test_a_disk_that_is_full_at_the_very_end(tiny_disk: Path, name: str, missing: float) -> None:
    """Too little room by a hair: what an encoder or a buffer holds back to the end counts as well."""
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 30_000))
    size = write(tiny_disk / "song", name, noise).stat().st_size
    (tiny_disk / "song").unlink()
    room = int(size * (1 - missing)) // 4096 * 4096
    (tiny_disk / "filling").write_bytes(bytes(shutil.disk_usage(tiny_disk).free - room))
    with pytest.raises(WriteError, match="no space left"), open_target(target(tiny_disk / "song", name)) as w:
        w.write(noise)
    assert names(tiny_disk) == ["filling"]


def test_devices(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(WriteError, match="full was not written: no space left"):
        write(Path("/dev/full"), "wav16", sound())
    write(Path("/dev/null"), "wav16", sound())
    with pytest.raises(UnsupportedError, match="flac cannot be written to a pipe; write wav, or to a file"):
        write(Path("/dev/null"), "flac16", sound())


def test_standard_output() -> None:
    """A pipe cannot be sought: readers are told to read until its end."""
    script = (
        "import numpy as np; from pathlib import Path; from canzona.audio.writing import *\n"
        "from canzona.audio.formats import sound_format\n"
        "target = Target(Path('/dev/stdout'), 44100, 2, sound_format('wav16'))\n"
        "with open_target(target) as writer: writer.write(np.ones((2, 5000), np.int32))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    with open_sound(io.BytesIO(done.stdout)) as source:
        assert source.frames is None
        assert sum(block.shape[1] for block in source.blocks(999)) == 5000


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
@pytest.mark.parametrize("known", [True, False])
def test_ffmpeg_reads_a_pipe_of_ours(tmp_path: Path, known: bool) -> None:
    held = samples(PCM24, 2, 5000)
    stream = io.BytesIO()
    stream.seekable = lambda: False  # type: ignore[method-assign]
    sink = WavSink(stream, SoundInfo("", RATE, 2, PCM24), 5000 if known else None)
    sink.write(held)
    sink.finish(5000)
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "s32le", "-"]
    done = subprocess.run(command, input=stream.getvalue(), capture_output=True, check=True)
    np.testing.assert_array_equal(np.frombuffer(done.stdout, "<i4").reshape(-1, 2).T >> 8, held)


def test_blocks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    cases: list[tuple[str, np.ndarray, str]] = [
        ("wav16", np.zeros((1, 5)), r"shape \(1, 5\) holds no 2 channels"),
        ("wav16", np.zeros(5), "holds no 2 channels"),
        ("wav16", np.full((2, 1), 32768), "16 bits hold steps from -32768 to 32767 only"),
        ("flac8", np.full((2, 1), -129), "8 bits hold steps from -128 to 127 only"),
        ("wav32f", np.zeros((2, 1), np.int32), "integers cannot be written .* use `to_float` first"),
        ("ogg", np.zeros((2, 1), np.int32), "integers cannot be written"),
        ("wav16", np.zeros((2, 1), bool), "a block of bool is no sound"),
    ]
    for name, block, sentence in cases:
        with (
            pytest.raises(UsageError, match=sentence),
            open_target(target(tmp_path / "song", name)) as writer,
        ):
            writer.write(block)
    for value in (np.nan, np.inf):
        with pytest.raises(UnsupportedError, match="holds samples that are no numbers"):
            write(tmp_path / "song", "wav32f", np.full((2, 3), value))
    assert names(tmp_path) == []


def test_targets_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(WriteError, match=r"a\.wav would be written twice"),
        open_targets([target(tmp_path / "a.wav"), target(tmp_path / "." / "a.wav")]),
    ):
        pass
    with (
        pytest.raises(UsageError, match="sound of 6 channels"),
        open_target(target(tmp_path / "a.wav", channels=6)),
    ):
        pass
    with (
        pytest.raises(UnsupportedError, match="96000 Hz"),
        open_target(Target(tmp_path / "a.mp3", 96000, 2, sound_format("mp3"))),
    ):
        pass
    with pytest.raises(WriteError, match="is a folder"), open_target(target(tmp_path)):
        pass
    with (
        pytest.raises(WriteError, match="no such file or directory"),
        open_target(target(tmp_path / "gone" / "a.wav")),
    ):
        pass
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(WriteError, match="was not written: not a directory"),
        open_target(target(tmp_path / "file" / "a.wav")),
    ):
        pass
    assert names(tmp_path) == ["file"]


def test_without_soundfile_wav_is_still_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    write(tmp_path / "song.wav", "wav16", sound(10))
    with pytest.raises(MissingDependencyError, match="flac files need soundfile; pip install soundfile"):
        write(tmp_path / "song.flac", "flac16", sound(10))
    assert names(tmp_path) == ["song.wav"]


def test_a_library_without_mp3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfile, "available_formats", lambda: {"WAV": ""})
    with pytest.raises(MissingDependencyError, match="this libsndfile writes no mp3; pip install --upgrade"):
        write(tmp_path / "song.mp3", "mp3", sound(10))
    assert names(tmp_path) == []


def test_long_blocks_reach_the_encoder_in_parts(tmp_path: Path) -> None:
    """libvorbis takes what it is given at once on its stack: a minute at once ends the program."""
    assert read(write(tmp_path / "song.ogg", "ogg", sound(RATE * 60))).shape == (2, RATE * 60)
    assert sinks._FRAMES < 1 << 16


def test_32_bits_are_rounded_in_double_precision(tmp_path: Path) -> None:
    found = read(write(tmp_path / "song.wav", "wav32", np.array([[0.1, -0.7]])))
    assert found.tolist() == [[round(0.1 * 2**31), round(-0.7 * 2**31)]]


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the resource module")
@pytest.mark.parametrize("name", ["wav24", "flac24", "ogg"])
def test_memory_does_not_grow_with_length(tmp_path: Path, name: str) -> None:
    script = (
        "import resource, sys, numpy as np; from pathlib import Path\n"
        "from canzona.audio.writing import *\nfrom canzona.audio.formats import sound_format\n"
        "block = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44100)).astype(np.float32)\n"
        f"target = Target(Path(sys.argv[1]), 44100, 2, sound_format('{name}'))\n"
        "for seconds in (5, 50):\n"
        "    with open_target(target, force=True) as w:\n"
        "        for _ in range(seconds): w.write(block)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", script, tmp_path / "song"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    assert second - first < 3000, "kB between five seconds and fifty (8 MB)"
