"""Where composed tunes are saved: one file, or a folder with a file for each tune and format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canzona.composition.composition import Composition
from canzona.conversion.targets import Target, target_named
from canzona.errors import UsageError
from canzona.files import make_folder, refuse_existing, write_together


@dataclass(frozen=True, slots=True)
class Files:
    """A single file, or a folder; and what is written."""

    path: Path
    single: bool
    targets: tuple[Target, ...]


def plan_files(output: Path, kinds: Sequence[str], count: int, *, force: bool) -> Files:
    """Decide what `--output` means, before anything is composed.

    Parameters
    ----------
    output : a file, if its ending is one that Canzona writes and it is no folder; else a folder.
    kinds : formats to write into a folder.
    count : tunes that will be written.

    Raises
    ------
    UsageError : a format is unknown, or one file is to hold several tunes.
    WriteError : the file exists and `force` is not set.
    """
    if not kinds:
        raise UsageError("no format is named", hint="name one with --to, such as --to mid")
    targets = tuple(target_named(kind) for kind in kinds)
    if output.suffix and not output.is_dir():
        target = target_named(output.suffix, source=str(output))
        if count > 1:
            raise UsageError(f"{output} is one file and {count} tunes are asked for", hint="give a folder")
        refuse_existing(output, force=force)
        return Files(output, True, (target,))
    return Files(output, False, targets)


def save_all(
    found: Sequence[Composition], files: Files, *, force: bool, look: Mapping[str, Any]
) -> list[Path]:
    """Write every tune; the paths, in order. A continuation's given tune is written beside it.

    Raises WriteError before anything is written where a target exists and `force` is not set.
    """
    plan = [(each, _paths(each, files)) for each in found]
    for _, paths in plan:
        for path, _, _ in paths:
            refuse_existing(path, force=force)
    written: list[Path] = []
    for each, paths in plan:
        outputs: dict[Path, bytes | str] = {}
        for path, target, given in paths:
            outputs[path] = (
                each.given_bytes(target.name)
                if given
                else each.to_bytes(target.name, **look_of(target, look))
            )
        if not files.single:
            make_folder(files.path)  # once there is something to put into it
        written += write_together(outputs, force=force)
    return written


def _paths(each: Composition, files: Files) -> list[tuple[Path, Target, bool]]:
    """Path and kind of each file of a tune; True marks the tune that was given."""
    stem = f"canzona-{each.seed}-{each.number}"
    found = []
    for target in files.targets:
        path = files.path if files.single else files.path / f"{stem}{target.suffix}"
        found.append((path, target, False))
        if each.goes_on and each.given is not None and target.family == "score":
            found.append((path.with_name(f"{path.stem}-given{path.suffix}"), target, True))
    return found


def look_of(target: Target, look: Mapping[str, Any]) -> dict[str, Any]:
    """The options that change a kind of file; others are not put into its provenance."""
    sounds = target.family == "sound"
    return {
        name: value
        for name, value in look.items()
        if name == "tempo" or sounds or (name == "instrument" and target.suffix == ".mid")
    }
