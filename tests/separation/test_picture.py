"""The picture of a song: its spectrograms, colours, axes and file."""

from __future__ import annotations

import base64
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.render.drawing import Page, to_svg
from canzona.render.png import raster_png
from canzona.score.provenance import Provenance
from canzona.separation import picture as picture_module
from canzona.separation.colours import coloured, level_colours
from canzona.separation.picture import SongPicture, _clock, _curve_points, _widened
from canzona.separation.presence import Presence
from canzona.separation.spectrogram import MOST_COLUMNS, ROWS, Spectrogram, row_frequencies
from small_extractor import RATE, noise, tone


def levels_of(sound: np.ndarray, rate: int = RATE, block: int = 1 << 16) -> np.ndarray:
    spectrogram = Spectrogram(rate)
    for at in range(0, sound.shape[1], block):
        spectrogram.push(sound[:, at : at + block])
    return spectrogram.finish()


def oklab(rgb: np.ndarray) -> np.ndarray:
    """From sRGB, after the inverse of Ottosson's matrices."""
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(linear @ to_cones.T) @ to_lab.T


def test_colours_rise_evenly_in_lightness_and_difference() -> None:
    lab = oklab(level_colours())
    assert (np.diff(lab[:, 0]) > -0.002).all() and lab[0, 0] < 0.2 and lab[-1, 0] > 0.93
    steps = np.linalg.norm(lab[8:] - lab[:-8], axis=1)
    assert steps.max() / steps.min() < 1.35


def test_levels_beyond_the_ends_get_their_colours() -> None:
    found = coloured(np.array([-200.0, -80.0, -10.0, 50.0]), -80, -10)
    assert found[0].tolist() == found[1].tolist() == level_colours()[0].tolist()
    assert found[2].tolist() == found[3].tolist() == level_colours()[-1].tolist()


@pytest.mark.parametrize("frequency", [60, 440, 1000, 5000, 12000])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_tone_stands_at_its_frequency_with_its_level(frequency: int, rate: int) -> None:
    levels = levels_of(tone(frequency, 2.0, rate=rate, level=0.5), rate)[:, 20:-20]
    found = row_frequencies()[levels.mean(axis=1).argmax()]
    assert found == pytest.approx(frequency, rel=0.06)
    # Left 0.5 and right 0.25 are 0.375 in the mean; a peak may lie between two rows.
    assert 20 * np.log10(0.375) - 3 < levels.mean(axis=1).max() < 20 * np.log10(0.375) + 0.5


def test_what_no_sample_rate_can_hold_is_dark() -> None:
    levels = levels_of(noise(1, 16_000), 8000)
    assert levels[row_frequencies() > 4200].max() < -119.9
    assert levels[row_frequencies() < 3800].mean() > -60


def test_time_runs_to_the_right() -> None:
    sound = np.concatenate([np.zeros((2, RATE), np.float32), tone(1000, 1.0)], axis=1)
    loudest = levels_of(sound).max(axis=0)
    half = len(loudest) // 2
    assert loudest[: half - 8].max() < -119.9 and loudest[half + 8 :].min() > -30


@settings(max_examples=20)
@given(seconds=st.floats(0.001, 3.0), block=st.integers(500, 50_000))
def test_columns_are_the_same_whatever_the_blocks(seconds: float, block: int) -> None:
    sound = noise(2, max(1, round(seconds * 8000)))
    np.testing.assert_allclose(levels_of(sound, 8000, block), levels_of(sound, 8000), atol=1e-3)


