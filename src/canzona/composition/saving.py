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
    """Write every tune; the paths, in order. A continuation's given tune is written beside it."""
    written: list[Path] = []
    if not files.single:
        make_folder(files.path)
    for each in found:
        stem = files.path if files.single else files.path / f"canzona-{each.seed}-{each.number}"
        outputs: dict[Path, bytes | str] = {}
        for target in files.targets:
            path = stem if files.single else stem.with_name(stem.name + target.suffix)
            chosen = {name: value for name, value in look.items() if _matters(name, target)}
            outputs[path] = each.to_bytes(target.name, **chosen)
            if each.goes_on and each.given is not None and target.family == "score":
                beside = path.with_name(f"{path.stem}-given{target.suffix}")
                outputs[beside] = each.given_bytes(target.name)
        written += write_together(outputs, force=force)
    return written


def _matters(name: str, target: Target) -> bool:
    """Whether an option changes a kind of file; others are not put into its provenance."""
    if name == "tempo":
        return True
    return target.family == "sound" or (name == "instrument" and target.suffix == ".mid")
