"""What happens beside the steps of a training: averaged weights, curves, excerpts to listen to, words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint, WeightAveraging
from torch import Tensor

from canzona.audio.files import encode_audio
from canzona.files import make_folder, write_atomic
from canzona.train.loop import Row, kept_of_average, write_curves
from canzona.train.separation.decoding import Signal
from canzona.train.separation.extraction import Extraction
from canzona.train.separation.validation import ValidationSong

EXCERPT = 8.0
"""Seconds of the excerpt that is written at each epoch."""

_AUDIO = "audio"


class Averaging(WeightAveraging):
    """Running average of weights and statistics, which is validated and kept, see `kept_of_average`."""

    def __init__(self, decay: float) -> None:
        def averaged(average: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
            if not average.is_floating_point():
                return current
            return torch.lerp(average, current, 1 - kept_of_average(decay, int(count)))

        super().__init__(avg_fn=averaged, use_buffers=True)


class Newest(Checkpoint):
    """A checkpoint of every epoch, each in the place of the one before, to go on from.

    Lightning's own keeps the last one only where it is the best too. A training that is killed while it
    is written goes on from the one before.

    Parameters
    ----------
    path : the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Save it."""
        draft = self.path.with_name(f".{self.path.name}.part")
        trainer.save_checkpoint(draft)
        if trainer.is_global_zero:
            os.replace(draft, self.path)


class Curves(Callback):
    """A row of figures an epoch: to the caller, as CSV and as PNG; kept in the checkpoint.

    Parameters
    ----------
    folder : where the curves go.
    report : called with each row.
    before : figures from before the first epoch, of a model that is trained on; {} where there are none.
    """

    def __init__(self, folder: Path, report: Callable[[Row], None], before: Row) -> None:
        self.folder, self.report, self.before = folder, report, before
        self.rows: list[Row] = []
        self.minutes = 0.0
        self.cpu_minutes = 0.0
        self._began = (0.0, 0.0)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "before": self.before, "rows": self.rows, "minutes": self.minutes,
            "cpu_minutes": self.cpu_minutes,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the rows of a checkpoint."""
        self.before, self.rows = dict(state_dict.get("before", {})), list(state_dict["rows"])
        self.minutes, self.cpu_minutes = state_dict["minutes"], state_dict["cpu_minutes"]

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clocks; validation does not count."""
        self._began = (time.monotonic(), time.process_time())

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """The epoch's row: what Lightning has averaged, and the minutes spent on training."""
        row = {"epoch": float(trainer.current_epoch + 1), "steps": float(trainer.global_step)}
        row |= {name: float(value) for name, value in trainer.callback_metrics.items()}
        row |= {"minutes": self.minutes, "cpu_minutes": self.cpu_minutes}
        self.rows.append(row)
        if trainer.is_global_zero:
            write_curves(self.rows, self.folder, unit="dB, or loss")
            self.report(row)

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Stop the clocks."""
        if not trainer.sanity_checking:
            self.minutes += (time.monotonic() - self._began[0]) / 60
            self.cpu_minutes += (time.process_time() - self._began[1]) / 60


class Excerpts(Callback):
    """An excerpt of a validation song to listen to: mixture, target, and the estimate of each epoch."""

    def __init__(self, folder: Path, song: ValidationSong) -> None:
        self.folder, self.song = folder / _AUDIO, song

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write the excerpt as it is extracted now."""
        if trainer.sanity_checking or not trainer.is_global_zero or not isinstance(pl_module, Extraction):
            return
        rate = self.song.store.sample_rate
        mixture, target = (self._cut(signal, rate) for signal in self.song.signals())
        make_folder(self.folder)
        pieces = {"mixture": mixture, "target": target}
        pieces[f"epoch-{trainer.current_epoch + 1:03d}"] = pl_module.separate(mixture)
        # One gain for all: the estimate's level against the mixture is part of what is to be heard.
        gain = 0.9 / max(float(abs(mixture).max()), 1e-4)
        for name, signal in pieces.items():
            sound = encode_audio([signal * gain], samples=signal.shape[1], sample_rate=rate)
            write_atomic(self.folder / f"{name}.wav", sound, force=True)

    def _cut(self, signal: Signal, rate: int) -> Signal:
        """Seconds from the middle of the song."""
        length = min(round(EXCERPT * rate), signal.shape[1])
        start = (signal.shape[1] - length) // 2
        return signal[:, start : start + length]


class Ticks(Callback):
    """Calls back with (batches done, batches in all) of an epoch."""

    def __init__(self, tick: Callable[[int, int], None]) -> None:
        self.tick = tick

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *args: Any
    ) -> None:
        """After each batch."""
        self.tick(trainer.fit_loop.epoch_loop.batch_idx + 1, int(trainer.num_training_batches))