@pytest.mark.parametrize("seconds", [0.0005, 0.1, 10, 400, 1000])
def test_a_song_of_any_length_has_a_bounded_number_of_columns(seconds: float) -> None:
    """Columns are joined two by two; the loud half stays the second."""
    rate = 4000
    sound = noise(3, max(1, round(seconds * rate)))
    sound[:, : sound.shape[1] // 2] *= np.float32(0.01)
    spectrogram = Spectrogram(rate)
    for at in range(0, sound.shape[1], 10_000):
        spectrogram.push(sound[:, at : at + 10_000])
        assert spectrogram._columns.shape[1] < MOST_COLUMNS and len(spectrogram._open) < MOST_COLUMNS
    levels = spectrogram.finish()
    assert levels.shape[0] == ROWS and 1 <= levels.shape[1] <= MOST_COLUMNS
    assert np.isfinite(levels).all()
    if seconds >= 10:
        middle = levels.shape[1] // 2
        louder = levels[50:120, middle + 9 :].mean() - levels[50:120, : middle - 9].mean()
        assert louder == pytest.approx(40, abs=1)


def test_few_columns_are_drawn_wide_and_many_as_they_are() -> None:
    few = np.arange(6, dtype=np.float32).reshape(2, 3)
    wide = _widened(few)
    assert wide.shape[1] >= 1000 and (np.diff(wide, axis=1) >= -1e-6).all()
    np.testing.assert_allclose(wide[:, [0, -1]], few[:, [0, -1]])
    assert _widened(few[:, :1]).shape[1] >= 1000
    many = np.zeros((2, 1500), np.float32)
    assert _widened(many) is many


def test_the_curve_has_a_bounded_number_of_points_and_ends_with_the_song() -> None:
    values = np.linspace(0, 1, 50_000, dtype=np.float32)
    points = list(_curve_points(Presence(values, 0.01), 500.0))
    assert len(points) < 1200 and points[0][0] == 0 and points[-1][0] == 1
    assert all(abs(x - y) < 0.01 for x, y in points)
    assert list(_curve_points(Presence(values[:0], 0.01), 1.0)) == []


@pytest.mark.parametrize(
    ("seconds", "digits", "words"),
    [(0, 0, "0:00"), (65, 0, "1:05"), (3725, 0, "1:02:05"), (36000, 0, "10:00:00"), (0.25, 2, "0:00.25"),
     (59.96, 1, "1:00.0"), (70.5, 1, "1:10.5")],
)  # fmt: skip
def test_times_are_minutes_and_seconds(seconds: float, digits: int, words: str) -> None:
    assert _clock(seconds, digits) == words


def test_rasters_are_png_files_that_give_the_pixels_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    data = raster_png(pixels)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    np.testing.assert_array_equal(pixels_of(data), pixels)


def made_by(model: str) -> Provenance:
    return Provenance("1", "extract", model)


def drawn(
    seconds: float, title: str = "song", monkeypatch: pytest.MonkeyPatch | None = None
) -> tuple[bytes, list[Page]]:
    """The file, and the pages that were drawn."""
    made = SongPicture(RATE, ("synth", "rest"))
    sound = noise(4, max(1, round(seconds * RATE)))
    made.push(sound, sound / 4, sound * 3 / 4)
    count = max(1, round(seconds / 0.02))
    presence = Presence(np.linspace(0, 1, count, dtype=np.float32), 0.02)
    pages: list[Page] = []
    if monkeypatch is not None:
        whole = picture_module.write_png
        monkeypatch.setattr(
            picture_module, "write_png", lambda page, **words: (pages.append(page), whole(page, **words))[1]
        )
    return made.to_png(presence, title=title, made=made_by("small")), pages


@pytest.mark.parametrize("seconds", [0.00003, 0.1, 7.0])
def test_a_picture_of_any_length_is_a_png(seconds: float) -> None:
    data, _ = drawn(seconds)
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (1400, 1058)


def test_the_same_song_gives_the_same_picture() -> None:
    assert drawn(1.0)[0] == drawn(1.0)[0]


def test_everything_lies_on_the_page_and_three_panels_and_a_legend_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, (page,) = drawn(5.0, monkeypatch=monkeypatch)
    images = [each for each in page.body if each.tag == "image"]
    assert len(images) == 4
    for image in images:
        x, y, width, height = (float(image.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + width <= page.width and y + height <= page.height
    assert sum(each.tag == "polygon" for each in page.body) == 1, "the curve of presence"
    for line in page.body.iter("polyline"):
        places = np.array([pair.split(",") for pair in line.get("points", "").split()], float)
        assert (places >= 0).all() and (places <= [page.width, page.height]).all()


@pytest.mark.parametrize("title", ["x" * 500, "音楽 & <b>", "", "\x00\ud800"])
def test_any_title_is_drawn(title: str) -> None:
    data, _ = drawn(0.5, title)
    assert data.startswith(b"\x89PNG")


def test_the_panels_show_what_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their pixels: the mix as light as the rest, and a silent stem dark."""
    pages: list[Page] = []
    monkeypatch.setattr(picture_module, "write_png", lambda page, **_: pages.append(page))
    made = SongPicture(RATE, ("synth", "rest"))
    sound = noise(5, 3 * RATE, level=0.3)
    made.push(sound, sound * 0, sound)
    made.to_png(Presence(np.ones(100, np.float32), 0.03), title="t", made=made_by("m"))
    images = [each.get("href", "").partition(",")[2] for each in pages[0].body if each.tag == "image"]
    mix, synth, rest = (pixels_of(base64.b64decode(image)) for image in images[:3])
    np.testing.assert_array_equal(mix, rest)
    assert (synth == level_colours()[0]).all() and mix.mean() > 100
    assert mix.shape == (ROWS, 1160, 3)


def pixels_of(data: bytes) -> np.ndarray:
    """RGB pixels of a PNG that has one chunk of rows without a filter."""
    width, height = struct.unpack(">II", data[16:24])
    at = data.index(b"IDAT")
    (size,) = struct.unpack(">I", data[at - 4 : at])
    rows = np.frombuffer(zlib.decompress(data[at + 4 : at + 4 + size]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_silence_is_black_and_what_floats_hold_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for sound, dark in (
        (np.zeros((2, RATE), np.float32), True),
        (np.full((2, RATE), 3e38, np.float32), False),
    ):
        pages: list[Page] = []
        monkeypatch.setattr(picture_module, "write_png", lambda page, pages=pages, **_: pages.append(page))
        made = SongPicture(RATE, ("synth", "rest"))
        made.push(sound, sound, sound)
        made.to_png(Presence(np.zeros(100, np.float32), 0.01), title="t", made=made_by("m"))
        image = next(each.get("href", "") for each in pages[0].body if each.tag == "image")
        pixels = pixels_of(base64.b64decode(image.partition(",")[2]))
        assert (pixels == level_colours()[0]).all() == dark


def test_an_svg_of_the_page_is_well_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (page,) = drawn(2.0, "A & B", monkeypatch=monkeypatch)
    root = ElementTree.fromstring(to_svg(page, ink="black", paper="white"))
    assert root.get("viewBox") == f"0 0 {page.width:g} {page.height:g}"
