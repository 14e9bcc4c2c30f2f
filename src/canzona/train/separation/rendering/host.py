"""The process in which plugins run: the only place that imports dawdreamer (GPL-3; extra `stems`).

It is a program of its own, started by its path (see `worker`), so that a plugin that hangs or
crashes takes nothing with it and Canzona links to nothing under the GPL. It imports nothing of
ours. It reads one JSON object a line from its input and answers with one line each:

    {"plugin", "parameters": [[name, 0..1]...], "lv2", "state", "wait",
     "midi", "seconds", "lead_in", "output"}
        renders a MIDI file and writes float32 samples, shape (channels, frames), as `output` (.npy);
        `lv2` says that the plugin is one, `wait` how many seconds it needs after its state is loaded
    {"plugin", "save": FILE}
        writes the plugin's state as it is when loaded
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

SAMPLE_RATE = 44100
_BLOCK = 512
_HELD = 1000
"""Quarter notes over which a value is held."""


def main() -> None:
    """Answer requests until the input ends."""
    # Plugins and their libraries print to the standard streams: answers go where they cannot.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    import dawdreamer

    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        try:
            _answer(dawdreamer, request)
            reply: dict[str, Any] = {"done": True}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
    # Some plugins crash when they are unloaded; there is nothing left to do.
    os._exit(0)


def _answer(dawdreamer: Any, request: dict[str, Any]) -> None:
    import numpy as np

    engine = dawdreamer.RenderEngine(SAMPLE_RATE, _BLOCK)
    plugin = engine.make_plugin_processor("synthesizer", request["plugin"])
    if "save" in request:
        plugin.save_state(request["save"])
        return
    if request.get("state"):
        _load_state(plugin, request["state"])
        time.sleep(request.get("wait", 0.0))
    if request.get("parameters"):
        count = plugin.get_plugin_parameter_size()
        index = {plugin.get_parameter_name(number): number for number in range(count)}
        for name, value in request["parameters"]:
            if name in index and request.get("lv2"):
                # dawdreamer 0.9 shows a value that is set to an LV2 plugin, and plays the old one.
                plugin.set_automation(index[name], np.full(_HELD, value, np.float32), ppqn=1)
            elif name in index:
                plugin.set_parameter(index[name], value)
    plugin.load_midi(request["midi"], clear_previous=True, beats=False, all_events=True)
    engine.load_graph([(plugin, [])])
    engine.render(request["seconds"] + request["lead_in"])
    skipped = round(request["lead_in"] * SAMPLE_RATE)
    np.save(request["output"], engine.get_audio()[:, skipped:].astype(np.float32))


def _load_state(plugin: Any, path: str) -> None:
    """Load a state; dawdreamer 0.9 does so and then complains that there is no window to refresh."""
    try:
        plugin.load_state(path)
    except RuntimeError as error:
        if "editor" not in str(error):
            raise


if __name__ == "__main__":
    main()
