"""One song through the networks and into files.

Whether the target sounds in a song is known when the song is over. Until then the stems are drafts: where
it does not, they are dropped, and a second way through the input writes silence and the input itself. What
comes through a pipe is kept in a temporary file for that, and standard output waits for the decision.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from canzona.audio.encoding import Native, to_float
from canzona.audio.formats import SoundFormat, sound_format
from canzona.audio.reading import SoundSource, open_sound
from canzona.audio.writing import Target, check_targets, open_target, open_writers
from canzona.errors import CanzonaError, FormatError, UnsupportedError, WriteError
from canzona.files import errors_told, make_folder, open_together
from canzona.score.provenance import Provenance
from canzona.separation.exact import losses, recoded, split
from canzona.separation.model import SeparationModel
from canzona.separation.presence import Presence, song_is_absent
from canzona.separation.provenance import of_file, provenance_of, stem_tags
from canzona.separation.report import STDIN, STDOUT, Options, Report, Song, length_of, span
from canzona.separation.stream import BLOCK, Listener, Piece, Waiting, heard_pieces, silent_pieces

if TYPE_CHECKING:
    from canzona.separation.picture import SongPicture

Progress = Callable[[float], None]
"""Called with how much of a song is done, 0..1, where its length is known."""

Cancel = Callable[[], bool]
"""Asked at each piece whether to stop."""


def extract_song(
    song: Song,
    model: SeparationModel,
    options: Options,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    made: Provenance | None = None,
) -> Report:
    """Write the stems of one song, whole or not at all.

    Parameters
    ----------
    song : the input, and the files to write, whose folders are made.
    model : what hears the target.
    options : how the stems are written; `song` says under which names.
    progress, cancel : see above.
    made : what the files say of their making; None for what is done here.

    Raises
    ------
    CanzonaError : the input cannot be read or holds nothing to write, a file cannot be written, or
        `cancel` said so. Nothing half-written is left.
    """
    begun = time.perf_counter()
    with _desk(song) as desk:
        made = made or provenance_of(song.source, model.folder, options.start, options.end)
        work = _Work(song, model, options, made, Watch(progress, cancel), desk)
        try:
            report = work.hear()
        except _AbsentError as absent:
            report = work.copy(absent.presence)
            report = replace(report, warnings=tuple(dict.fromkeys((*absent.warnings, *report.warnings))))
    return replace(report, elapsed=time.perf_counter() - begun)


class Watch:
    """How far a song is, and whether to stop.

    Parameters
    ----------
    progress, cancel : see above; None where nobody asks.

    Attributes
    ----------
    total : samples in each channel of what is taken; None where it is not known.
    """

    def __init__(self, progress: Progress | None, cancel: Cancel | None) -> None:
        self._progress, self._cancel = progress, cancel
        self.total: int | None = None

    def ended(self) -> None:
        """All is done, also where nobody knew how much it would be."""
        if self._progress is not None:
            self._progress(1.0)

    def moved(self, done: int) -> None:
        """So many samples are done; CanzonaError where it is time to stop."""
        if self._cancel is not None and self._cancel():
            raise CanzonaError("the extraction was cancelled", hint="nothing of it was written")
        if self._progress is not None and self.total:
            self._progress(min(1.0, done / self.total))


class _AbsentError(Exception):
    """The song is over and the target was not heard; on its way out the drafts are dropped."""

    def __init__(self, presence: Presence, warning: str) -> None:
        super().__init__()
        self.presence, self.warnings = presence, (warning,) if warning else ()


@dataclass(frozen=True, slots=True)
class _Work:
    """One song and what is to be done with it; `desk` is a folder for what is not to stay."""

    song: Song
    model: SeparationModel
    options: Options
    made: Provenance
    watch: Watch
    desk: Path | None

    def hear(self) -> Report:
        """The first way: stems as the networks hear them; _AbsentError where the target is not heard."""
        with open_sound(self.song.source) as source:
            first, last = span(self.options.start, self.options.end, source.sample_rate)
            self.watch.total = length_of(source, first, last)
            blocks = self._kept(source, source.blocks(BLOCK, first, last))
            listener = Listener(self.model, first / source.sample_rate)
            pieces = heard_pieces(blocks, source.encoding, source.sample_rate, self.model, listener)

            def judged() -> Presence:
                presence, levels = listener.finish()
                if song_is_absent(presence, levels, self.model.presence):
                    raise _AbsentError(presence.nowhere(), source.warning)
                return presence

            return self._written(source, pieces, judged)

    def copy(self, presence: Presence) -> Report:
        """The second way: a silent stem, and the input."""
        self.watch.total = None
        kept = self._keepsake
        with open_sound(self.song.source if kept is None else kept) as source:
            first, last = span(self.options.start, self.options.end, source.sample_rate)
            blocks = source.blocks(BLOCK) if kept is not None else source.blocks(BLOCK, first, last)
            report = self._written(source, silent_pieces(blocks), lambda: presence)
        return replace(report, status="absent")

    def _written(
        self, source: SoundSource, pieces: Iterator[Piece], judged: Callable[[], Presence]
    ) -> Report:
        for path in self.song.targets:
            make_folder(path.parent)
        form = sound_format(self.options.format, source.encoding)
        picture = self._picture(source.sample_rate)
        targets = self._targets(source, form)
        check_targets(targets)
        names = [*(target.path for target in targets), *self.song.extras]
        done = beyond = 0
        with ExitStack() as opened:
            files = opened.enter_context(open_together(names, force=self.options.force))
            writers = opened.enter_context(open_writers(targets, files[: len(targets)]))
            kept = [_KeptStem(name, opened.enter_context(open_sound(path))) for name, path in self.song.kept]
            for piece in pieces:
                mixture, more = recoded(piece.mixture, source.encoding, form.encoding)
                stems = dict(
                    zip(self.model.stems, split(mixture, piece.estimate, form.encoding), strict=True)
                )
                for (name, _), writer in zip(self.song.stems, writers, strict=True):
                    writer.write(stems[name])
                for each in kept:
                    each.compare(stems)
                if picture is not None:
                    picture.push(*(to_float(each, form.encoding) for each in (mixture, *stems.values())))
                done, beyond = done + mixture.shape[1], beyond + more
                self.watch.moved(done)
            if not done:
                start = self.options.start or 0
                raise FormatError(f"has nothing after {start:g} s", source=source.name, hint="start earlier")
            presence = judged()
            for each in kept:
                each.require()
            self._write_extras(files[len(targets) :], presence, picture)
        self._hand_out()
        clipped = sum(writer.clipped for writer in writers)
        told = losses(source.encoding, form, beyond, clipped)
        self.watch.ended()
        return Report(
            self.song.source, "done", self.song.targets, done / source.sample_rate,
            presence=presence.mean, warnings=(*filter(None, [source.warning]), *told),
        )  # fmt: skip

    def _targets(self, source: SoundSource, form: SoundFormat) -> list[Target]:
        found = []
        for name, path in self.song.stems:
            tags = stem_tags(source.tags, self.made, self.options.format, name)
            place = self._stdout_draft(form) if path == STDOUT else path
            found.append(Target(place, source.sample_rate, source.channels, form, tags))
        return found

    def _write_extras(
        self, files: Sequence[BinaryIO], presence: Presence, picture: SongPicture | None
    ) -> None:
        contents: list[Iterable[bytes]] = []
        if self.song.presence is not None:
            contents.append(part.encode("utf-8") for part in presence.csv_parts())
        if picture is not None:
            # The name that the picture tells, which the song need not have any more when it is made again.
            name = self.made.inputs[0].name if self.made.inputs else self.song.source.name
            made = of_file(self.made, self.options.format)
            contents.append([picture.to_png(presence, title=Path(name).stem or "song", made=made)])
        for path, file, content in zip(self.song.extras, files, contents, strict=True):
            with errors_told(path):
                file.writelines(content)

    def _picture(self, sample_rate: int) -> SongPicture | None:
        if self.song.picture is None:
            return None
        from canzona.separation.picture import SongPicture

        return SongPicture(sample_rate, self.model.stems)

    @property
    def _keepsake(self) -> Path | None:
        """Where the input is kept that can be read once only."""
        once = self.song.source == STDIN or not self.song.source.is_file()
        return self.desk / "input.wav" if self.desk is not None and once else None

    def _kept(self, source: SoundSource, blocks: Iterator[Native]) -> Iterator[Native]:
        """The blocks, kept on their way where they may be needed a second time."""
        kept = self._keepsake
        if kept is None:
            yield from blocks
            return
        form = SoundFormat("wav", source.encoding)
        target = Target(kept, source.sample_rate, source.channels, form, source.tags)
        with open_target(target) as writer:
            for block in blocks:
                writer.write(block)
                yield block

    def _stdout_draft(self, form: SoundFormat) -> Path:
        if self.desk is None or form.kind != "wav":
            raise UnsupportedError(f"{form.kind} is not written to standard output", hint="write wav")
        return self.desk / "stem.wav"

    def _hand_out(self) -> None:
        """Standard output gets its stem once it is known to be the right one."""
        if self.desk is not None and (self.desk / "stem.wav").exists():
            if sys.stdout is None:
                raise WriteError("standard output is closed", hint="name a folder with -o")
            with (self.desk / "stem.wav").open("rb") as stem:
                try:
                    shutil.copyfileobj(stem, sys.stdout.buffer, 1 << 20)
                    sys.stdout.buffer.flush()
                except BrokenPipeError:  # nobody reads on: no fault of the song
                    raise
                except OSError as error:
                    reason = (error.strerror or str(error)).lower()
                    raise WriteError(f"standard output was not written: {reason}") from error


class _KeptStem:
    """A stem of an earlier run, beside which the others are made anew.

    On another processor, or a GPU, the last bits of an estimate may differ, and the stems would not
    add up any more.
    """

    def __init__(self, name: str, source: SoundSource) -> None:
        self._name, self._source = name, source
        self._blocks, self._held = source.blocks(BLOCK), Waiting()
        self._same = True

    def compare(self, stems: Mapping[str, Native]) -> None:
        """The next samples with those that this run makes."""
        wanted = stems[self._name]
        while self._held.count < wanted.shape[1] and (block := next(self._blocks, None)) is not None:
            self._held.put(block)
        self._same = self._same and np.array_equal(self._held.take(wanted.shape[1]), wanted)

    def require(self) -> None:
        """WriteError where they were not all the same."""
        if not self._same:
            raise WriteError(
                f"{self._source.name} does not add up with what is made of the song here",
                hint="make all of it anew with --force (force=True), or in another folder",
            )


@contextmanager
def _desk(song: Song) -> Iterator[Path | None]:
    """A folder for what is not to stay, where the song goes through a pipe."""
    piped = song.source == STDIN or STDOUT in dict(song.stems).values()
    if not piped and song.source.is_file():
        yield None
        return
    with TemporaryDirectory(prefix="canzona-") as desk:
        try:
            yield Path(desk)
        except WriteError as error:
            if desk not in error.message:
                raise
            # The user has not chosen it, but can.
            reason = error.message.rpartition(": ")[2]
            raise WriteError(
                f"the folder for temporary files, {Path(desk).parent}, was not written: {reason}",
                hint="free some space, or name another in the variable TMPDIR",
            ) from error
