"""`canzona convert`: scores into other scores, pages and sound."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from canzona.cli import options

if TYPE_CHECKING:
    from canzona.conversion import Conversion, Report

PIPE = Path("-")


@click.command(short_help="Turn scores into other scores, pages and sound.")
@click.argument("sources", nargs=-1, required=True, type=options.PATH, metavar="IN...")
@options.output(
    "Folder to write to; for one file a file too, whose ending then says the kind; '-' for stdout.",
    required=True,
)
@click.option(
    "--to",
    "kinds",
    metavar="KIND[,KIND...]",
    help="abc, krn, musicxml, mid, svg, png, pdf, wav, flac, ogg or mp3.",
)
@click.option("--from", "source_kind", metavar="KIND", help="Format of what comes from stdin.")
@click.option(
    "--transpose", default="", metavar="INTERVAL|KEY", help="M2, -m3, +3 (semitones), G, Bb, Em ..."
)
@click.option("--track", default="", metavar="N|NAME", help="The voice to read where a file holds several.")
@click.option("--unfold", is_flag=True, help="Write repeats and endings out.")
@click.option("--tempo", type=float, metavar="QPM", help="Quarter notes a minute.")
@click.option("--instrument", default="", metavar="NAME", help="The instrument that plays.")
@click.option(
    "--soundfont", default="", type=click.Path(), metavar="FILE", help="A .sf2 or .sf3 file for sound."
)
@click.option("--split", is_flag=True, help="One file a tune, even where the kind holds many.")
@options.jobs
@options.as_json
@options.quiet
@options.force
@options.verbose
def command(
    sources: tuple[Path, ...],
    output: Path,
    kinds: str | None,
    source_kind: str | None,
    transpose: str,
    track: str,
    unfold: bool,
    tempo: float | None,
    instrument: str,
    soundfont: str,
    split: bool,
    jobs: int,
    as_json: bool,
    quiet: bool,
    force: bool,
) -> int:
    """Turn scores into other scores, pages and sound.

    IN are .krn, .abc, .musicxml, .mxl and .mid files, folders of them (searched through), or '-'
    for stdin. What a kind cannot hold is said on stderr.

    \b
    canzona convert tunes/ -o pages --to pdf,mp3
    canzona convert tune.krn -o tune.mp3 --instrument flute
    canzona convert tune.abc -o . --to musicxml --transpose Bb
    """
    from canzona.conversion import Conversion, convert_all, convert_file, target_named

    exact = kinds is None
    if exact and (output == PIPE or not output.suffix or output.is_dir()):
        raise click.UsageError("say with --to what to make, or name a file with -o")
    if exact and (len(sources) > 1 or sources[0].is_dir()):
        raise click.UsageError(
            "one file cannot hold all inputs; name a folder with -o and the kind with --to"
        )
    names = _kinds(kinds) if kinds is not None else [target_named(output.suffix, source=str(output)).name]
    conversions = [
        Conversion(name, transpose, track, unfold, tempo, instrument, soundfont, split) for name in names
    ]
    source, data = sources[0], None
    if PIPE in sources:
        if len(sources) > 1 or source_kind is None:
            raise click.UsageError("'-' is the only input, and --from says its format")
        source, data = _from_stdin(source_kind)
    if output == PIPE and (len(sources) > 1 or len(conversions) > 1):
        raise click.UsageError("stdout holds one output; name a folder with -o")
    if output == PIPE:
        return _to_stdout(source, data, conversions[0], quiet=quiet)

    def reports_of(conversion: Conversion) -> Iterator[Report]:
        if not exact and data is None:
            return convert_all(sources, output, conversion, force=force, jobs=jobs)
        target = output if exact else output / f"{source.stem}{conversion.target.suffix}"
        return iter([convert_file(source, target, conversion, data=data, force=force)])

    from canzona.cli.progress import counted

    seen = []
    reports = chain.from_iterable([reports_of(conversion) for conversion in conversions])
    for report in counted(reports, "files converted", quiet=quiet or as_json):
        seen.append(report)
        _say(report, quiet=quiet)
    return _finish(seen, as_json=as_json, quiet=quiet)


def _kinds(text: str) -> list[str]:
    """The kinds of a list with commas, each once."""
    names = list(dict.fromkeys(kind.strip() for kind in text.split(",") if kind.strip()))
    if not names:
        raise click.UsageError("--to names no kind of file")
    return names


def _from_stdin(kind: str) -> tuple[Path, bytes]:
    from canzona.score import format_named

    return Path(f"stdin{format_named(kind).suffixes[0]}"), sys.stdin.buffer.read()


def _to_stdout(source: Path, data: bytes | None, conversion: Conversion, *, quiet: bool) -> int:
    from canzona.conversion import Output, convert_bytes, read_input
    from canzona.score import format_of

    if source.is_dir():
        raise click.UsageError("a folder does not fit into stdout; name a folder with -o")
    made = list(convert_bytes(read_input(source, data), str(source), format_of(source), conversion))
    for each in made:
        if not isinstance(each, Output):
            raise each
    outputs = [each for each in made if isinstance(each, Output)]
    if len(outputs) != 1:
        raise click.UsageError(f"{source} becomes {len(outputs)} files; name a folder with -o")
    if outputs[0].losses and not quiet:
        click.echo(f"{source}: lost {', '.join(outputs[0].losses)}", err=True)
    sys.stdout.buffer.write(outputs[0].data)
    sys.stdout.buffer.flush()
    return 0


def _say(report: Report, *, quiet: bool) -> None:
    for error in report.errors:
        click.echo(f"canzona: {error}", err=True)
    if report.losses and report.outputs and not quiet:
        click.echo(f"{report.source} -> {report.outputs[0]}: lost {', '.join(report.losses)}", err=True)


def _finish(reports: list[Report], *, as_json: bool, quiet: bool) -> int:
    """Print what was written, and the summary where something failed; the exit code."""
    wrong = [report for report in reports if report.errors]
    inputs, failed = (len({report.source for report in some}) for some in (reports, wrong))
    if as_json:
        import json

        held = [
            {
                "source": str(report.source),
                "outputs": [str(path) for path in report.outputs],
                "losses": list(report.losses),
                "errors": [str(error) for error in report.errors],
            }
            for report in reports
        ]
        click.echo(json.dumps({"inputs": inputs, "failed": failed, "files": held}, indent=2))
    elif not quiet:
        for path in (path for report in reports for path in report.outputs):
            click.echo(path)
    if failed and inputs > 1:
        click.echo(f"canzona: {failed} of {inputs} inputs could not be handled", err=True)
    if failed and inputs == 1:
        return wrong[0].errors[0].exit_code
    return int(failed > 0)
