"""`canzona train`: train a model on one's own folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from canzona.cli import options
from canzona.errors import MissingDependencyError


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
@click.option(
    "--recipe",
    type=options.PATH,
    default=None,
    metavar="FILE",
    help="A TOML file of sizes, rates and facts (recipes/).",
)
@click.option(
    "--from",
    "start",
    default=None,
    metavar="NAME|DIR",
    help="Fine-tune this model; bits a note before and after are printed.",
)
@click.option(
    "--epochs", type=click.IntRange(1, 1000), default=None, help="Most epochs, instead of the recipe's."
)
@click.option(
    "--networks",
    type=click.IntRange(1, 4),
    default=None,
    help="Networks to average, instead of the recipe's.",
)
@click.option(
    "--work",
    type=options.PATH,
    default=None,
    metavar="DIR",
    help="Where checkpoints and curves go (by default OUTPUT.work).",
)
@click.option("--resume", is_flag=True, help="Go on where the training in the work folder stopped.")
@click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default=None, help="By default a GPU where there is one."
)
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

    try:
        from canzona.train.composition import Recipe, Reports, read_recipe, train_composer
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs '{error.name}', which is not installed", hint="pip install 'canzona[train]'"
        ) from error

    chosen = read_recipe(recipe) if recipe is not None else Recipe(model={"name": output.name})
    if epochs is not None:
        chosen = dataclasses.replace(chosen, loop=dataclasses.replace(chosen.loop, epochs=epochs))
    if seed is not None:
        chosen = dataclasses.replace(chosen, loop=dataclasses.replace(chosen.loop, seed=seed))
    if networks is not None:
        chosen = dataclasses.replace(chosen, training=dataclasses.replace(chosen.training, networks=networks))

    def say(sentence: str) -> None:
        if not quiet:
            click.echo(sentence, err=True)

    def row(values: dict[str, float]) -> None:
        say(
            "  ".join(
                f"{name} {value:.3f}" if name != "epoch" else f"epoch {value:.0f}"
                for name, value in values.items()
                if name != "score"
            )
        )

    model = train_composer(
        folders,
        output,
        chosen,
        work=work or output.with_name(f"{output.name}.work"),
        reports=Reports(say, row),
        **rest,
    )
    if not quiet:
        click.echo(str(model.path))
