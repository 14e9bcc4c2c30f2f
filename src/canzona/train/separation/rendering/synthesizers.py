"""Parts played by software synthesizers: amsynth, ZynAddSubFX, mda-lv2 (as plugins) and LMMS."""

from __future__ import annotations

import os
import struct
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canzona.train.separation.rendering.arrangement import NO_CONTROLS, Part
from canzona.train.separation.rendering.host import SAMPLE_RATE
from canzona.train.separation.rendering.midi import write_midi
from canzona.train.separation.rendering.presets import AMSYNTH_RANGES, Preset, read_text, read_zyn
from canzona.train.separation.rendering.worker import PluginHost, RenderError

AMSYNTH = Path("/usr/lib/vst/amsynth_vst.so")
ZYNADDSUBFX = Path("/usr/lib/vst/ZynAddSubFX.so")
MDA_ADDRESS = "http://drobilla.net/plugins/mda/"

Sound = npt.NDArray[np.float32]
"""Shape (2, samples), full scale 1.0."""

_LEAD_IN = 0.25
_PAD_WAIT = 0.3
"""Seconds that ZynAddSubFX is given to compute the tables of a PADsynth."""

_LMMS_KEY = 12
_LMMS_TEMPO = 120
_LMMS_TICKS_A_SECOND = 96


@dataclass
class Studio:
    """What renderings need: the plugin host, a scratch folder, and the state that ZynAddSubFX begins with."""

    host: PluginHost
    folder: Path
    time_limit: float
    zyn_state: bytes = b""

    def play(self, part: Part, preset: Preset, values: Mapping[str, float], seconds: float) -> Sound:
        """A part played by a preset.

        Parameters
        ----------
        values : parameters that were drawn anew, raw (amsynth) or 0..1 (mda), over the preset's own.
        seconds : length of the sound.

        Raises
        ------
        RenderError : the synthesizer failed or took too long.
        """
        if preset.synthesizer == "lmms":
            return _fitted(self._lmms(part, preset, seconds), seconds)
        midi = self.folder / "part.mid"
        midi.write_bytes(write_midi(part, lead_in=_LEAD_IN))
        output = self.folder / "part.npy"
        request = {"midi": str(midi), "seconds": seconds, "lead_in": _LEAD_IN, "output": str(output)}
        request |= self._plugin(preset, values)
        output.unlink(missing_ok=True)
        self.host.request(request, seconds=self.time_limit)
        try:
            return _fitted(np.load(output), seconds)
        except (OSError, ValueError) as error:
            raise RenderError(f"{preset} gave no sound") from error

    def _plugin(self, preset: Preset, values: Mapping[str, float]) -> dict[str, object]:
        held = {**dict(preset.values), **values}
        if preset.synthesizer == "amsynth":
            return {"plugin": str(AMSYNTH), "parameters": [[k, _share(k, v)] for k, v in held.items()]}
        if preset.synthesizer == "mda":
            parameters = [[name, float(np.clip(value, 0, 1))] for name, value in held.items()]
            return {"plugin": MDA_ADDRESS + preset.bank, "parameters": parameters, "lv2": True}
        instrument = read_zyn(preset.path) if preset.path else ""
        if not instrument:
            raise RenderError(f"{preset} holds no instrument")
        state = self.folder / "part.fxb"
        state.write_bytes(zyn_state(self._zyn_beginning(), instrument))
        wait = _PAD_WAIT if "<PAD_SYNTH_PARAMETERS>" in instrument else 0.0
        return {"plugin": str(ZYNADDSUBFX), "state": str(state), "wait": wait}

    def _zyn_beginning(self) -> bytes:
        if not self.zyn_state:
            path = self.folder / "beginning.fxb"
            self.host.request({"plugin": str(ZYNADDSUBFX), "save": str(path)}, seconds=self.time_limit)
            self.zyn_state = path.read_bytes()
        return self.zyn_state

    def _lmms(self, part: Part, preset: Preset, seconds: float) -> Sound:
        project, output = self.folder / "part.mmp", self.folder / "lmms.wav"
        project.write_text(
            lmms_project(preset, replace(part, controls=NO_CONTROLS), seconds), encoding="utf-8"
        )
        output.unlink(missing_ok=True)
        words = ["lmms", "--allowroot", "render", str(project), "-f", "wav", "-a", "-s", str(SAMPLE_RATE)]
        return run_to_sound([*words, "-o", str(output)], output, self.folder, self.time_limit)


