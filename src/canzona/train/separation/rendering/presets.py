"""Presets of the software synthesizers, as their packages install them, less those that are reserved.

amsynth's banks are text with the raw values of 41 parameters; the ranges that turn them into the
plugin's 0..1 were read off the plugin's own display (16^-0.5 to 16^1.5 for the cutoff, and so on).
ZynAddSubFX's instruments are XML, mostly compressed. LMMS keeps one XML file a preset, mda-lv2
Turtle files of port values.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from canzona.train.separation.rendering.recipe import Recipe

AMSYNTH_BANKS = Path("/usr/share/amsynth/banks")
ZYN_BANKS = Path("/usr/share/zynaddsubfx/banks")
LMMS_PRESETS = Path("/usr/share/lmms/presets")
MDA_FOLDER = Path("/usr/lib/lv2/mda.lv2")

LMMS_PLUGINS = ("BitInvader", "LB302", "Nescaline", "OpulenZ", "Organic", "SID", "TripleOscillator")
"""Plugins of LMMS that are synthesizers of their own and need no samples."""

MDA_SYNTHS = ("DX10", "JX10")

LICENCES = {
    "amsynth": "GPL-2.0-or-later",
    "zynaddsubfx": "GPL-2.0-or-later",
    "lmms": "GPL-2.0-or-later",
    "mda": "GPL-3.0-or-later",
}
"""Of the packages that presets come from; it says nothing of the sound that one makes with them."""

AMSYNTH_RANGES: dict[str, tuple[float, float]] = {
    **{
        f"{part}_{stage}": (0.0, 2.5)
        for part in ("amp", "filter")
        for stage in ("attack", "decay", "release")
    },
    "osc1_waveform": (0.0, 4.0),
    "osc2_waveform": (0.0, 4.0),
    "filter_resonance": (0.0, 0.97),
    "filter_env_amount": (-16.0, 16.0),
    "filter_cutoff": (-0.5, 1.5),
    "osc2_detune": (-1.0, 1.0),
    "lfo_freq": (0.0, 7.5),
    "lfo_waveform": (0.0, 6.0),
    "osc2_range": (-3.0, 4.0),
    "osc_mix": (-1.0, 1.0),
    "freq_mod_amount": (0.0, 2 ** (1 / 3)),
    "filter_mod_amount": (-1.0, 1.0),
    "amp_mod_amount": (-1.0, 1.0),
    "distortion_crunch": (0.0, 0.9),
    "keyboard_mode": (0.0, 2.0),
    "osc2_pitch": (-12.0, 12.0),
    "filter_type": (0.0, 4.0),
    "freq_mod_osc": (0.0, 2.0),
}
"""Least and largest raw value; what is not listed runs from 0 to 1."""

_ROLE_WORDS = {
    "bass": r"bass|sub|tb303|303",
    "pad": r"pad|string|choir|swell|sweep|voice|ooh|aah|ambient|atmos|airy|warm|dream",
    "lead": r"lead|solo|brass|horn|flute|saw|square|whistle|sync|hoover|reed|trumpet",
    "arp": r"arp|seq|pluck|bell|harp|digi|blip|pulse|perc",
    "chords": r"stack|piano|rhodes|\bep\b|organ|key|clav|stab|chord|poly|epiano",
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A sound of a synthesizer.

    Attributes
    ----------
    synthesizer : 'amsynth', 'zynaddsubfx', 'lmms' or 'mda'.
    bank : the bank's file or folder, or the plugin.
    name : the preset's.
    values : parameter -> raw value (amsynth) or 0..1 (mda).
    path : the preset's file (ZynAddSubFX, LMMS).
    """

    synthesizer: str
    bank: str
    name: str
    values: tuple[tuple[str, float], ...] = ()
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.synthesizer}: {self.bank} / {self.name}"

    def suits(self, role: str) -> bool:
        """Whether its name speaks of the role."""
        return re.search(_ROLE_WORDS.get(role, "^$"), self.name.lower()) is not None


