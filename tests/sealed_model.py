"""A model folder changed on purpose and sealed again: what is in it differs, its sums agree."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from canzona.models.folder import CONFIG


def changed_copy(
    folder: Path, target: Path, *, behaviour: dict[str, Any] | None = None, **config: Any
) -> Path:
    """A copy of a model folder with other values in its config; None takes a key away."""
    shutil.copytree(folder, target)
    held = json.loads((target / CONFIG).read_text())
    held["behaviour"] |= behaviour or {}
    held |= config
    held = {key: value for key, value in held.items() if value is not None}
    (target / CONFIG).write_text(json.dumps(held))
    return seal(target)


def seal(folder: Path) -> Path:
    """The sums in the config, of the listed files as they are now."""
    held = json.loads((folder / CONFIG).read_text())
    held["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in held["files"]}
    (folder / CONFIG).write_text(json.dumps(held))
    return folder
