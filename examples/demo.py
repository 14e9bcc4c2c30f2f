"""Four tunes in two styles from a real one, in every format, on one page: `make demo`.

usage: demo.py [TUNE]      TUNE is a score to open like; by default examples/greensleeves.krn
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import canzona
from canzona.composition.compose import compose
from canzona.composition.model import ComposerModel
from canzona.errors import CanzonaError
from canzona.files import make_folder, write_together
from canzona.render.page import PageEntry, render_page

HERE = Path(__file__).resolve().parent
STYLES = ("irish", "art-song")
KINDS = ("mid", "krn", "abc", "musicxml", "svg", "wav")
SEED = 7
BARS = 16
INTRO = (
    "Each opens as the given tune opens and goes on in another style. "
    "Every file says how it was made: canzona explain FILE --replay."
)
PLAYERS = {"irish": "flute", "art-song": "piano"}


def main() -> int:
    """Write `demo/` in the current folder and print the path of its page."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "greensleeves.krn"
    if source.is_relative_to(Path.cwd()):
        source = source.relative_to(Path.cwd())  # the commands on the page are to be read
    folder = Path("demo")
    try:
        page = make_demo(source, folder)
    except CanzonaError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.exit_code
    print(page.resolve())
    return 0


def make_demo(source: Path, folder: Path) -> Path:
    """Compose, write every format and the page; its path."""
    given = canzona.read(source)
    model = ComposerModel.open("folk")
    entries = [
        PageEntry(given, heading=f"The tune given: {given.title or source.name}", note=f"Read from {source}.")
    ]
    outputs: dict[Path, bytes | str] = {}
    for style in STYLES:
        for made in compose(
            model=model, like=source, style=style, count=2, seed=SEED, bars=BARS, temperature=0.9
        ):
            stem = f"{style}-{made.number}"
            command = (
                f"canzona compose --like {shlex.quote(str(source))} --style {style} --seed {SEED} --count 2 "
                f"--bars {BARS} --temperature 0.9 --to {','.join(KINDS)} "
                f"--instrument {PLAYERS[style]} -o tunes"
            )
            for kind in KINDS:
                look = {"instrument": PLAYERS[style]} if kind == "wav" else {}
                outputs[folder / f"{stem}.{kind}"] = made.to_bytes(kind, **look)
            entries.append(
                PageEntry(
                    made.tune,
                    heading=f"In the style '{style}', no. {made.number}",
                    note="; ".join(made.warnings),
                    settings={
                        "model": model.folder.name,
                        "style": style,
                        "seed": SEED,
                        "bars": BARS,
                        "temperature": 0.9,
                    },
                    figures={
                        "bits a note": round(made.bits_per_note, 2),
                        "longest run shared with a training tune, in notes": made.copied.length,
                        "training tunes with no longer run, percent": round(made.percentile),
                    },
                    command=command,
                    files=[f"{stem}.{kind}" for kind in KINDS],
                    instrument=PLAYERS[style],
                )
            )
    page = folder / "index.html"
    outputs[page] = render_page(
        entries,
        title="Four new tunes from a real one",
        intro=INTRO,
    )
    make_folder(folder)  # what else lies in it stays
    write_together(outputs, force=True)
    return page


if __name__ == "__main__":
    sys.exit(main())