def run_to_sound(words: list[str], output: Path, home: Path, seconds: float) -> Sound:
    """Run a program that writes a sound file, and read it; RenderError where it fails or takes too long."""
    import soundfile

    surroundings = {**os.environ, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    try:
        subprocess.run(words, env=surroundings, timeout=seconds, check=True, capture_output=True)
        sound, rate = soundfile.read(output, dtype="float32", always_2d=True)
    except subprocess.TimeoutExpired:
        raise RenderError(f"{words[0]} took longer than {seconds:g} s") from None
    except (OSError, subprocess.CalledProcessError, soundfile.LibsndfileError) as error:
        raise RenderError(f"{words[0]} gave no sound") from error
    if rate != SAMPLE_RATE:
        raise RenderError(f"{words[0]} wrote {rate} Hz and not {SAMPLE_RATE}")
    return np.ascontiguousarray(sound.T)


def _fitted(sound: npt.NDArray[np.float32], seconds: float) -> Sound:
    """Two channels of the right length; what is no number is an error of the synthesizer."""
    length = round(seconds * SAMPLE_RATE)
    if not np.isfinite(sound).all():
        raise RenderError("the synthesizer gave samples that are no numbers")
    out = np.zeros((2, length), np.float32)
    kept = sound[:2, :length]
    out[:, : kept.shape[1]] = kept
    return out


def _share(parameter: str, value: float) -> float:
    """A raw value of amsynth as the plugin's 0..1."""
    least, largest = AMSYNTH_RANGES.get(parameter, (0.0, 1.0))
    return float(np.clip((value - least) / (largest - least), 0.0, 1.0))


def zyn_state(beginning: bytes, instrument: str) -> bytes:
    """The state of the ZynAddSubFX plugin with another instrument in its first part.

    A state is a VST 2 bank: a header that ends with the chunk's size (4 bytes, the highest first), and
    a chunk of strings that end with zero; the first are a key and the XML of all settings.

    Raises
    ------
    RenderError : the state has another form (a version of the plugin that is not known).
    """
    header = 156
    try:
        (size,) = struct.unpack(">I", beginning[header : header + 4])
        key, xml, rest = beginning[header + 4 :].split(b"\0", 2)
        text = xml.decode("utf-8")
        begin = text.index("<INSTRUMENT>", text.index('<PART id="0">'))
        end = text.index("</INSTRUMENT>", begin) + len("</INSTRUMENT>")
    except (struct.error, ValueError) as error:
        raise RenderError("the state of the ZynAddSubFX plugin has an unknown form") from error
    if beginning[:4] != b"CcnK" or size != len(beginning) - header - 4:
        raise RenderError("the state of the ZynAddSubFX plugin has an unknown form")
    chunk = b"\0".join([key, (text[:begin] + instrument + text[end:]).encode(), rest])
    return beginning[:header] + struct.pack(">I", len(chunk)) + chunk


def lmms_project(preset: Preset, part: Part, seconds: float) -> str:
    """An LMMS project in which a preset plays a part.

    Raises
    ------
    RenderError : the preset's file holds no instrument.
    """
    text = read_text(preset.path) if preset.path else ""
    try:
        track = ET.fromstring(text[text.index("<", text.index("<!DOCTYPE") + 1) :]).find(".//instrumenttrack")
    except (ET.ParseError, ValueError) as error:
        raise RenderError(f"{preset} is no preset of LMMS") from error
    if track is None:
        raise RenderError(f"{preset} holds no instrument")
    project = ET.Element("lmms-project", type="song", version="1.0", creator="Canzona")
    head = {"bpm": str(_LMMS_TEMPO), "mastervol": "100", "masterpitch": "0"}
    ET.SubElement(project, "head", {**head, "timesig_numerator": "4", "timesig_denominator": "4"})
    tracks = ET.SubElement(ET.SubElement(project, "song"), "trackcontainer", type="song")
    row = ET.SubElement(tracks, "track", type="0", name=preset.name, muted="0", solo="0")
    row.append(track)
    length = str(int(np.ceil(seconds * _LMMS_TICKS_A_SECOND / 192)) * 192)
    pattern = ET.SubElement(row, "pattern", type="1", pos="0", len=length, muted="0", name="", steps="16")
    for onset, duration, key, velocity in part.notes:
        note = {
            "pos": round(onset * _LMMS_TICKS_A_SECOND),
            "len": max(1, round(duration * _LMMS_TICKS_A_SECOND)),
        }
        note |= {"key": int(key) - _LMMS_KEY, "vol": round(velocity / 127 * 100), "pan": 0}
        ET.SubElement(pattern, "note", {name: str(value) for name, value in note.items()})
    return '<?xml version="1.0"?>\n<!DOCTYPE lmms-project>\n' + ET.tostring(project, "unicode")
