"""`canzona train`: train a model on one's own folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from canzona.cli import options
from canzona.errors import MissingDependencyError, UsageError

if TYPE_CHECKING:
    from canzona.train.loop import Reports

_recipe = click.option(
    "--recipe",
    type=options.PATH,
    default=None,
    metavar="FILE",
    help="A TOML file of sizes, rates and facts (recipes/).",
)
_epochs = click.option(
    "--epochs", type=click.IntRange(1, 1000), default=None, help="Most epochs, instead of the recipe's."
)
_work = click.option(
    "--work",
    type=options.PATH,
    default=None,
    metavar="DIR",
    help="Where checkpoints and curves go (by default OUTPUT.work).",
)
_device = click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default=None, help="By default a GPU where there is one."
)


@click.group(short_help="Train a model on folders of your own.")
def command() -> None:
    """Train a model on folders of your own (needs the extra 'train')."""


@command.command("compose")
@click.option(
    "--data",
    "folders",
    type=options.PATH,
    multiple=True,
    required=True,
    metavar="DIR",
    help="Folder of scores; may be given again.",
)
@options.output("The model folder to make.", required=True, metavar="DIR")
@_recipe
@click.option(
    "--from",
    "start",
    default=None,
    metavar="NAME|DIR",
    help="Fine-tune this model; bits a note before and after are printed.",
)
@_epochs
@click.option(
    "--networks",
    type=click.IntRange(1, 4),
    default=None,
    help="Networks to average, instead of the recipe's.",
)
@_work
@click.option("--resume", is_flag=True, help="Go on where the training in the work folder stopped.")
@_device
@options.seed
@options.force
@options.quiet
@options.verbose
def train_compose(
    folders: tuple[Path, ...],
    output: Path,
    quiet: bool,
    seed: int | None,
    epochs: int | None,
    networks: int | None,
    recipe: Path | None,
    work: Path | None,
    **rest: Any,
) -> None:
    """Train a composer on folders of scores and save it as a model folder.

    Progress is printed for every epoch, in bits a note on held-out families of tunes;
    curves are written as CSV and PNG. A training that was interrupted goes on with --resume.
    """
    import dataclasses

    with _needing_the_extra():
        from canzona.train.composition import Recipe, read_recipe, train_composer

    chosen = Recipe() if recipe is None else read_recipe(recipe)
    chosen = _as_asked(chosen, output, epochs, seed)
    if networks is not None:
        chosen = dataclasses.replace(chosen, training=dataclasses.replace(chosen.training, networks=networks))

    work = work or output.with_name(f"{output.name}.work")
    with _told(quiet) as reports:
        model = train_composer(folders, output, chosen, work=work, reports=reports, **rest)
    if not quiet:
        click.echo(str(model.path))


@command.command("extract")
@click.option(
    "-m",
    "--model",
    "kind",
    type=click.Choice(["mel-lstm", "waveform", "blend"]),
    required=True,
    help="The kind of network, or a blend of two models.",
)
@click.option("--part", "parts", multiple=True, metavar="NAME|DIR", help="A model to blend; give it twice.")
@click.option(
    "--data",
    "folders",
    type=options.PATH,
    multiple=True,
    required=True,
    metavar="DIR",
    help="Folder of stems (a folder a song, MUSDB18, MUSDB18-HQ or Slakh2100); may be given again.",
)
@click.option("--target", default=None, metavar="NAME", help="The stem to extract; by default 'synth'.")
@options.output("The model folder to make.", required=True, metavar="DIR")
@_recipe
@click.option(
    "--from",
    "start",
    default=None,
    metavar="NAME|DIR",
    help="Fine-tune this model and print its figures before and after; 'synth' is the one that comes along.",
)
@_epochs
@_work
@click.option(
    "--store",
    type=options.PATH,
    default=None,
    metavar="DIR",
    help="Where decoded songs go, 10 MB a minute and stem (by default in the work folder).",
)
@click.option("--resume", is_flag=True, help="Go on where the training in the work folder stopped.")
@_device
@click.option(
    "--strategy",
    type=click.Choice(["auto", "ddp"]),
    default="auto",
    help="'ddp' trains in several processes.",
)
@click.option("--devices", type=click.IntRange(1, 64), default=1, help="Processes or GPUs to train on.")
@click.option("--workers", type=click.IntRange(0, 64), default=0, help="Processes that make examples.")
@options.seed
@options.force
@options.quiet
@options.verbose
def train_extract(
    kind: str,
    parts: tuple[str, ...],
    folders: tuple[Path, ...],
    target: str | None,
    output: Path,
    recipe: Path | None,
    epochs: int | None,
    work: Path | None,
    device: str | None,
    strategy: str,
    devices: int,
    workers: int,
    seed: int | None,
    quiet: bool,
    **rest: Any,
) -> None:
    """Train an extractor on folders of stems and save it as a model folder.

    After every epoch the SDR of held-out songs is printed, with that of the untouched mixture and of the
    oracle mask beside it; curves go to the work folder as CSV and PNG, with an excerpt before and
    after. A training that was interrupted goes on with --resume. A blend is not trained: its weight, and
    when a song counts as without the target, are fitted on songs that its parts have not learnt.
    """
    import dataclasses

    trained = {
        "from": rest["start"], "resume": rest["resume"], "device": device, "workers": workers,
        "strategy": strategy != "auto", "devices": devices > 1, "epochs": epochs is not None,
        "seed": seed is not None, "target": target is not None,
    }  # fmt: skip
    _refuse_ignored(kind, parts, [name for name, given in trained.items() if given])
    with _needing_the_extra():
        from canzona.train.separation import (
            BLEND,
            Machine,
            default_recipe,
            make_blend,
            read_recipe,
            train_extractor,
        )

    chosen = default_recipe(kind) if recipe is None else read_recipe(recipe, kind)
    chosen = _as_asked(chosen, output, epochs, seed)
    if target is not None:
        chosen = dataclasses.replace(chosen, training=dataclasses.replace(chosen.training, target=target))
    work = work or output.with_name(f"{output.name}.work")
    with _told(quiet) as reports:
        if kind == BLEND:
            store, force = rest["store"] or work / "store", rest["force"]
            model: Any = make_blend(parts, folders, output, chosen, store=store, force=force, reports=reports)
        else:
            machine = Machine(device or "auto", strategy, devices, workers)
            model = train_extractor(
                folders, output, chosen, work=work, machine=machine, reports=reports, **rest
            )
    if model is not None and not quiet:
        click.echo(str(model.path))


def _as_asked(recipe: Any, output: Path, epochs: int | None, seed: int | None) -> Any:
    """A recipe with the options that both trainings have."""
    import dataclasses

    given = {name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None}
    loop = dataclasses.replace(recipe.loop, **given)
    return dataclasses.replace(recipe, model={"name": output.name, **recipe.model}, loop=loop)


def _refuse_ignored(kind: str, parts: tuple[str, ...], trained: list[str]) -> None:
    """Raise UsageError for an option of what is trained where a blend is made, and the other way round."""
    if kind != "blend" and parts:
        raise UsageError(f"a {kind} has no parts", hint="leave out --part, or choose --model blend")
    if kind == "blend" and trained:
        raise UsageError(
            f"a blend is fitted, not trained, and --{trained[0]} means nothing to it",
            hint="give it to the trainings of the parts",
        )


@contextmanager
def _needing_the_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs '{error.name}', which is not installed", hint="pip install 'canzona[train]'"
        ) from error


@contextmanager
def _told(quiet: bool) -> Iterator[Reports]:
    """Reports on stderr: sentences, a line an epoch, and on a terminal a bar of the pass under way."""
    from canzona.cli.progress import share_of_all
    from canzona.train.loop import Reports

    with share_of_all("training", passes=True, quiet=quiet) as bar:

        def say(sentence: str) -> None:
            with bar.lifted():
                if not quiet:
                    click.echo(sentence, err=True)

        def row(values: dict[str, float]) -> None:
            whole = ("epoch", "steps")
            shown = {name: value for name, value in values.items() if name != "score"}
            say("  ".join(f"{n} {v:.0f}" if n in whole else f"{n} {v:.3f}" for n, v in shown.items()))

        yield Reports(say, row, lambda done, count: bar(done / max(count, 1)))
