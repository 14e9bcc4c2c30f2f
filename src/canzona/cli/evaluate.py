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
    """Measure a model on tunes that you give, or on tunes that it writes."""


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
