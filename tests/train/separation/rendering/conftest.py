"""What tests of rendering share: the recipe, and the real synthesizers where they are installed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from canzona.errors import MissingDependencyError
from canzona.train.separation.rendering.arrangement import Part
from canzona.train.separation.rendering.equipment import Equipment, check_equipment
from canzona.train.separation.rendering.recipe import Recipe, read_recipe
from canzona.train.separation.rendering.synthesizers import Studio
from canzona.train.separation.rendering.worker import PluginHost


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return read_recipe()


@pytest.fixture(scope="session")
def equipment(recipe: Recipe) -> Equipment:
    """What is installed here; skips where songs cannot be rendered at all."""
    try:
        return check_equipment(recipe)
    except MissingDependencyError as error:
        pytest.skip(f"songs cannot be rendered here: {error}")


@pytest.fixture(scope="session")
def studio(equipment: Equipment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with PluginHost(folder) as host:
        yield Studio(host, folder, 25.0)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture
def long_a() -> Part:
    """One second of the A above middle C."""
    return Part("a", "lead", 80, np.array([[0.2, 1.0, 69, 100]]))
