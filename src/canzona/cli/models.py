"""`canzona models`: the models that are found, what they are, whether they are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from canzona.cli import options

if TYPE_CHECKING:
    from canzona.models import ModelFolder


@click.group(short_help="List, show and verify models.")
def command() -> None:
    """List, show and verify models.

    Models come with Canzona, lie in your own data folder, or in the folders that the
    environment variable CANZONA_MODELS names.
    """


@command.command("list")
@options.as_json
@options.verbose
def list_models(as_json: bool) -> None:
    """List all models that are found."""
    from canzona.models import known_models, search_path

    found = known_models(broken=lambda error: click.echo(f"canzona: not listed: {error}", err=True))
    if as_json:
        import json

        click.echo(json.dumps([_facts(model) for model in found], indent=2))
        return
    if not found:
        places = ", ".join(map(str, search_path())) or "no folder"
        click.echo(f"no model found; looked in {places}", err=True)
    for model in found:
        limits = "  research only" if model.research_only else ""
        about = str(model.config.get("description", ""))
        click.echo(f"{model.name:<16} {model.job:<8} {model.version:<8} {model.licence}{limits}")
        if about:
            click.echo(f"{'':<16} {about}")


@command.command("show")
@click.argument("name", metavar="NAME|DIR")
@options.as_json
@options.verbose
def show_model(name: str, as_json: bool) -> None:
    """Show a model's facts and its card."""
    from canzona.models import find_model
    from canzona.models.folder import CARD

    model = find_model(name)
    if as_json:
        import json

        click.echo(json.dumps(_facts(model), indent=2))
        return
    for fact, value in _facts(model).items():
        click.echo(f"{fact:<16} {value}")
    if CARD in model.files:
        click.echo("\n" + model.file(CARD).read_text("utf-8", errors="replace").rstrip())


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME|DIR]...")
@options.quiet
@options.verbose
def verify_models(names: tuple[str, ...], quiet: bool) -> int:
    """Check every file of models (all that are found, if none is named) against its SHA-256."""
    from canzona.errors import ModelError
    from canzona.models import find_model, model_folders

    code = 0
    for name in names or [str(folder) for folder in model_folders()]:
        try:
            model = find_model(name)
        except ModelError as error:
            click.echo(f"canzona: {error}", err=True)
            code = error.exit_code
        else:
            if not quiet:
                click.echo(f"{model.name}: whole, {len(model.files)} files, hash {model.hash}")
    return code


def _facts(model: ModelFolder) -> dict[str, object]:
    return {
        "name": model.name,
        "job": model.job,
        "version": model.version,
        "description": model.config.get("description", ""),
        "licence": model.licence,
        "research_only": model.research_only,
        "acknowledgement": model.config.get("acknowledgement", ""),
        "hash": model.hash,
        "path": str(model.path),
    }
