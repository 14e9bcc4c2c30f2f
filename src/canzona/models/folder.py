"""One model folder: `config.json`, the files that it lists, and nothing that runs.

    config.json
      format       "canzona-model", format_version 1
      name, version, job, description
      licence      SPDX identifier of the weights
      research_only, acknowledgement
      behaviour    what a job needs to run the weights: vocabulary, features, sizes
      training     data with their licences, seed, split, hours
      files        name -> SHA-256 of every other file, `card.md` included

The model's hash covers job, behaviour and weights (`.onnx`), so that a card or an index may be
written again without making it another model. A folder is refused as soon as one byte of a
listed file has changed, and a file that is not listed is never opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canzona.errors import CanzonaError, ModelError, UsageError, WriteError
from canzona.files import WAY_OUT, make_folder, write_together

FORMAT = "canzona-model"
FORMAT_VERSION = 1
CONFIG = "config.json"
CARD = "card.md"
WEIGHTS = ".onnx"

LARGEST_MODEL = 25_000_000
"""Bytes that a model folder may hold."""

LARGEST_CONFIG = 4_000_000

_TEXTS = ("name", "version", "job", "licence")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_AGAIN = "install the model again or train it anew"
_PLAIN = "use a-z, 0-9, '.', '-' and '_'"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder whose config has been read.

    Attributes
    ----------
    path : the folder.
    config : `config.json` as read.
    """

    path: Path
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.config["name"])

    @property
    def job(self) -> str:
        """What the model is for: 'compose', 'extract' or 'tag'."""
        return str(self.config["job"])

    @property
    def version(self) -> str:
        """The model's own version."""
        return str(self.config["version"])

    @property
    def licence(self) -> str:
        """SPDX identifier of the weights."""
        return str(self.config["licence"])

    @property
    def research_only(self) -> bool:
        """True where the training data allow research only."""
        return bool(self.config.get("research_only", False))

    @property
    def behaviour(self) -> Mapping[str, Any]:
        """What of the config defines what the model does."""
        behaviour: Mapping[str, Any] = self.config["behaviour"]
        return behaviour

    @property
    def files(self) -> Mapping[str, str]:
        """Name -> SHA-256 of each listed file."""
        files: Mapping[str, str] = self.config["files"]
        return files

    @property
    def hash(self) -> str:
        """SHA-256 over job, behaviour and weights, 64 hexadecimal digits."""
        weights = {name: digest for name, digest in self.files.items() if name.endswith(WEIGHTS)}
        return _digest(_canonical({"job": self.job, "behaviour": self.behaviour, "weights": weights}))

    def file(self, name: str) -> Path:
        """Path of a listed file; ModelError where the folder lists none of this name."""
        if name not in self.files:
            raise ModelError(f"{self.path} holds no '{name}'", hint=_AGAIN)
        return self.path / name

    def verify(self) -> None:
        """Check every listed file against its SHA-256; ModelError where one is missing or differs."""
        size = 0
        for name in self.files:
            with contextlib.suppress(OSError):
                size += (self.path / name).stat().st_size
        if size > LARGEST_MODEL:
            raise ModelError(
                f"{self.path} holds {size / 1e6:.0f} MB and a model has at most 25 MB", hint=_AGAIN
            )
        for name, digest in self.files.items():
            try:
                data = (self.path / name).read_bytes()
            except OSError as error:
                reason = (error.strerror or "cannot be read").lower()
                raise ModelError(f"{self.path / name}: {reason}", hint=_AGAIN) from error
            if _digest(data) != digest:
                raise ModelError(f"{self.path / name} is damaged: its SHA-256 differs", hint=_AGAIN)


def load_folder(path: str | Path, *, job: str | None = None, verify: bool = True) -> ModelFolder:
    """Read a model folder.

    Parameters
    ----------
    path : the folder.
    job : what the model is needed for, or None for any job.
    verify : check every file against its SHA-256.

    Raises
    ------
    ModelError : the folder is missing, damaged, not one of Canzona's, or for another job.
    """
    path = Path(path)
    model = ModelFolder(path, _checked(path, _read_config(path)))
    if job is not None and model.job != job:
        raise ModelError(
            f"model '{model.name}' is for '{model.job}' and '{job}' is asked for",
            hint="`canzona models list` shows what each model is for",
        )
    if verify:
        model.verify()
    return model


