"""`canzona evaluate`: measure a model."""

from __future__ import annotations

import shlex
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from canzona.cli import options


@click.group(short_help="Measure a model.")
def command() -> None:
    """Measure a model on tunes or stems that you give, or on tunes that it writes."""


@command.command("compose")
@click.argument("folders", nargs=-1, type=options.PATH, metavar="[DIR]...")
@click.option(
    "--samples",
    type=click.IntRange(1, 100_000),
    default=None,
    help="Compose so many tunes and describe them.",
)
@click.option("--blind", is_flag=True, help="Hide the regions of the tunes.")
@click.option(
    "--held-out",
    is_flag=True,
    help="Only the tunes that the model's training held out; DIR are the folders of its training.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 4096),
    default=64,
    show_default=True,
    help="Tunes scored side by side; no figure depends on it.",
)
@click.option("--card", is_flag=True, help="Write the model's card from this evaluation.")
@options.seed
@options.model
@options.as_json
@options.quiet
@options.verbose
def evaluate_compose(
    folders: tuple[Path, ...],
    samples: int | None,
    model: str | None,
    as_json: bool,
    quiet: bool,
    card: bool,
    seed: int | None,
    blind: bool,
    held_out: bool,
    batch: int,
) -> None:
    """Bits a note on every readable tune below the folders, or figures of composed tunes.

    The tunes are scored note by note, each given all that stands before it; a note is every
    note and rest. Prints one JSON object with --json.
    """
    from canzona.composition import card as cards
    from canzona.composition.evaluate import evaluate, evaluate_samples
    from canzona.composition.model import DEFAULT, ComposerModel
    from canzona.errors import UsageError
    from canzona.evaluation.report import flatten, report_text, report_values

    if not folders and samples is None:
        raise UsageError(
            "there is nothing to evaluate", hint="name a folder of scores, or ask for --samples 500"
        )
    opened = ComposerModel.open(model or DEFAULT)
    reports: list[dict[str, Any]] = []
    seconds = [time.process_time()]
    if folders:
        reports.append(
            report_values(evaluate(folders, model=opened, blind=blind, held_out=held_out, batch=batch))
        )
        seconds.append(time.process_time())
    if samples is not None:
        reports.append(
            report_values(evaluate_samples(samples, model=opened, seed=1 if seed is None else seed))
        )
        seconds.append(time.process_time())
    merged: dict[str, Any] = {key: value for report in reports for key, value in report.items()}
    if card:
        words = click.get_current_context().find_root().obj or ()
        spent = [after - before for before, after in pairwise(seconds)]
        cards.write_card(opened, reports, command=shlex.join(["canzona", *words]), seconds=spent)
    if as_json:
        click.echo(report_text(merged), nl=False)
    elif not quiet:
        for key, value in flatten(merged).items():
            click.echo(f"{key:<32} {value}")


@command.command("extract")
@click.argument("folder", type=options.PATH, metavar="DIR")
@click.option("--held-out", is_flag=True, help="Only the songs of DIR that the model's training held out.")
@click.option("--card", is_flag=True, help="Write the model's card from this evaluation.")
@click.option(
    "--table",
    "tables",
    type=options.PATH,
    multiple=True,
    metavar="FILE",
    help="Markdown to show in the card beside the figures; may be given again.",
)
@options.model
@options.as_json
@options.quiet
@options.verbose
def evaluate_extract(
    folder: Path,
    held_out: bool,
    card: bool,
    tables: tuple[Path, ...],
    model: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """SDR of an extractor on songs whose stems are known.

    DIR has one folder a song and in it one file a stem; the mixture is their sum, the target the file that
    is named after it (synth.wav), and a song without one has none. Prints one JSON object with --json.
    """
    from canzona.cli.progress import share_of_all
    from canzona.evaluation.report import flatten, report_text, report_values
    from canzona.separation.card import write_card
    from canzona.separation.evaluate import evaluate
    from canzona.separation.model import DEFAULT, SeparationModel

    if tables and not card:
        raise click.UsageError("--table goes with --card")
    shown = [_text_of(table) for table in tables]
    opened = SeparationModel.open(model or DEFAULT)
    with share_of_all("songs", quiet=quiet) as move:
        measured = evaluate(
            folder, model=opened, held_out=held_out, progress=lambda done, count: move(done / count)
        )
    report = report_values(measured)
    if card:
        words = [w for w in click.get_current_context().find_root().obj or () if not w.startswith("--table=")]
        # What else is shown does not make the figures.
        while "--table" in words:
            at = words.index("--table")
            del words[at : at + 2]
        write_card(opened.folder, report, command=shlex.join(["canzona", *words]), tables=shown)
    if as_json:
        click.echo(report_text(report), nl=False)
    elif not quiet:
        _print_songs(report["songs"])
        for key, value in flatten({key: value for key, value in report.items() if key != "songs"}).items():
            click.echo(f"{key:<24} {value}")
    heard = any(song["status"] != "failed" for song in report["songs"])
    if heard and not report["with_target"]:
        said = f"no stem of '{report['target']}' is heard here, so leakage is all that can be measured"
        click.echo(f"canzona: {said}", err=True)
    wrong = [song["reason"] for song in report["songs"] if song["status"] == "failed"]
    for reason in wrong:
        click.echo(f"canzona: {reason}", err=True)
    return int(bool(wrong))


def _text_of(table: Path) -> str:
    try:
        return table.read_text("utf-8")
    except (OSError, ValueError) as error:
        from canzona.errors import FormatError

        reason = (getattr(error, "strerror", None) or "is no text").lower()
        raise FormatError(reason, source=str(table), hint="name a file of Markdown") from error


def _print_songs(songs: list[dict[str, Any]]) -> None:
    """A line a song: SDR of mixture, estimate and oracle, or the leakage."""
    width = max(len(song["name"]) for song in songs)
    click.echo(f"{'song':<{width}} {'mixture':>8} {'estimate':>8} {'oracle':>8} {'leakage':>8}  status")
    for song in songs:
        figures = [song[part]["sdr"] for part in ("mixture", "estimate", "oracle_irm")]
        cells = ["-" if value is None else f"{value:.1f}" for value in (*figures, song["leakage_db"])]
        click.echo(f"{song['name']:<{width}} {' '.join(f'{cell:>8}' for cell in cells)}  {song['status']}")
