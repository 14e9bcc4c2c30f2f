"""`canzona explain`: how a file was made, and making it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from canzona.cli import options

if TYPE_CHECKING:
    from canzona.score.provenance import Provenance


@click.command(short_help="Say how a file was made, or make it again.")
@click.argument("file", type=options.PATH)
@click.option("--replay", is_flag=True, help="Make the same bytes again, and say whether they are the same.")
@click.option(
    "--input",
    "inputs",
    type=options.PATH,
    multiple=True,
    help="A moved input, or a folder to look for it in.",
)
@options.output("Where --replay writes; '-' for stdout.")
@options.as_json
@options.quiet
@options.force
@options.verbose
def command(
    file: Path,
    replay: bool,
    inputs: tuple[Path, ...],
    output: Path | None,
    as_json: bool,
    quiet: bool,
    force: bool,
) -> int:
    """Say how a file that Canzona wrote was made: version, command, model, seed, options, inputs.

    With --replay the file is made once more from that; the exit code is 0 where the bytes are
    the same and 1 where they differ.
    """
    from canzona.origin import explain, replay_into

    if output is not None and not replay:
        raise click.UsageError("-o goes with --replay")
    made = explain(file)
    if not replay:
        _print(made, as_json=as_json)
        return 0
    import filecmp
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="canzona-") as desk:
        again = Path(desk) / "again"
        replay_into(file, again, inputs=inputs)
        same, size = filecmp.cmp(file, again, shallow=False), again.stat().st_size
        if output is not None:
            _copy(again, output, force=force)
    if as_json and output != Path("-"):
        import json

        click.echo(json.dumps({"file": str(file), "same": same, "bytes": size}))
    elif not quiet or not same:
        verdict = f"the same {size:,} bytes" if same else "other bytes than the file holds"
        click.echo(f"{file}: {verdict}{_versions(made, same)}", err=output == Path("-") or not same)
    return 0 if same else 1


def _copy(source: Path, output: Path, *, force: bool) -> None:
    import shutil

    from canzona.files import errors_told, open_together

    with source.open("rb") as file:
        if output == Path("-"):
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        with open_together([output], force=force) as (target,), errors_told(output):
            shutil.copyfileobj(file, target)


def _print(made: Provenance, *, as_json: bool) -> None:
    import json

    held = made.to_dict()
    if as_json:
        click.echo(json.dumps(held, indent=2, sort_keys=True))
        return
    rows = [("made by", f"canzona {made.version}, {made.command}")]
    if made.model:
        rows.append(("model", f"{made.model} ({made.model_hash})"))
    if made.seed is not None:
        rows.append(("seed", str(made.seed)))
    rows += [
        (name, value if isinstance(value, str) else json.dumps(value)) for name, value in made.options.items()
    ]
    rows += [("from", f"{each.name} (sha256 {each.sha256})") for each in made.inputs]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
    if made.earlier is not None:
        click.echo("\nand before that:")
        _print(made.earlier, as_json=False)


def _versions(made: Provenance, same: bool) -> str:
    import canzona

    if same or made.version == canzona.__version__:
        return ""
    return f"; it was made by version {made.version}, this is {canzona.__version__}"
