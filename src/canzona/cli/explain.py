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
    from canzona.origin import explain
    from canzona.origin import replay as make_again

    if output is not None and not replay:
        raise click.UsageError("-o goes with --replay")
    made = explain(file)
    if not replay:
        _print(made, as_json=as_json)
        return 0
    data = make_again(file, inputs=inputs)
    same = data == file.read_bytes()
    if output == Path("-"):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    elif output is not None:
        from canzona.files import write_atomic

        write_atomic(output, data, force=force)
    if as_json and output != Path("-"):
        import json

        click.echo(json.dumps({"file": str(file), "same": same, "bytes": len(data)}))
    elif not quiet or not same:
        verdict = f"the same {len(data):,} bytes" if same else "other bytes than the file holds"
        click.echo(f"{file}: {verdict}{_versions(made, same)}", err=output == Path("-") or not same)
    return 0 if same else 1


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
