"""Model folders: finding, checking and saving them.

A model is a folder of data: weights (ONNX), `config.json`, `card.md` and what its job adds.
Nothing in it is executed or unpickled. `folder` loads, verifies and saves one, `places` knows
where models lie and finds them by name. `shipped/` holds those that come with Canzona.
"""

from canzona.models.folder import ModelFolder, load_folder, save_folder, update_card
from canzona.models.places import (
    find_model,
    known_models,
    model_folders,
    require_hash,
    search_path,
    user_folder,
)

__all__ = [
    "ModelFolder",
    "find_model",
    "known_models",
    "load_folder",
    "model_folders",
    "require_hash",
    "save_folder",
    "search_path",
    "update_card",
    "user_folder",
]
