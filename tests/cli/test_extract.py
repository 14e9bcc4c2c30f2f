"""`canzona extract` from the shell: files, folders, pipes, options, codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from small_extractor import RATE, filter_model, mask_model, noise

PROGRAM = [sys.executable, "-m", "canzona", "extract"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filter_model(tmp_path_factory.mktemp("models") / "half", [0.1, 0.5, 0.1]).path


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "deaf"
    return mask_model(folder, 0.5, 1e-4, presence={"threshold": 0.5}).path


def write(path: Path, seconds: float = 0.5, seed: int = 1, subtype: str = "PCM_16") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(seed, round(seconds * RATE)).T, RATE, subtype=subtype)
    return path


def steps(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0].astype(int)


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_song_becomes_two_stems_that_add_up(tmp_path: Path, model: Path, canzona_cli: Callable) -> None:
    source = write(tmp_path / "song.wav")
    out = tmp_path / "out"
    done = canzona_cli("extract", source, "-o", out, "-m", model)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{out / 'song.synth.wav'}\t{out / 'song.rest.wav'}\n"
    np.testing.assert_array_equal(steps(out / "song.synth.wav") + steps(out / "song.rest.wav"), steps(source))


def test_a_line_for_each_song(tmp_path: Path, model: Path, canzona_cli: Callable) -> None:
    for name in ("a.wav", "sub/b.flac"):
        write(tmp_path / "in" / name)
    done = canzona_cli("extract", tmp_path / "in", "-o", tmp_path / "out", "-m", model, "--only", "synth")
    assert (done.code, done.err) == (0, "")
    assert [Path(line).name for line in done.out.splitlines()] == ["a.synth.wav", "b.synth.wav"]
    assert tree(tmp_path / "out") == ["a.synth.wav", "sub/b.synth.wav"]


def test_all_options_at_once(tmp_path: Path, model: Path, canzona_cli: Callable) -> None:
    source = write(tmp_path / "song.wav", 3.0)
    words = ["-o", tmp_path / "out", "-m", model, "--format", "flac24", "--only", "rest", "--device", "cpu"]
    words += ["--start", "0:00.5", "--end", "2", "--filename", "{track}/{stem}.{ext}", "--presence", "--plot"]
    done = canzona_cli("extract", source, *words)
    assert (done.code, done.err) == (0, "")
    assert tree(tmp_path / "out") == ["song/rest.flac", "song/song.png", "song/song.presence.csv"]
    info = soundfile.info(tmp_path / "out" / "song" / "rest.flac")
    assert (info.subtype, info.frames) == ("PCM_24", round(1.5 * RATE))
    rows = (tmp_path / "out" / "song" / "song.presence.csv").read_text().splitlines()
    assert rows[0] == "time,presence" and 0.5 < float(rows[1].split(",")[0]) < 0.52
    assert (tmp_path / "out" / "song" / "song.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_one_object(tmp_path: Path, model: Path, canzona_cli: Callable) -> None:
    (tmp_path / "bad.wav").write_text("no song")
    sources = [write(tmp_path / "song.wav", 2.0, subtype="PCM_24"), tmp_path / "bad.wav"]
    words = ["-o", tmp_path / "out", "-m", model, "--format", "wav16", "--json"]
    done = canzona_cli("extract", *sources, *words)
    assert done.code == 1
    held = json.loads(done.out)
    assert {name: held[name] for name in ("model", "done", "absent", "skipped", "failed")} == {
        "model": "half", "done": 1, "absent": 0, "skipped": 0, "failed": 1,
    }  # fmt: skip
    song, bad = held["songs"]
    assert song["input"] == str(sources[0]) and song["status"] == "done" and song["seconds"] == 2.0
    assert song["outputs"] == [str(tmp_path / "out" / f"song.{stem}.wav") for stem in ("synth", "rest")]
    assert song["speed"] > 0 and 0 < song["presence"] <= 1 and "was rounded to 16-bit" in song["warnings"][0]
    assert bad["status"] == "failed" and "is no sound file" in bad["reason"] and bad["outputs"] == []


def test_no_synth_here(tmp_path: Path, deaf: Path, canzona_cli: Callable) -> None:
    source = write(tmp_path / "song.wav")
    done = canzona_cli("extract", source, "-o", tmp_path, "-m", deaf)
    assert done.code == 0
    assert done.err == (
        f"{source}: no synth here: nothing of it was heard: its stem is silence, and the rest is the input\n"
    )
    assert not steps(tmp_path / "song.synth.wav").any()
    np.testing.assert_array_equal(steps(tmp_path / "song.rest.wav"), steps(source))


def test_a_second_run_skips(tmp_path: Path, model: Path, canzona_cli: Callable) -> None:
    source = write(tmp_path / "song.wav")
    words = ["extract", source, "-o", tmp_path, "-m", model]
    first = canzona_cli(*words)
    second = canzona_cli(*words)
    assert (second.code, second.out) == (0, first.out)
    assert second.err == f"{source}: skipped, all of it is there already; --force does it again\n"
    assert canzona_cli(*words, "--force").err == ""
    held = json.loads(canzona_cli(*words, "--json").out)
    assert held["skipped"] == 1 and held["songs"][0]["status"] == "skipped"


def test_quiet_says_errors_alone(tmp_path: Path, deaf: Path, canzona_cli: Callable) -> None:
    words = ["-o", tmp_path / "out", "-m", deaf, "-q"]
    done = canzona_cli("extract", write(tmp_path / "song.wav"), *words)
    assert (done.code, done.out, done.err) == (0, "", "")
    done = canzona_cli("extract", tmp_path / "none.wav", *words)
    assert (done.code, done.out) == (1, "") and done.err.count("\n") == 1


def test_stdin_to_stdout(tmp_path: Path, model: Path) -> None:
    source = write(tmp_path / "song.wav", 2.0)
    for only, words in (("synth", ()), ("rest", ("-o", "-"))):
        done = subprocess.run(
            [*PROGRAM, "-", *words, "-m", model, "--only", only], input=source.read_bytes(),
            capture_output=True, check=True,
        )  # fmt: skip
        (tmp_path / f"{only}.wav").write_bytes(done.stdout)
        assert done.stderr == b""
    np.testing.assert_array_equal(steps(tmp_path / "synth.wav") + steps(tmp_path / "rest.wav"), steps(source))
    assert sum(steps(tmp_path / "synth.wav").ravel() != 0) > 1000


def test_stdin_without_a_synth(tmp_path: Path, deaf: Path) -> None:
    """What comes through a pipe cannot be read again, and still the rest is all of it."""
    source = write(tmp_path / "song.wav", 2.0)
    done = subprocess.run(
        [*PROGRAM, "-", "-o", tmp_path / "out", "-m", deaf, "--json"], input=source.read_bytes(),
        capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["absent"] == 1
    assert tree(tmp_path / "out") == ["stdin.rest.wav", "stdin.synth.wav"]
    np.testing.assert_array_equal(steps(tmp_path / "out" / "stdin.rest.wav"), steps(source))
    assert not steps(tmp_path / "out" / "stdin.synth.wav").any()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
def test_standard_output_that_takes_nothing(tmp_path: Path, model: Path) -> None:
    write(tmp_path / "song.wav")
    words = [sys.executable, "-m", "canzona", "extract", "song.wav", "--model", str(model), "-o"]
    for more in (["-"], ["out", "--json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*words, *more], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, text=True, timeout=120
            )
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert "standard output" in done.stderr and "no space left" in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, model: Path) -> None:
    source = write(tmp_path / "song.wav", 10.0)
    program = " ".join([*PROGRAM, str(source), "-o", "-", "-m", str(model)])
    done = subprocess.run(["bash", "-c", f"{program} | head -c 100 | wc -c"], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("100", "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Missing option '-o'"),
        (("-o", "song.wav"), 2, "song.wav is no folder, and stems go into one; name another with -o"),
        (("-o", "song.wav/deeper"), 1, "was not written: not a directory"),
        (("-o", "out", "--format", "wma"), 2, "'wma' is no format of sound; choose wav"),
        (("-o", "out", "--only", "bass"), 2, "there is no stem 'bass'; choose synth or rest"),
        (("-o", "out", "--filename", "{song}"), 2, "asks for 'song', which no stem has"),
        (("-o", "out", "--filename", "{track}.{ext}"), 2, "put {stem} into it"),
        (("-o", "out", "--filename", "../{stem}"), 2, "leads out of the target folder"),
        (("-o", "out", "--start", "soon"), 2, "'soon' is no time; write seconds, m:ss or h:mm:ss"),
        (("-o", "out", "--start", "1:75"), 2, "there are 60 seconds in a minute"),
        (("-o", "out", "--end", "1:60:00"), 2, "there are 60 seconds in a minute"),
        (("-o", "out", "--end", "-1"), 2, "no time"),
        (("-o", "out", "--start", "2", "--end", "1"), 2, "from 2 s to 1 s is no part of a song"),
        (("-o", "out", "--start", "1:00:00"), 1, "song.wav: has nothing after 3600 s; start earlier"),
        (("-o", "out", "--device", "tpu"), 2, "there is no device 'tpu'; choose cpu or cuda"),
        (("-o", "out", "--device", "cuda"), 1, "knows no device 'cuda'"),
        (("-o", "-", "--json"), 2, "stdout holds either sound or JSON"),
        (("-o", "-", "--plot"), 2, "standard output holds sound alone"),
        (("-o", "-", "--format", "flac"), 2, "standard output gets wav"),
        (("song.flac", "-o", "-"), 2, "standard output holds one stem of one song"),
        (("deep/song.wav", "-o", "out"), 2, "would both become"),
        (("none.wav", "-o", "out", "--only", "synth"), 1, "none.wav: no such file or directory"),
        (("-m", "none", "-o", "out"), 4, "there is no model 'none'"),
        (("-m", "text", "-o", "out"), 4, "text"),
    ],
    ids=str,
)
def test_bad_requests_are_a_code_and_a_sentence(
    tmp_path: Path,
    model: Path,
    canzona_cli: Callable,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    write(tmp_path / "song.wav")
    for name in ("song.flac", "deep/song.wav"):
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    if "cuda" in words:
        import onnxruntime

        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    done = canzona_cli("extract", "song.wav", *([] if "-m" in words else ["-m", model]), *words)
    assert done.code == code, done.err
    assert said in done.err and "Traceback" not in done.err and "should not happen" not in done.err
    assert not [name for name in tree(tmp_path) if ".part" in name]
    if code != 1:
        assert sorted(os.listdir()) == ["deep", "song.flac", "song.wav"], "nothing is written"


@pytest.mark.parametrize(
    ("words", "seconds"), [("1", 1.0), ("0:01", 1.0), ("0:00:01.25", 1.25), (".5", 0.5), (" 1. ", 1.0)]
)
def test_times(tmp_path: Path, model: Path, canzona_cli: Callable, words: str, seconds: float) -> None:
    source = write(tmp_path / "song.wav", 2.0)
    done = canzona_cli("extract", source, "-o", tmp_path, "-m", model, "--end", words, "--only", "synth")
    assert done.code == 0
    assert soundfile.info(tmp_path / "song.synth.wav").frames == round(seconds * RATE)


def test_a_summary_says_how_many_failed(tmp_path: Path, model: Path, canzona_cli: Callable) -> None:
    write(tmp_path / "song.wav")
    done = canzona_cli(
        "extract", tmp_path / "a.wav", tmp_path / "song.wav", tmp_path / "b.wav", "-o", tmp_path / "out",
        "-m", model,
    )  # fmt: skip
    assert done.code == 1 and done.out.count("\n") == 1
    assert done.err.splitlines()[-1] == "canzona: 2 of 3 songs could not be handled"


def running(words: list[str | Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_no_half_file(tmp_path: Path, model: Path, jobs: int) -> None:
    """A terminal sends it to every process of the group."""
    sources = [write(tmp_path / "in" / f"{number}.wav", 240.0, number) for number in range(3)]
    out = tmp_path / "out"
    process = running([*sources, "-o", out, "-m", model, "-j", str(jobs)])
    deadline = time.monotonic() + 60
    while not list(out.glob(".canzona-*")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "canzona: interrupted\n"
    assert not [name for name in tree(out) if ".part" in name]
    assert len(tree(out)) % 2 == 0, "both stems of a song or none"


def test_ctrl_c_again_and_again_ends_sooner(tmp_path: Path, model: Path) -> None:
    sources = [write(tmp_path / f"{number}.wav", 600.0) for number in range(2)]
    words = [*map(str, sources), "-o", str(tmp_path / "out"), "-m", str(model), "--jobs", "2"]
    program = subprocess.Popen([*PROGRAM, *words], stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 60
    while len(list((tmp_path / "out").glob(".canzona-*"))) < 4 and time.monotonic() < until:
        time.sleep(0.02)
    for _ in range(3):
        os.killpg(program.pid, signal.SIGINT)
        time.sleep(0.03)
    _, err = program.communicate(timeout=20)
    assert (program.returncode, err) == (130, "canzona: interrupted\n")
    assert tree(tmp_path / "out") == []


def test_a_terminal_sees_progress_with_the_time_left(tmp_path: Path, model: Path) -> None:
    """And what is piped is in the pipe, not on the terminal."""
    source = write(tmp_path / "song.wav", 60.0)
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 100))
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*PROGRAM, source, "-o", tmp_path, "-m", model], stdout=subprocess.PIPE, stderr=follower,
        env=environment, text=True,
    ) as process:  # fmt: skip
        os.close(follower)
        seen = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
        assert process.stdout is not None
        assert process.stdout.read().count("song.synth.wav") == 1
    os.close(leader)
    assert process.returncode == 0
    assert b"song.wav" in seen and b"%" in seen and re.search(rb"\d\d:\d\d left", seen)
    assert b"song.synth.wav" not in seen


def test_the_model_is_the_default_where_none_is_named(
    tmp_path: Path, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    filter_model(tmp_path / "models" / "blend")
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path / "models"))
    done = canzona_cli("extract", write(tmp_path / "song.wav"), "-o", tmp_path / "out", "--json")
    assert json.loads(done.out)["model"] == "blend"


def test_v_shows_where_what_should_not_happen_came_from(
    tmp_path: Path, model: Path, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from canzona.separation import batch

    def stumbling(*_args: object, **_others: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(batch, "extract_song", stumbling)
    words = ["extract", write(tmp_path / "song.wav"), "-o", tmp_path / "out", "-m", model]
    done = canzona_cli(*words)
    assert done.code == 1 and "song.wav: an error that should not happen (ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    assert "in stumbling" in canzona_cli(*words, "-v").err
