"""`canzona data`: looking at corpora, and making songs to train with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from canzona.cli import options

if TYPE_CHECKING:
    from canzona.score.describe import Description

_MOST_LABELS = 8
_FIRST_SEED = 1


@click.group(short_help="Look at a corpus, or render songs to train with.")
def command() -> None:
    """Look at a corpus of scores, or render songs with their stems to train with."""


@command.command()
@click.argument("folder", type=options.PATH, metavar="DIR")
@options.output("Draw the counts as charts: an .svg or .png file.")
@options.as_json
@options.quiet
@options.force
@options.verbose
def describe(folder: Path, output: Path | None, as_json: bool, quiet: bool, force: bool) -> int:
    """Count what a folder of scores holds.

    Pitches, degrees of the scale, intervals, durations, rests, keys, meters, phrase lengths and
    regions; files that cannot be read are counted and named.
    """
    from canzona.score.describe import describe as count

    if output is not None:
        _check(output, force=force)
    found = count(folder)
    if output is not None:
        _draw(found, folder, output, force=force)
    if as_json:
        import json

        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        _print(found)
    for file, reason in found.unreadable:
        if not as_json:
            click.echo(f"canzona: {reason if file in reason else f'{file}: {reason}'}", err=True)
    return 1 if found.unreadable else 0


@command.command()
@click.option(
    "--out",
    type=options.PATH,
    required=True,
    metavar="DIR",
    help="The folder of the songs; those that it holds are kept.",
)
@click.option("--songs", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many.")
@click.option(
    "--midi",
    type=options.PATH,
    multiple=True,
    metavar="DIR",
    help="Folder of multitrack MIDI files; may be given again.",
)
@click.option(
    "--recipe", type=options.PATH, default=None, metavar="FILE", help="A TOML file of shares and levels."
)
@options.seed
@options.jobs
@options.as_json
@options.quiet
@options.verbose
def stems(
    out: Path,
    songs: int,
    midi: tuple[Path, ...],
    recipe: Path | None,
    seed: int | None,
    jobs: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Render songs with every stem by itself, to train a separator with (needs the extra 'stems').

    Notes come from MIDI files, from accompaniments by mma and from drawn patterns; synthesizer
    parts are played by presets of amsynth, ZynAddSubFX, LMMS and mda-lv2, the rest by soundfonts.
    Call it again to go on after a stop, or to have more songs.
    """
    try:
        from canzona.train.separation.rendering import read_recipe, render_collection
    except ImportError as error:
        from canzona.errors import MissingDependencyError

        raise MissingDependencyError(
            f"rendering needs '{error.name}', which is not installed", hint="pip install 'canzona[stems]'"
        ) from error

    done = render_collection(
        out,
        read_recipe(recipe),
        songs=songs,
        seed=_FIRST_SEED if seed is None else seed,
        midi=midi,
        jobs=jobs,
        report=None if quiet or as_json else _say_song,
    )
    if as_json:
        import dataclasses
        import json

        click.echo(json.dumps(dataclasses.asdict(done), indent=2, ensure_ascii=False))
    elif not quiet:
        click.echo(f"{out}: {done.songs} songs, {done.new} of them new, {done.seconds / 3600:.2f} hours")
        for note in done.notes:
            click.echo(f"canzona: {note}", err=True)
    for name, reason in done.failed:
        click.echo(f"canzona: {name}: {reason}", err=True)
    return 1 if done.failed else 0


def _say_song(entry: dict[str, Any]) -> None:
    kind, seconds = entry["source"]["kind"], entry["seconds"]
    click.echo(f"{entry['id']}  {kind:<8} {seconds:5.1f} s  {', '.join(entry['stems'])}")


def _check(output: Path, *, force: bool) -> None:
    """Refuse a target before the counting, which takes long on a large corpus."""
    from canzona.errors import UsageError
    from canzona.files import refuse_existing

    if not output.suffix:
        raise UsageError(f"'{output}' has no ending", hint="name an .svg or a .png file")
    refuse_existing(output, force=force)


def _draw(found: Description, folder: Path, output: Path, *, force: bool) -> None:
    from canzona.files import write_atomic
    from canzona.render.chart import chart_bytes

    write_atomic(output, chart_bytes(found, output.suffix, title=folder.resolve().name), force=force)


def _print(found: Description) -> None:
    from canzona.score.describe import ordered

    facts = {"files": found.files, "tunes": found.tunes, "without a note": found.empty}
    facts |= {"notes": found.notes, "rests": found.rests, "bars": found.bars}
    for name, count in facts.items():
        click.echo(f"{name:<15} {count:>10,}")
    for title, counts in found.tables().items():
        total = counts.total()
        if not total:
            continue
        often = {label for label, _ in counts.most_common(_MOST_LABELS)}
        shown = [f"{label} {count / total:.1%}" for label, count in ordered(counts) if label in often]
        more = f", {len(counts) - len(often)} more" if len(counts) > len(often) else ""
        click.echo(f"{title:<15} {', '.join(shown)}{more}")
