"""The exported graphs say what torch says, step by step, and give the weights back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from canzona.composition.network import GRAPHS, Network
from canzona.composition.scoring import score
from canzona.errors import ModelError
from canzona.train.composition.calibration import calibrate
from canzona.train.composition.data import Arrays, BatchPlan, collate
from canzona.train.composition.export import export, restore
from canzona.train.composition.graph import LARGEST_SUM, row_scales, stored_weights
from canzona.train.composition.network import Composer, Sizes
from canzona.train.composition.task import ComposerTask, Shape, new_network
from small_task import Small

TOLERANCE = 0.12
"""Most that a logit may move through rounded weights, activations and tables; they reach from -50 to 20."""

USUAL = 0.02
"""What half of the logits stay under."""


def write(folder: Path, networks: list[Composer], small: Small) -> Network:
    """The graphs of some networks, opened."""
    batches = [collate(small.arrays[at : at + 10]) for at in range(0, 60, 10)]
    graphs = export(networks, [calibrate(network, batches) for network in networks])
    folder.mkdir()
    for name, data in graphs.items():
        (folder / name).write_bytes(data)
    return Network(folder)


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory, networks: list[Composer], small: Small
) -> dict[int, Network]:
    """The graphs of one network, and of both."""
    place = tmp_path_factory.mktemp("graphs")
    return {count: write(place / str(count), networks[:count], small) for count in (1, 2)}


def stepped(network: Network, tunes: list[Arrays]) -> list[np.ndarray]:
    """Logits of the three parts (tune, event, class) of tunes of one length, event after event."""
    tables: list[list[np.ndarray]] = [[], [], []]
    steps = network.start(len(tunes), np.stack([tune["tags"] for tune in tunes]))
    event = np.zeros((len(tunes), 3), np.int64)
    for time in range(len(tunes[0]["targets"])):
        trunk, after, coming = (
            np.stack([tune[name][time] for tune in tunes]).astype(np.int64)
            for name in ("trunk", "after", "targets")
        )
        duration, pitch = (np.ascontiguousarray(coming[:, part]) for part in (0, 1))
        tables[0].append(steps.duration(trunk, event))
        tables[1].append(steps.pitch(duration, after))
        tables[2].append(steps.flag(duration, pitch, after))
        event = coming
    return [np.stack(table, 1) for table in tables]


@torch.no_grad()
def forced(networks: list[Composer], tunes: list[Arrays]) -> list[np.ndarray]:
    """The mean of the networks' logits, the whole tune at once in torch."""
    batch = collate(tunes)
    found = [network(batch["trunk"], batch["after"], batch["targets"], batch["tags"]) for network in networks]
    return [np.mean([tables[part].numpy() for tables in found], 0) for part in range(3)]


@pytest.mark.parametrize("count", [1, 2])
def test_graphs_agree_with_torch(
    opened: dict[int, Network], networks: list[Composer], small: Small, count: int
) -> None:
    """Also for distances over 64 events and tunes that the calibration knows, step by step."""
    length = 80
    tunes = [
        {name: value[:length] if name not in ("tags", "marked") else value for name, value in tune.items()}
        for tune in small.arrays
        if len(tune["targets"]) >= length
    ][:3]
    assert tunes
    assert opened[count].copies == count
    for ours, theirs in zip(stepped(opened[count], tunes), forced(networks[:count], tunes), strict=True):
        assert ours.shape == theirs.shape and ours.dtype == np.float32
        differ = np.abs(ours - theirs)
        assert differ.max() < TOLERANCE
        assert np.median(differ) < USUAL
        second, first = np.sort(theirs, -1)[..., -2:].transpose(2, 0, 1)
        clear = first - second > 2 * TOLERANCE
        assert clear.mean() > 0.5
        assert np.array_equal(ours.argmax(-1)[clear], theirs.argmax(-1)[clear])
        assert (ours.argmax(-1) == theirs.argmax(-1)).mean() > 0.98


def test_two_networks_are_averaged(
    opened: dict[int, Network], networks: list[Composer], small: Small
) -> None:
    tunes = [small.arrays[0]]
    one, both = stepped(opened[1], tunes), stepped(opened[2], tunes)
    assert np.abs(one[0] - both[0]).max() > 10 * TOLERANCE, "the second network has its own opinion"


def test_bits_in_use_are_those_of_the_validation(
    opened: dict[int, Network], networks: list[Composer], small: Small
) -> None:
    row = small.task(networks[0]).validate(networks[0])
    scored = score(opened[1], small.vocabulary, small.lists[20:30])
    bits = np.concatenate([tune.bits for tune in scored]).mean(0)
    assert bits == pytest.approx([row["duration"], row["pitch"], row["flag"]], abs=0.005)
    assert row["total"] == pytest.approx(row["duration"] + row["pitch"]) == row["score"]