@cache
def _all_presets(synthesizer: str) -> tuple[Preset, ...]:
    listing = {"amsynth": _amsynth, "zynaddsubfx": _zyn, "lmms": _lmms, "mda": _mda}[synthesizer]
    return tuple(listing())


def list_presets(synthesizer: str, recipe: Recipe) -> list[Preset]:
    """The presets of a synthesizer that may be used, sorted; empty where its files are not installed.

    Presets whose sound is defined by the same values as a reserved one are left out, whatever their name.
    """
    found = _all_presets(synthesizer)
    held = {_content(row) for row in found if recipe.reserves_preset(synthesizer, row.bank, row.name)}
    return [
        row
        for row in found
        if _content(row) not in held and not recipe.has_no_pitch(synthesizer, row.bank, row.name)
    ]


@cache
def _content(preset: Preset) -> str:
    """What makes the sound, as a hash."""
    if preset.path is None:
        sound = [(name, round(value, 3)) for name, value in sorted(preset.values) if name != "master_vol"]
        return hashlib.sha256(repr(sound).encode()).hexdigest()
    text = read_zyn(preset.path) if preset.synthesizer == "zynaddsubfx" else read_text(preset.path)
    return hashlib.sha256(
        re.sub(r"<INFO>.*?</INFO>|name=\"[^\"]*\"", "", text, flags=re.S).encode()
    ).hexdigest()


def _amsynth() -> Iterator[Preset]:
    for path in sorted(AMSYNTH_BANKS.glob("*.bank")):
        yield from read_bank(path)


def read_bank(path: Path) -> list[Preset]:
    """The presets of a bank of amsynth; what has no name or no values is passed over."""
    found = []
    for block in read_text(path).split("<preset>")[1:]:
        name = block.split("<name>", 1)[-1].split("\n", 1)[0].strip()
        values = re.findall(r"<parameter>\s+(\w+)\s+(\S+)", block)
        if name and values:
            rows = tuple((key, _number(raw)) for key, raw in values)
            found.append(Preset("amsynth", path.name, name, rows))
    return found


def _zyn() -> Iterator[Preset]:
    for path in sorted(ZYN_BANKS.glob("*/*.xiz")):
        yield Preset("zynaddsubfx", path.parent.name, path.stem, path=path)


def _lmms() -> Iterator[Preset]:
    for plugin in (*LMMS_PLUGINS, "Monstro", "Watsyn"):
        for path in sorted(LMMS_PRESETS.glob(f"{plugin}/*.xpf")):
            if "<instrumenttrack " in read_text(path):
                yield Preset("lmms", plugin, path.stem, path=path)


def _mda() -> Iterator[Preset]:
    for plugin in MDA_SYNTHS:
        ports, presets = MDA_FOLDER / f"{plugin}.ttl", MDA_FOLDER / f"{plugin}-presets.ttl"
        if not (ports.is_file() and presets.is_file()):
            continue
        rows = re.findall(r'lv2:name "([^"]+)" ;\s+lv2:symbol "(\w+)"', read_text(ports))
        names = {symbol: name for name, symbol in rows}
        for block in read_text(presets).split("a pset:Preset")[1:]:
            label = re.search(r'rdfs:label "([^"]+)"', block)
            values = re.findall(r'lv2:symbol "(\w+)" ;\s+pset:value (\S+)', block)
            if label and values:
                held = tuple((names[key], _number(raw)) for key, raw in values if key in names)
                yield Preset("mda", plugin, label[1], held)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def read_text(path: Path) -> str:
    """A preset's file as text; an empty string where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def read_zyn(path: Path) -> str:
    """The INSTRUMENT element of a ZynAddSubFX preset; an empty string where there is none."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return ""
    text = data.decode("utf-8", "replace")
    begin, end = text.find("<INSTRUMENT>"), text.rfind("</INSTRUMENT>")
    return text[begin : end + len("</INSTRUMENT>")] if 0 <= begin < end else ""
