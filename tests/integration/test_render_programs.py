"""What we draw and sound, in the hands of other programs; each skips where its program is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from canzona.audio import integrated_loudness
from canzona.errors import CanzonaError
from canzona.render import PageEntry, engrave, render_page, render_sound, write_sound
from canzona.render.soundfont import find_soundfont
from melodies import star


def program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


def run(*command: str | Path, limit: int = 60) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=limit, check=True)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def test_fluidsynth_plays_a_system_font() -> None:
    program("fluidsynth")
    if find_soundfont() is None:
        pytest.skip("no sound font is installed")
    violin, flute = (
        render_sound(star(), instrument=name, soundfont=find_soundfont()) for name in ("violin", "flute")
    )
    assert violin.shape == flute.shape
    assert integrated_loudness(violin, 44100) == pytest.approx(-16, abs=0.5)
    assert np.abs(violin - flute).max() > 0.1


def test_fluidsynth_and_a_broken_font(tmp_path: Path) -> None:
    program("fluidsynth")
    font = tmp_path / "broken.sf2"
    font.write_bytes(b"RIFF\x10\0\0\0sfbk" + bytes(16))
    with pytest.raises(CanzonaError, match=r"broken\.sf2"):
        render_sound(star(), soundfont=font)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_ffmpeg_reads_sound_and_tags(kind: str, tmp_path: Path) -> None:
    ffprobe = program("ffprobe")
    path = tmp_path / f"star.{kind}"
    path.write_bytes(write_sound(star(), kind=kind))
    shown = json.loads(run(ffprobe, "-v", "error", "-of", "json", "-show_format", "-show_streams", path))
    tags = {**shown["streams"][0].get("tags", {}), **shown["format"].get("tags", {})}
    tags = {name.lower(): value for name, value in tags.items()}
    assert tags["title"] == star().title
    assert tags["comment"] == star().provenance
    assert int(shown["streams"][0]["sample_rate"]) == 44100


def test_ffmpeg_measures_the_same_loudness(tmp_path: Path) -> None:
    ffmpeg = program("ffmpeg")
    path = tmp_path / "star.wav"
    path.write_bytes(write_sound(star(), bits=24))
    shown = run(ffmpeg, "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-")
    summary = shown[shown.rindex("Summary:") :]
    assert float(summary.split("I:")[1].split()[0]) == pytest.approx(-16, abs=0.5)
    assert float(summary.split("Peak:")[1].split()[0]) < -1


def test_poppler_reads_the_pdf(tmp_path: Path) -> None:
    pdfinfo, pdftoppm = program("pdfinfo"), program("pdftoppm")
    path = tmp_path / "star.pdf"
    path.write_bytes(engrave(star(), "pdf")[0])
    shown = run(pdfinfo, path)
    assert "Ah! vous dirai-je, maman" in shown and "A4" in shown and star().provenance in shown
    said = run(pdftoppm, "-r", "50", "-gray", path, tmp_path / "star")
    assert said == "", "no complaint"
    picture = next(tmp_path.glob("star-*.pgm")).read_bytes()
    assert picture.count(255) > 0.8 * len(picture) and sum(value < 100 for value in picture) > 500


def test_chromium_opens_the_page(tmp_path: Path) -> None:
    chromium = program("chromium", "chromium-browser", "google-chrome")
    path = tmp_path / "index.html"
    path.write_text(render_page([PageEntry(star())], title="Stars"), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    picture = tmp_path / "page.png"
    run(chromium, *flags, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", path.as_uri())
    assert picture.stat().st_size > 10_000
