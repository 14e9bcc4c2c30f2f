"""How a file was made, read back from the file itself, and made again.

Scores are asked through their readers; pages and sound through the place where each keeps
words: SVG `<metadata>`, PNG text chunks, PDF keywords, RIFF INFO, the comments of FLAC, Ogg
and MP3.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from canzona.audio.reading import open_sound
from canzona.conversion import Conversion, Output, convert_bytes
from canzona.errors import CanzonaError, FormatError, UnsupportedError, UsageError
from canzona.render.png import provenance_of_png
from canzona.score.format import format_of, formats
from canzona.score.provenance import Input, Provenance

_OURS = "only files that Canzona wrote say how they were made"


def explain(path: str | Path) -> Provenance:
    """How a file was made, as the file says.

    Parameters
    ----------
    path : a score, page or sound file that Canzona wrote.

    Raises
    ------
    FormatError : the file cannot be read, or says nothing of how it was made.
    """
    path = Path(path)
    line = _line_in(path)
    if not line:
        raise FormatError("nothing in it says how it was made", source=str(path), hint=_OURS)
    return Provenance.from_json(line, source=str(path))


def replay(path: str | Path, *, inputs: Sequence[str | Path] = ()) -> bytes:
    """The bytes of a file, made once more from what it says of itself; see `replay_into`."""
    with TemporaryDirectory(prefix="canzona-") as desk:
        again = Path(desk) / "again"
        replay_into(path, again, inputs=inputs)
        return again.read_bytes()


def replay_into(path: str | Path, target: Path, *, inputs: Sequence[str | Path] = ()) -> None:
    """Make a file once more from what it says of itself, also one that memory would not hold.

    Parameters
    ----------
    path : a file that Canzona wrote.
    target : where the new file goes; replaced if it is there.
    inputs : files, or folders to look in, for inputs that no longer lie where they did. An
        input is used only if its SHA-256 is the one stated.

    Raises
    ------
    FormatError : the file says nothing of how it was made.
    UsageError : an input is not found, or its content has changed.
    UnsupportedError : it was made by a command or a version that cannot be played again.
    """
    path = Path(path)
    made = explain(path)
    if made.command == "convert":
        target.write_bytes(_replay_conversion(path, made, [Path(each) for each in inputs]))
        return
    if made.command == "write":
        raise UnsupportedError(f"{path} was written by a Python program", hint="run that program again")
    if made.command not in ("compose", "vary", "extract"):
        raise UnsupportedError(f"{path} was made by '{made.command}', which this version cannot play again")
    found = {each.name: _find_input(each, path, [Path(place) for place in inputs]) for each in made.inputs}
    # Bound late: models need a runtime, which a conversion never loads.
    if made.command == "extract":
        import canzona.separation as separation

        separation.replay(made, target, suffix=path.suffix.lower(), inputs=found)
        return
    import canzona.composition as composition

    target.write_bytes(composition.replay(made, suffix=path.suffix.lower(), inputs=found))


def _replay_conversion(path: Path, made: Provenance, places: list[Path]) -> bytes:
    if not made.inputs:
        raise FormatError("it names no input", source=str(path))
    options = dict(made.options)
    try:
        number = int(options.pop("number", 0))
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError("the number of its tune is none", source=str(path)) from error
    conversion = Conversion.from_dict(options)
    origin = made.inputs[0]
    data = _find_input(origin, path, places).read_bytes()
    known = format_of(Path(origin.name))
    outputs = list(convert_bytes(data, origin.name, known, conversion, only=number))
    written = [each.data for each in outputs if isinstance(each, Output)]
    if not written:
        failed = next((each for each in outputs if isinstance(each, CanzonaError)), None)
        raise failed or UnsupportedError(f"{origin.name} holds no tune number {number}")
    # The pages of a picture say the same of themselves: the file's own bytes tell which it is.
    own = _bytes_of(path)
    return next((each for each in written if each == own), written[0])


def _find_input(origin: Input, path: Path, places: list[Path]) -> Path:
    """The input, where it lay, beside the file or in the places given; its content is checked."""
    name = Path(origin.name)
    candidates = [name, path.parent / name, path.parent / name.name]
    for place in places:
        candidates += sorted(each for each in place.rglob("*") if each.name == name.name) or [place]
    changed = None
    for candidate in candidates:
        if not _is_file(candidate):
            continue
        if _hash_of(candidate) == origin.sha256:
            return candidate
        changed = changed or candidate
    if changed is not None:
        raise UsageError(
            f"{changed} is not the file that {path} was made from: its SHA-256 differs",
            hint="name the right one with --input",
        )
    raise UsageError(f"{origin.name}, which {path} was made from, is not there", hint="name it with --input")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _hash_of(path: Path) -> str:
    with _told(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes_of(path: Path) -> bytes:
    with _told(path):
        return path.read_bytes()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of the system met while a file is read, as FormatError that names it."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise FormatError(reason, source=str(path), hint="check the path and its permissions") from error


def _line_in(path: Path) -> str:
    """The line of JSON in a file, or an empty string."""
    suffix = path.suffix.lower()
    if any(suffix in known.suffixes for known in formats()):
        return next((tune.provenance for tune in format_of(path).read(_bytes_of(path), str(path), None)), "")
    finder = _FINDERS.get(suffix)
    if finder is None:
        said = f"'{suffix}' is no kind of file that says how it was made"
        hint = "ask the stem beside it" if path.name.endswith(".presence.csv") else _OURS
        raise FormatError(said, source=str(path), hint=hint)
    words = finder(path)
    return words[words.find("{") :].strip("\0 \n") if "{" in words else ""


def _in_svg(path: Path) -> str:
    data = _bytes_of(path)
    begin = data.find(b"<metadata")
    end = data.find(b"</metadata>", begin)
    if begin < 0 or end < 0:
        return ""
    words = data[begin:end].decode("utf-8", "replace").partition(">")[2]
    return html.unescape(words)


def _in_pdf(path: Path) -> str:
    found = re.search(rb"/Keywords\s*<([0-9A-Fa-f]*)>", _bytes_of(path))
    if not found or len(found[1]) % 2:
        return ""
    return bytes.fromhex(found[1].decode("ascii")).decode("utf-16", "replace")


def _in_sound(path: Path) -> str:
    with _told(path), path.open("rb"):
        pass
    try:
        with open_sound(path) as sound:
            return sound.tags.comment
    except CanzonaError:
        return ""


_FINDERS: dict[str, Callable[[Path], str]] = {
    ".svg": _in_svg, ".png": provenance_of_png, ".pdf": _in_pdf, ".wav": _in_sound,
    ".flac": _in_sound, ".ogg": _in_sound, ".mp3": _in_sound,
}  # fmt: skip
