"""Sound files read block by block: every kind, every block size, and every kind of bad file."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona.audio import ffmpeg
from canzona.audio.encoding import LOSSY, Encoding, SoundInfo, to_float
from canzona.audio.reading import SoundSource, open_sound
from canzona.audio.wav import pack, wav_header
from canzona.errors import CanzonaError, FormatError, MissingDependencyError, UnsupportedError, UsageError
from sounds import ENCODINGS, PCM16, PCM24, RATE, SUBTYPES, mp3, samples, sound, without_table


def write(path: Path, held: np.ndarray, subtype: str | None = None, rate: int = RATE, **tags: str) -> Path:
    kind = {".opus": "OGG"}.get(path.suffix)
    with soundfile.SoundFile(path, "w", rate, len(held), subtype, format=kind) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(held.T)
    return path


def read(source: SoundSource, frames: int = 4096, start: int = 0, stop: int | None = None) -> np.ndarray:
    blocks = list(source.blocks(frames, start, stop))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((source.channels, 0))


def read_file(path: Path | str | io.BytesIO, *where: int) -> np.ndarray:
    with open_sound(path) as source:
        return read(source, *where)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".caf", ".w64", ".au"])
@pytest.mark.parametrize(("encoding", "subtype"), [*zip(ENCODINGS, SUBTYPES, strict=True)])
@pytest.mark.parametrize("channels", [1, 2])
def test_lossless_files_give_their_own_steps(
    tmp_path: Path, suffix: str, encoding: Encoding, subtype: str, channels: int
) -> None:
    kind = suffix[1:].upper()
    if subtype == "PCM_U8" and not soundfile.check_format(kind, subtype):
        subtype = "PCM_S8"
    if not soundfile.check_format(kind, subtype):
        pytest.skip(f"{kind} holds no {subtype}")
    held = samples(encoding, channels, 5000)
    path = write(tmp_path / f"song{suffix}", to_float(held, encoding), subtype)
    with open_sound(path) as source:
        assert (source.name, source.sample_rate, source.channels) == (str(path), RATE, channels)
        assert (source.frames, source.encoding, source.info.exact) == (5000, encoding, True)
        blocks = list(source.blocks(1999))
        assert [block.shape[1] for block in blocks] == [1999, 1999, 1002]
        assert {block.dtype for block in blocks} == {encoding.dtype}
        np.testing.assert_array_equal(np.concatenate(blocks, axis=1), held)
        assert source.warning == ""


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("lossy")
    held = sound(100_000)
    bare = folder / "bare.mp3"
    bare.write_bytes(without_table(mp3(seconds=2)))
    return {
        "ogg": write(folder / "song.ogg", held),
        "opus": write(folder / "song.opus", held, "OPUS", 48000),
        "mp3": write(folder / "song.mp3", held),
        "ulaw": write(folder / "song.wav", held, "ULAW"),
        "bare": bare,
    }


@pytest.mark.parametrize("kind", ["ogg", "opus", "mp3", "ulaw"])
def test_lossy_files_give_floats(lossy: dict[str, Path], kind: str) -> None:
    with open_sound(lossy[kind]) as source:
        assert source.encoding == LOSSY
        assert source.sample_rate == (48000 if kind == "opus" else RATE)
        found = read(source)
    assert found.dtype == np.float32
    assert found.shape == (2, 100_000)
    wanted, _ = soundfile.read(lossy[kind], dtype="float32")
    np.testing.assert_array_equal(found, wanted.T)


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["ogg", "opus", "mp3", "ulaw", "bare"]),
    frames=st.integers(100, 70_000),
    start=st.integers(0, 110_000),
    length=st.none() | st.integers(0, 110_000),
)
def test_a_part_is_a_part_of_the_whole(
    lossy: dict[str, Path], kind: str, frames: int, start: int, length: int | None
) -> None:
    """Also where jumps of the library land elsewhere, as they do in Vorbis and MP3."""
    stop = None if length is None else start + length
    with open_sound(lossy[kind]) as source:
        whole = read(source, 1 << 20)
        part = list(source.blocks(frames, start, stop))
    assert all(block.shape[1] == frames for block in part[:-1])
    joined = np.concatenate([np.zeros((whole.shape[0], 0), np.float32), *part], axis=1)
    np.testing.assert_array_equal(joined, whole[:, start:stop])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    encoding=st.sampled_from(ENCODINGS),
    frames=st.integers(1, 900),
    block=st.integers(1, 1000),
    start=st.integers(0, 1000),
    length=st.none() | st.integers(0, 1000),
    piped=st.booleans(),
)
def test_lossless_parts(
    tmp_path: Path, encoding: Encoding, frames: int, block: int, start: int, length: int | None, piped: bool
) -> None:
    held = samples(encoding, 2, frames)
    data = wav_header(SoundInfo("", RATE, 2, encoding), frames) + pack(held, encoding)
    path = tmp_path / "song.wav"
    path.write_bytes(data)
    stop = None if length is None else start + length
    with open_sound(io.BytesIO(data) if piped else path) as source:
        found = read(source, block, start, stop)
    np.testing.assert_array_equal(found, held[:, start:stop])


def test_several_readings_run_side_by_side(lossy: dict[str, Path]) -> None:
    with open_sound(lossy["ogg"]) as source:
        pairs = list(zip(source.blocks(1000), source.blocks(1000), strict=True))
    assert len(pairs) == 100
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


def test_the_sound_comes_to_an_end_with_the_block(lossy: dict[str, Path]) -> None:
    for path in lossy.values():
        with open_sound(path) as source:
            blocks = source.blocks(10)
            next(blocks)
        assert next(blocks, None) is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("Thread-")]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_title_and_artist(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"song{suffix}", sound(), title="Zażółć", artist="Łucja")
    with open_sound(path) as source:
        assert (source.tags.title, source.tags.artist) == ("Zażółć", "Łucja")


@pytest.mark.parametrize(
    "name", ["Zażółć 音楽.wav", "trailing .wav ", "-rf.wav", "x" * 200 + ".wav", "a'b\"c\n.wav"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    held = samples(PCM16, 2, 100)
    write(tmp_path / "song.wav", to_float(held, PCM16)).rename(tmp_path / name)
    np.testing.assert_array_equal(read_file(tmp_path / name), held)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems hold Unicode names only")
def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    held = samples(PCM16, 2, 100)
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/song\xff.wav"))
    write(tmp_path / "song.wav", to_float(held, PCM16)).rename(path)
    np.testing.assert_array_equal(read_file(path), held)


def test_an_mp3_without_a_length_is_read_to_its_end(lossy: dict[str, Path]) -> None:
    with open_sound(lossy["bare"]) as source:
        assert source.frames is None
        found = read(source)
        assert source.warning == ""
    assert found.shape[1] >= 2 * RATE
    assert found.shape[1] - 2 * RATE < 3000, "what an encoder puts before and after"


def test_mp3_files_joined_are_read_to_the_end_of_the_last(tmp_path: Path) -> None:
    (tmp_path / "joined.mp3").write_bytes(mp3(seconds=1) + mp3(seconds=2))
    assert read_file(tmp_path / "joined.mp3").shape[1] >= 3 * RATE


def test_a_flac_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    """As it is written to a pipe: the head counts no samples."""
    held = samples(PCM16, 2, 50_000)
    data = bytearray(write(tmp_path / "song.flac", to_float(held, PCM16), "PCM_16").read_bytes())
    data[21] &= 0xF0  # 36 bits after the sample rate, channels and bits: see the format, STREAMINFO
    data[22:26] = bytes(4)
    (tmp_path / "song.flac").write_bytes(data)
    with open_sound(tmp_path / "song.flac") as source:
        assert source.frames is None
        np.testing.assert_array_equal(read(source), held)
        np.testing.assert_array_equal(read(source, 100, 33_333), held[:, 33_333:])


@pytest.mark.parametrize(
    ("kind", "announced"),
    [("song.wav", True), ("song.flac", True), ("song.mp3", True), ("song.ogg", False), ("bare.mp3", False)],
)
def test_what_is_there_of_a_file_cut_short_is_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str, announced: bool
) -> None:
    path = tmp_path / kind
    if kind == "bare.mp3":
        path.write_bytes(without_table(mp3(seconds=5)))
    else:
        write(path, sound(5 * RATE))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with open_sound(path) as source:
        found = read(source)
        seconds = found.shape[1] / RATE
        assert 1.5 < seconds < 3.5
        sentence = f"{path} is cut off or damaged after {seconds:.2f} s: 5.00 s were announced"
        assert source.warning == (sentence if announced else "")
    assert capfd.readouterr() == ("", ""), "the library keeps its warnings to itself"


def test_a_part_within_what_is_there_gives_no_warning(tmp_path: Path) -> None:
    path = write(tmp_path / "song.wav", sound(5 * RATE))
    path.write_bytes(path.read_bytes()[:400_000])
    with open_sound(path) as source:
        assert source.frames == (400_000 - 44) // 4, "what is there"
        read(source, 4096, 0, RATE)
        assert source.warning == ""
        assert not read(source, 4096, 4 * RATE).size
        assert source.warning.startswith(f"{path} is cut off or damaged before 4.00 s")


def test_a_damaged_flac_is_read_up_to_the_damage(tmp_path: Path) -> None:
    held = samples(PCM16, 2, 100_000)
    path = write(tmp_path / "song.flac", to_float(held, PCM16), "PCM_16")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(range(250)) * 12
    path.write_bytes(data)
    with open_sound(path) as source:
        found = read(source)
        assert 30_000 < found.shape[1] < 50_000
        np.testing.assert_array_equal(found, held[:, : found.shape[1]])
        assert "is cut off or damaged after" in source.warning


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".m4a", ""])
def test_files_that_are_no_sound(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"song{suffix}"
    path.write_text("Dear diary, today I wrote no music. " * 200)
    with pytest.raises(FormatError, match="is no sound file that can be read") as caught, open_sound(path):
        pass
    assert caught.value.source == str(path)
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"is empty \(0 bytes\); give a file with sound"), open_sound(path):
        pass


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"gone\.wav: no such file or directory; check the path"):
        read_file(tmp_path / "gone.wav")
    with pytest.raises(FormatError, match="is a folder; name a file in it"):
        read_file(tmp_path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_file("a\0b")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "song.wav", sound())
    path.chmod(0)
    with pytest.raises(FormatError, match="permission denied"):
        read_file(path)


def test_a_wav_without_a_sample(tmp_path: Path) -> None:
    path = write(tmp_path / "song.wav", np.zeros((2, 0)))
    with open_sound(path) as source, pytest.raises(FormatError, match="holds no sound"):
        read(source)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("piped", [False, True])
def test_a_sample_that_is_no_number_is_refused_with_its_second(
    tmp_path: Path, value: float, subtype: str, piped: bool
) -> None:
    held = sound(2 * RATE)
    held[1, RATE + RATE // 2] = value
    path = write(tmp_path / "song.wav", held, subtype)
    with open_sound(io.BytesIO(path.read_bytes()) if piped else path) as source:
        blocks = source.blocks(10_000)
        for _ in range(6):
            next(blocks)
        with pytest.raises(FormatError, match=r"the sample at 1\.500 s is no number"):
            next(blocks)


@pytest.mark.parametrize("channels", [3, 6])
def test_more_than_two_channels_are_refused(tmp_path: Path, channels: int) -> None:
    path = write(tmp_path / "song.wav", sound(100, channels))
    for source in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises(UnsupportedError, match=f"has {channels} channels: mono and stereo are read"):
            read_file(source)


@pytest.mark.parametrize("where", [(0,), (10, -1), (10, 5, 4)])
def test_blocks_that_make_no_sense(tmp_path: Path, where: tuple[int, ...]) -> None:
    with open_sound(write(tmp_path / "song.wav", sound())) as source, pytest.raises(UsageError):
        source.blocks(*where)


def test_standard_input(tmp_path: Path) -> None:
    script = (
        "from canzona.audio.reading import open_sound\n"
        "with open_sound('-') as source:\n"
        "    total = sum(int(b.sum()) for b in source.blocks(1000))\n"
        "    print(source.name, source.frames, source.channels, total)\n"
    )
    held = samples(PCM24, 2, 5000)
    data = wav_header(SoundInfo("", RATE, 2, PCM24), None) + pack(held, PCM24)
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=True)
    assert done.stdout.decode().split() == ["standard", "input", "None", "2", str(held.sum())]


@pytest.mark.parametrize("piped", [False, True])
def test_no_samples_are_no_unknown_number_of_them(piped: bool, tmp_path: Path) -> None:
    """The tags behind them are no sound; what a recorder leaves that crashed has nothing behind."""
    tags = b"LIST" + struct.pack("<I", 12) + b"INFOISFT" + struct.pack("<I", 0)
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, RATE, 4 * RATE, 4, 16)
    riff = b"RIFF" + struct.pack("<I", 4 + len(form) + 8 + len(tags)) + b"WAVE"
    path = tmp_path / "empty.wav"
    path.write_bytes(riff + form + b"data" + bytes(4) + tags)
    source = io.BytesIO(path.read_bytes()) if piped else path
    with open_sound(source) as opened, pytest.raises(FormatError, match="holds no sound"):
        list(opened.blocks(10))


def test_a_pipe_is_read_once() -> None:
    data = wav_header(SoundInfo("", RATE, 2, PCM16), 5) + bytes(20)
    with open_sound(io.BytesIO(data)) as source:
        assert read(source).shape == (2, 5)
        with pytest.raises(UsageError, match="can be read once only; save it as a file first"):
            source.blocks(10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_with_a_name(tmp_path: Path) -> None:
    held = samples(PCM16, 2, 50_000)
    os.mkfifo(tmp_path / "pipe")
    data = wav_header(SoundInfo("", RATE, 2, PCM16), None) + pack(held, PCM16)
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    np.testing.assert_array_equal(read_file(tmp_path / "pipe"), held)
    writer.join(10)


def test_a_pipe_that_ends_early_is_told() -> None:
    data = wav_header(SoundInfo("", RATE, 2, PCM16), RATE) + bytes(2 * RATE)
    with open_sound(io.BytesIO(data)) as source:
        assert read(source).shape == (2, RATE // 2)
        assert source.warning == "the stream is cut off or damaged after 0.50 s: 1.00 s were announced"


def test_without_soundfile_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "song.wav", sound())
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingDependencyError, match="pip install soundfile"):
        read_file(path)


@pytest.mark.parametrize("name", ["song.m4a", "clip.MP4", "noname"])
def test_without_ffmpeg_there_is_a_sentence(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\0\0\0\x20ftypM4A \0\0\2\0" + bytes(500))
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda _: None)
    with pytest.raises(
        MissingDependencyError, match=rf"{name} is read through .* not installed; install ffmpeg"
    ):
        read_file(path)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["wav", "flac", "ogg", "mp3"]),
    at=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=300),
    cut=st.booleans(),
)
def test_any_damage_is_sound_or_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, at: float, noise: bytes, cut: bool
) -> None:
    monkeypatch.setattr(ffmpeg, "installed", lambda: False)
    path = tmp_path / f"song.{kind}"
    write(path, sound(8000))
    data = path.read_bytes()
    place = round(at * len(data))
    path.write_bytes(data[:place] + noise + (b"" if cut else data[place + len(noise) :]))
    try:
        found = read_file(path)
    except CanzonaError as error:
        assert str(path) in str(error)
    else:
        assert found.shape[0] in (1, 2) and np.isfinite(found).all()


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the resource module")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_memory_does_not_grow_with_length(tmp_path: Path, suffix: str) -> None:
    script = (
        "import resource, sys\n"
        "from canzona.audio.reading import open_sound\n"
        "for path in sys.argv[1:]:\n"
        "    with open_sound(path) as source:\n"
        "        for _ in source.blocks(65536): pass\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    paths = [tmp_path / f"{seconds}{suffix}" for seconds in (5, 50)]
    for path in paths:
        write(path, np.tile(sound(RATE), int(path.stem)))
    done = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    assert second - first < 3000, "kB between five seconds and fifty (8 MB)"
