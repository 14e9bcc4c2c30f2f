"""`canzona extract`: a song into its synthesizer and the rest."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from canzona.cli import options

if TYPE_CHECKING:
    from canzona.separation import Report

PIPE = Path("-")
_TIME = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?|\.\d+)")


def _time(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """A place in a song, from seconds, m:ss or h:mm:ss with decimals; None where it is not given."""
    if value is None:
        return None
    found = _TIME.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f"'{value}' is no time; write seconds, m:ss or h:mm:ss")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    if (minutes >= 60 and found[1]) or (seconds >= 60 and found[2]):
        raise click.BadParameter(f"'{value}' is no time; there are 60 seconds in a minute")
    return 3600 * hours + 60 * minutes + seconds


@click.command(short_help="Take the synthesizer out of a mix.")
@click.argument("songs", nargs=-1, required=True, type=options.PATH, metavar="SONG...")
@options.output(
    "Folder for the stems; '-' writes one stem of one song to stdout, as wav: where a wav from stdin goes "
    "unless a folder is named."
)
@click.option(
    "--format",
    "form",
    default="wav",
    show_default=True,
    metavar="KIND",
    help="wav16, wav24, wav32f, flac16, flac24, ogg, mp3, mp3-320 ...; wav and flac keep the bits of the "
    "song. Lossy songs become 32-bit float wav: fewer bits could not hold a sum that is exact.",
)
@click.option("--only", default="", metavar="STEM", help="Write one stem: synth or rest.")
@click.option(
    "--filename",
    default="{track}.{stem}.{ext}",
    show_default=True,
    metavar="PATTERN",
    help="Names of the stems; {title} and {artist} are the song's tags.",
)
@click.option("--start", callback=_time, metavar="TIME", help="Begin here: seconds or m:ss.")
@click.option("--end", callback=_time, metavar="TIME", help="Stop here: seconds or m:ss.")
@click.option("--presence", is_flag=True, help="Write NAME.presence.csv: where the synthesizer sounds.")
@click.option("--plot", is_flag=True, help="Write NAME.png: spectrograms of mix, synth and rest.")
@click.option("--device", default="cpu", show_default=True, metavar="NAME", help="cpu or cuda.")
@options.model
@options.jobs
@options.as_json
@options.quiet
@options.force
@options.verbose
def command(
    songs: tuple[Path, ...],
    output: Path | None,
    form: str,
    only: str,
    filename: str,
    start: float | None,
    end: float | None,
    presence: bool,
    plot: bool,
    device: str,
    model: str | None,
    jobs: int,
    as_json: bool,
    quiet: bool,
    force: bool,
) -> int:
    """Take the synthesizer out of a mix: NAME.synth.wav, and NAME.rest.wav with all else.

    SONG is a sound file, the sound of a video, a folder, or '-' for a wav from stdin. Both stems
    have the song's rate, channels and length, and add up to it sample for sample (lossy formats
    nearly). A song whose stems are there already is skipped. Where no synthesizer is heard, synth
    is silence and rest is the song.
    """
    from canzona.separation import Options, SeparationModel, extract_songs, plan_songs
    from canzona.separation.model import DEFAULT

    if output is None:
        if songs != (PIPE,) or sys.stdout.isatty():
            raise click.MissingParameter(param_hint="'-o' / '--output'", param_type="option")
        output = PIPE
    if output == PIPE and as_json:
        raise click.UsageError("stdout holds either sound or JSON; name a folder with -o")
    asked = Options(form, only, filename, start, end, presence, plot, force)
    opened = SeparationModel.open(model or DEFAULT, device=device)
    planned = plan_songs(songs, output, opened, asked)

    from canzona.cli.progress import share_of_all

    reports = []
    what = f"{len(planned)} songs" if len(planned) > 1 else planned[0].source.name
    with share_of_all(what, quiet=quiet or as_json) as moved:
        for report in extract_songs(planned, opened, asked, jobs=jobs, progress=moved):
            reports.append(report)
            with moved.lifted():
                _say(report, opened.stems[0], quiet=quiet, as_json=as_json)
    return _finish(reports, opened.name, as_json=as_json)


def _say(report: Report, stem: str, *, quiet: bool, as_json: bool) -> None:
    """Paths on stdout, a line for the song; sentences on stderr."""
    if report.error is not None:
        click.echo(f"canzona: {report.error}", err=True)
        for note in getattr(report.error, "__notes__", ()) if options.wants_traceback() else ():
            click.echo(note, err=True)
    if quiet or as_json:
        return
    if report.outputs:
        click.echo("\t".join(str(path) for path in report.outputs))
    sentences = list(report.warnings)
    if report.status == "absent":
        sentences.append(f"no {stem} here: {report.reason}")
    if report.status == "skipped":
        sentences.append(f"skipped, {report.reason}; --force does it again")
    for sentence in sentences:
        named = sentence if str(report.source) in sentence else f"{report.source}: {sentence}"
        click.echo(named, err=True)


def _finish(reports: Iterable[Report], model: str, *, as_json: bool) -> int:
    """Print the summary; the exit code."""
    held = list(reports)
    wrong = [report.error for report in held if report.error is not None]
    if as_json:
        import json

        counts = {status: sum(report.status == status for report in held)
                  for status in ("done", "absent", "skipped", "failed")}  # fmt: skip
        found = {"model": model, **counts, "songs": [report.to_dict() for report in held]}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    if wrong and len(held) > 1:
        click.echo(f"canzona: {len(wrong)} of {len(held)} songs could not be handled", err=True)
    if wrong and len(held) == 1:
        return wrong[0].exit_code
    return int(bool(wrong))
