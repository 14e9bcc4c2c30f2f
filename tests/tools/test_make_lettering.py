"""The outlines that scores are lettered with: made again from the fonts, and what they hold."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from scripts import loaded

FONTS = Path("/usr/share/fonts/truetype/liberation2")


@pytest.fixture(scope="module")
def held(root: Path) -> dict[str, Any]:
    """The shipped file."""
    path = root / "src" / "canzona" / "render" / "data" / "lettering.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


@pytest.fixture(scope="module")
def maker(root: Path) -> ModuleType:
    pytest.importorskip("fontTools", reason="fonttools is not installed: outlines cannot be made")
    if not FONTS.is_dir():
        pytest.skip("the Liberation fonts (fonts-liberation2) are not installed")
    return loaded(root / "tools" / "make_lettering.py")


def test_the_same_fonts_give_the_same_bytes(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    for name in ("one.gz", "two.gz"):
        monkeypatch.setattr(maker, "OUTPUT", tmp_path / "new" / name)
        maker.main(FONTS)
        made.append((tmp_path / "new" / name).read_bytes())
    assert made[0] == made[1]
    assert f"{tmp_path / 'new' / 'two.gz'}: {len(made[1])} bytes" in capsys.readouterr().out


def test_what_is_shipped_has_the_widths_of_the_fonts(
    maker: ModuleType, held: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outlines may change with a release of the fonts; widths are those of Times in every one."""
    monkeypatch.setattr(maker, "OUTPUT", tmp_path / "new.gz")
    maker.main(FONTS)
    made = json.loads(gzip.decompress((tmp_path / "new.gz").read_bytes()))
    assert (made["units"], set(made["styles"])) == (held["units"], set(held["styles"]))
    for style, face in held["styles"].items():
        for letter in map(chr, range(0x20, 0x7F)):
            assert made["styles"][style]["glyphs"][letter][0] == face["glyphs"][letter][0], (style, letter)


@pytest.mark.parametrize("style", ["regular", "italic", "bold"])
def test_every_letter_of_titles_and_words_is_there(held: dict[str, Any], style: str) -> None:
    glyphs = held["styles"][style]["glyphs"]
    words = "Ah! vous dirai-je (1761) Żółć gęślą jaźń Schöne Müllerin Čeština ñ ß œ Привет Ελλάδα „“–—…’№€"
    assert not [letter for letter in words if letter not in glyphs]
    for letter, (advance, outline) in glyphs.items():
        assert 0 <= advance <= 4 * held["units"], letter
        assert re.fullmatch(r"[MLHVQCZ0-9 ,.-]*", outline), letter
        assert (outline == "") is letter.isspace() or letter in "\u2028\u2029\u200b", letter


@pytest.mark.parametrize("style", ["regular", "italic", "bold"])
def test_pairs_are_of_letters_that_are_there_and_pull_together(held: dict[str, Any], style: str) -> None:
    face = held["styles"][style]
    assert all(len(pair) == 2 and set(pair) <= set(face["glyphs"]) for pair in face["kerning"])
    assert all(20 <= abs(shift) <= held["units"] // 2 for shift in face["kerning"].values())
    if face["kerning"]:
        assert face["kerning"].get("AV", 0) < 0


def test_capitals_stand_on_the_line(held: dict[str, Any]) -> None:
    """SVG's y runs down: what is above the line is negative."""
    _, outline = held["styles"]["regular"]["glyphs"]["H"]
    heights = [int(y) for y in re.findall(r"[ML]-?\d+[ ,](-?\d+)", outline)]
    assert max(heights) == 0 and -0.8 * held["units"] < min(heights) < -0.5 * held["units"]
