"""`canzona compose`: write new tunes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from canzona.cli import options

if TYPE_CHECKING:
    from canzona.composition.composition import Composition


@click.command(short_help="Write new tunes.")
@options.output("Folder for the tunes, a file (its ending chooses the format), or '-' for stdout.")
@click.option(
    "--to",
    "kinds",
    default="krn",
    show_default=True,
    metavar="KIND[,KIND...]",
    help="Formats to write into a folder: krn, abc, musicxml, mid, svg, pdf, wav ...",
)
@click.option("--style", default="", help="Region or collection, as words that the model knows.")
@click.option("--key", default="", help="Key: G, F#, Bb, Am, 'D dorian'.")
@click.option("--mode", default="", help="Mode: major, minor, dorian ...")
@click.option("--meter", default="", help="Meter: 3/4, 6/8 ... or free.")
@click.option(
    "--bars",
    type=int,
    default=None,
    help="Full bars, 1 to 512; with --continue, new ones.",
)
@click.option(
    "--phrases", type=int, default=None, help="Number of phrases (four bars each unless --bars is given)."
)
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="0 always takes the most probable note; above 1 is wilder.",
)
@click.option(
    "--top-p",
    type=float,
    default=0.97,
    show_default=True,
    help="Draw only among the most probable notes with this much probability; 1 draws among all.",
)
@click.option("--count", type=int, default=1, show_default=True, help="How many tunes.")
@click.option("--like", type=options.PATH, default=None, metavar="FILE", help="Open as this tune opens.")
@click.option(
    "--continue",
    "continue_",
    type=options.PATH,
    default=None,
    metavar="FILE",
    help="Go on from this tune; it is stored beside its continuation.",
)
@click.option("--tempo", type=float, default=None, help="Quarter notes a minute, for sound and MIDI.")
@click.option("--instrument", default="", help="Instrument that plays, for sound and MIDI.")
@click.option(
    "--soundfont", type=options.PATH, default=None, metavar="FILE", help="A .sf2 or .sf3 file, for sound."
)
@options.seed
@options.model
@options.as_json
@options.force
@options.quiet
@options.verbose
def command(
    output: Path | None,
    kinds: str,
    count: int,
    seed: int | None,
    model: str | None,
    as_json: bool,
    force: bool,
    quiet: bool,
    tempo: float | None,
    instrument: str,
    soundfont: Path | None,
    **settings: Any,
) -> None:
    """Write new tunes, from nothing but a seed, or from the beginning of a tune of yours.

    Without --output the tune is printed as kern. Bars always close and a tune always
    ends. The same seed gives the same tune; it stands in the file, and `canzona explain
    FILE --replay` makes the same bytes again.
    """
    from canzona.composition.compose import compose
    from canzona.composition.model import DEFAULT
    from canzona.composition.saving import plan_files, save_all
    from canzona.conversion import Conversion

    look = {"tempo": tempo, "instrument": instrument, "soundfont": str(soundfont) if soundfont else ""}
    names = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    files = None
    if output is None or str(output) == "-":
        if not as_json:
            _check_stdout(names, count)
    else:
        files = plan_files(output, names, count, force=force)
    Conversion("krn", tempo=tempo)  # refuses a tempo that makes no music before anything is composed
    found = compose(model=model or DEFAULT, count=count, seed=seed, **settings)
    for warning in dict.fromkeys(warning for each in found for warning in each.warnings):
        if not quiet:
            click.echo(f"canzona: {warning}", err=True)
    written = save_all(found, files, force=force, look=look) if files is not None else []
    if as_json:
        _print_json(found, written)
    elif files is None:
        _print_tunes(found, names[0], look)
    elif not quiet:
        for path in written:
            click.echo(str(path))
    if not as_json and not quiet:
        first = found[0]
        if first.model.folder.research_only:
            thanks = first.model.folder.config.get("acknowledgement", "")
            click.echo(f"for research only, the model and what it writes. {thanks}".strip(), err=True)
        click.echo(
            f"seed {first.seed}, model {first.model.folder.name}: {first.bits_per_note:.2f} bits a note, "
            f"longest run shared with a training tune {first.copied.length} notes",
            err=True,
        )


def _check_stdout(kinds: list[str], count: int) -> None:
    """Refuse what one stream cannot hold."""
    from canzona.conversion import target_named

    if len(kinds) != 1:
        raise click.UsageError("stdout holds one format; name a folder with -o")
    target = target_named(kinds[0])
    if count > 1 and not target.many:
        raise click.UsageError(f"stdout holds one {target.name} and {count} tunes are asked for; use -o")


def _print_tunes(found: list[Composition], kind: str, look: dict[str, Any]) -> None:
    from canzona.composition.composition import joined_bytes
    from canzona.composition.saving import look_of
    from canzona.conversion import target_named

    chosen = look_of(target_named(kind), look)
    data = found[0].to_bytes(kind, **chosen) if len(found) == 1 else joined_bytes(found, kind, **chosen)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _print_json(found: list[Composition], written: list[Path]) -> None:
    import json

    held = {"tunes": [each.to_dict() for each in found], "files": [str(path) for path in written]}
    click.echo(json.dumps(held, ensure_ascii=False, indent=1))