def save_folder(
    path: str | Path, config: Mapping[str, Any], files: Mapping[str, bytes | Path], *, force: bool = False
) -> ModelFolder:
    """Write a model folder whole or not at all.

    Parameters
    ----------
    path : the folder to make; one that exists is replaced only with `force`.
    config : everything but `format`, `format_version` and `files`, which are filled in.
    files : name -> content, or a file to copy.

    Raises
    ------
    UsageError : the config lacks something, a name is not plain, or the whole is over 25 MB.
    WriteError : the folder exists or cannot be written; nothing half-written is left.
    """
    path = Path(path)
    contents = {name: _content(source) for name, source in files.items()}
    listed = {name: _digest(data) for name, data in sorted(contents.items())}
    whole = {"format": FORMAT, "format_version": FORMAT_VERSION, **config, "files": listed}
    try:
        _checked(path, whole)
    except ModelError as error:
        raise UsageError(f"no model can be saved so: {error.message}") from error
    text = config_text(whole)
    size = len(text.encode()) + sum(map(len, contents.values()))
    if size > LARGEST_MODEL:
        raise UsageError(f"the model has {size / 1e6:.1f} MB and may have 25 MB", hint="train a smaller one")
    check_target(path, whole["name"], force=force)
    _write_folder(path, {**contents, CONFIG: text.encode()})
    return load_folder(path)


def check_target(path: Path, name: str, *, force: bool = False) -> None:
    """Raise what `save_folder` would: to be asked before a long training.

    Raises
    ------
    UsageError : the name is not plain.
    WriteError : the folder exists and `force` is not set.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no plain name of a model", hint=_PLAIN)
    if os.path.lexists(path) and not force:
        raise WriteError(f"{path} exists", hint=WAY_OUT)


def update_card(model: ModelFolder, card: str) -> ModelFolder:
    """Write a model's card again, with its new SHA-256 in the config; the model's hash stays."""
    config = {**model.config, "files": {**model.files, CARD: _digest(card.encode())}}
    write_together({model.path / CARD: card, model.path / CONFIG: config_text(config)}, force=True)
    return load_folder(model.path)


def config_text(config: Mapping[str, Any]) -> str:
    """A config as the JSON that is stored."""
    return json.dumps(config, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _write_folder(path: Path, contents: Mapping[str, bytes]) -> None:
    """All files into a folder beside the target, which then takes its name."""
    make_folder(path.parent)
    draft = path.parent / f".canzona-{secrets.token_hex(6)}.part"
    aside = path.parent / f".canzona-{secrets.token_hex(6)}.old"
    try:
        draft.mkdir()
        for name, data in contents.items():
            (draft / name).write_bytes(data)
        if os.path.lexists(path):
            path.rename(aside)
        draft.rename(path)
    except OSError as error:
        if aside.exists() and not path.exists():
            aside.rename(path)
        reason = (error.strerror or "cannot be written").lower()
        raise WriteError(
            f"{path} was not written: {reason}", hint="choose another folder or free space"
        ) from error
    finally:
        for left in (draft, aside):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _read_config(path: Path) -> object:
    config = path / CONFIG
    if not os.path.isdir(path):
        raise ModelError(f"{path} is no folder", hint="give a model's name or its folder")
    if not config.is_file():
        raise ModelError(
            f"{path} is no model folder: it has no {CONFIG}", hint="give a folder that Canzona made"
        )
    try:
        if config.stat().st_size > LARGEST_CONFIG:
            raise ModelError(f"{config} is too large for a config", hint=_AGAIN)
        value: object = json.loads(config.read_bytes())
    except OSError as error:
        raise ModelError(f"{config}: {(error.strerror or 'cannot be read').lower()}", hint=_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{config} is damaged: it is no JSON", hint=_AGAIN) from error
    return value


def _checked(path: Path, config: object) -> dict[str, Any]:
    """The config, if it is one; else ModelError."""
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelError(f"{path} is not a model of Canzona's", hint="give a folder that Canzona made")
    if config.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"{path} has format {config.get('format_version')!r} and this Canzona reads {FORMAT_VERSION}",
            hint="upgrade Canzona, or install the model that belongs to this version",
        )
    for key in _TEXTS:
        if not isinstance(config.get(key), str) or not config[key]:
            raise ModelError(f"{path} is damaged: its config states no '{key}'", hint=_AGAIN)
    if not _NAME.fullmatch(config["name"]):
        raise ModelError(f"{path} has no plain name: {config['name']!r}", hint=_PLAIN)
    if not isinstance(config.get("behaviour"), dict):
        raise ModelError(f"{path} is damaged: its config states no 'behaviour'", hint=_AGAIN)
    files = config.get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise ModelError(f"{path} is damaged: its config lists no 'files'", hint=_AGAIN)
    for name in files:
        if not _FILE_NAME.fullmatch(name) or name == CONFIG:
            raise ModelError(f"{path} lists a file of a strange name: {name!r}", hint=_AGAIN)
    return config


def _content(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise CanzonaError(f"{source}: {(error.strerror or 'cannot be read').lower()}") from error


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
