"""Where models lie, and finding one by its name.

Looked through in this order; the first model of a name counts:

1. the folders of the environment variable `CANZONA_MODELS` (separated as in `PATH`),
2. the models that come with Canzona,
3. `models/research/` of a repository checkout,
4. the user's own, under the platform's data folder.

A place is a folder of model folders, or one model folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from canzona.errors import ModelError, UsageError
from canzona.models.folder import CONFIG, ModelFolder, load_folder

VARIABLE = "CANZONA_MODELS"


def search_path() -> list[Path]:
    """The places in which models are looked for, in order; those that do not exist are left out."""
    named = [
        Path(os.path.expanduser(part)) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part
    ]
    places = [*named, Path(__file__).parent / "shipped", *_checkout(), user_folder()]
    return [place for place in dict.fromkeys(places) if os.path.isdir(place)]


def user_folder() -> Path:
    """Where one's own models are saved; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_data_dir("canzona", appauthor=False)) / "models"


def model_folders() -> list[Path]:
    """Every folder that is, or was meant as, a model, in the order in which they are looked through."""
    return [
        folder
        for place in search_path()
        for folder in ([place] if (place / CONFIG).is_file() else sorted(_subfolders(place)))
    ]


def known_models(
    job: str | None = None, *, broken: Callable[[ModelError], None] = lambda _: None
) -> list[ModelFolder]:
    """All models that are found, by name, each at its first place.

    Parameters
    ----------
    job : only models for this job, or None for all.
    broken : called with what is wrong with each folder that is no model.
    """
    found: dict[str, ModelFolder] = {}
    for folder in model_folders():
        try:
            model = load_folder(folder, verify=False)
        except ModelError as error:
            broken(error)
            continue
        found.setdefault(model.name, model)
    return [found[name] for name in sorted(found) if job in (None, found[name].job)]


def require_hash(model: ModelFolder, digest: str) -> None:
    """Raise UsageError where a model is not the one of this hash, by which something was made."""
    if model.hash != digest:
        raise UsageError(
            f"it was made with another version of model '{model.name}'",
            hint=f"install the model whose hash begins with {digest[:12]}",
        )


def find_model(model: str | Path, *, job: str | None = None) -> ModelFolder:
    """A model by its name or its folder, verified.

    Parameters
    ----------
    model : a name, or a path (anything with a separator in it, or a folder that exists).
    job : what it is needed for, or None for any job.

    Raises
    ------
    ModelError : there is none of this name (the sentence lists those there are and the nearest
        name), or it is damaged, foreign, or for another job.
    """
    text = os.fspath(model)
    looks_like_path = isinstance(model, Path) or os.sep in text or "/" in text or text in (".", "..")
    if not looks_like_path:
        known = {found.name: found for found in known_models()}
        if text in known:
            return load_folder(known[text].path, job=job)
    path = Path(os.path.expanduser(text))
    if looks_like_path or os.path.isdir(path):
        return load_folder(path, job=job)
    raise _unknown(text, [found.name for found in known_models(job)])


def _unknown(name: str, names: list[str]) -> ModelError:
    import difflib

    if not names:
        hint = f"put a model into {user_folder()}, or name its folder in {VARIABLE}"
        return ModelError(f"there is no model '{name}', nor any other", hint=hint)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    listed = ", ".join(names)
    hint = f"did you mean '{near[0]}'? Known models: {listed}" if near else f"known models: {listed}"
    return ModelError(f"there is no model '{name}'", hint=hint)


def _subfolders(place: Path) -> list[Path]:
    try:
        return [folder for folder in place.iterdir() if (folder / CONFIG).is_file()]
    except OSError:
        return []


def _checkout() -> list[Path]:
    """`models/research` of the repository that this file lies in, if it does."""
    root = Path(__file__).resolve().parents[3]
    return [root / "models" / "research"] if (root / "pyproject.toml").is_file() else []