@pytest.mark.parametrize("count", [1, 2])
def test_restore_gives_back_the_weights(
    opened: dict[int, Network], networks: list[Composer], small: Small, tmp_path: Path, count: int
) -> None:
    """To a twelve-thousandth of the sum of a row's magnitudes; biases of one gate come back as one."""
    write(tmp_path / "graphs", networks[:count], small)
    graphs = [(tmp_path / "graphs" / name).read_bytes() for name in GRAPHS]
    again = restore(graphs, [network.sizes for network in networks[:count]])
    assert len(again) == count
    for network, restored in zip(networks, again, strict=False):
        held = restored.state_dict()
        for name, weight in network.state_dict().items():
            if name.endswith("_hh_l0") and "bias" in name:
                assert not held[name].any()
            elif name.endswith("_ih_l0") and "bias" in name:
                both = weight + network.state_dict()[name.replace("_ih_", "_hh_")]
                assert torch.allclose(held[name], both, atol=1e-6)
            else:
                table = weight.ndim > 1 and ("table" in name or "event_" in name or "tags" in name)
                coarse = weight.abs().max() / 2000 if table else weight.abs().sum(-1, keepdim=True) / 12000
                assert ((held[name] - weight).abs() <= coarse + 1e-7).all(), name
        tunes = [small.arrays[4]]
        for one, other in zip(forced([network], tunes), forced([restored.eval()], tunes), strict=True):
            assert np.abs(one - other).max() < TOLERANCE


def test_exporting_what_was_restored_changes_next_to_nothing(
    networks: list[Composer], small: Small, tmp_path: Path
) -> None:
    write(tmp_path / "one", networks[:1], small)
    graphs = [(tmp_path / "one" / name).read_bytes() for name in GRAPHS]
    write(tmp_path / "two", restore(graphs, [networks[0].sizes]), small)
    twice = [(tmp_path / "two" / name).read_bytes() for name in GRAPHS]
    before, after = stored_weights(graphs), stored_weights(twice)
    assert before.keys() == after.keys()
    for name, array in before.items():
        assert np.allclose(array, after[name], atol=np.abs(array).max() / 1000 + 1e-7), name


def test_restore_refuses_graphs_of_another_size(
    opened: dict[int, Network], networks: list[Composer], small: Small, tmp_path: Path
) -> None:
    write(tmp_path / "graphs", networks[:1], small)
    graphs = [(tmp_path / "graphs" / name).read_bytes() for name in GRAPHS]
    other = new_network(small.vocabulary, Shape(hidden=28, width=20, embedding=4, heads=2), 1).sizes
    with pytest.raises(ModelError, match="no weights"):
        restore(graphs, [other])
    with pytest.raises(ModelError, match="no weights"):
        restore(graphs, [networks[0].sizes] * 2)


def test_graphs_of_a_network_without_short_ways(
    small: Small, tmp_path: Path, networks: list[Composer]
) -> None:
    """As the first models have them: plain heads, no gates, no intervals."""
    torch.manual_seed(4)
    s = networks[0].sizes
    bare = Sizes(s.trunk, s.after, s.durations, s.pitches, s.tags, s.embedding, s.width, s.hidden, s.heads)
    network = Composer(bare).eval()
    found = stepped(write(tmp_path / "bare", [network], small), small.arrays[:1])
    for ours, theirs in zip(found, forced([network], small.arrays[:1]), strict=True):
        assert np.abs(ours - theirs).max() < TOLERANCE


def test_every_sum_is_exact(networks: list[Composer], small: Small, tmp_path: Path) -> None:
    """In each stored row the magnitudes, times the largest input, stay under 2**24."""
    write(tmp_path / "graphs", networks, small)
    rows = 0
    for name in GRAPHS:
        for tensor in onnx.load(str(tmp_path / "graphs" / name)).graph.initializer:
            if tensor.name.startswith("rows:"):
                sums = np.abs(numpy_helper.to_array(tensor).astype(np.int64)).sum(1)
                assert sums.max() * 511 <= LARGEST_SUM, tensor.name
                rows += len(sums)
    assert rows > 500


@pytest.mark.parametrize("largest", [511, 1024, 2048])
def test_row_scales_leave_room_for_rounding(largest: int) -> None:
    random = np.random.default_rng(0)
    for spread in (1e-9, 0.1, 30.0):
        weight = random.normal(size=(40, 300)) * spread
        weight[0] = 0
        scales = row_scales(weight, largest)
        whole = np.abs(np.round(weight / scales[:, None]))
        assert (whole.sum(1) * largest <= LARGEST_SUM).all()
        assert whole.max() <= 32767


def test_calibration_covers_what_it_saw_and_leaves_no_trace(networks: list[Composer], small: Small) -> None:
    few = calibrate(networks[0], [collate(small.arrays[:5])])
    more = calibrate(networks[0], [collate(small.arrays[:5]), collate(small.arrays[5:20])])
    assert few.keys() == more.keys()
    assert all(0 < few[name] <= more[name] for name in few)
    assert not any(module._forward_hooks for module in networks[0].modules())


def test_validation_is_the_same_in_any_batches(networks: list[Composer], small: Small) -> None:
    rows = [
        ComposerTask(networks[0], small.vocabulary, small.arrays[:3], small.arrays[20:40], BatchPlan(events))
        for events in (200, 5000)
    ]
    for task in rows:
        task._half = False
    one, other = (task.validate(networks[0]) for task in rows)
    assert one == pytest.approx(other, abs=1e-4)
