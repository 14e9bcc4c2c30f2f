"""Training as Lightning sees it: steps, the learning rate, validation on whole songs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from canzona.separation.windows import Windows
from canzona.train.loop import share_of_rate
from canzona.train.separation.decoding import Signal
from canzona.train.separation.examples import Batch, Examples
from canzona.train.separation.losses import LOSSES, presence_loss
from canzona.train.separation.validation import ValidationSong, estimate, song_figures, summary


class Network(Protocol):
    """What a separation network gives: the target in a mixture, and how sure it is that there is one.

    `forward` takes mixtures of RMS 1, shape (batch, 2, n), and returns the estimate of that shape and
    the logits of presence, shape (batch, frames), one every `hop` samples.
    """

    hop: int

    def __call__(self, mixture: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate and presence logits."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How a training runs.

    Attributes
    ----------
    epochs, batches, size : epochs, batches an epoch, examples a batch.
    rate, decay : learning rate and weight decay of AdamW (Loshchilov & Hutter 2019); the rate rises
        over `warm_up` steps and falls by a cosine to 3 % of its highest.
    averaging : decay of the running average of the weights that is validated and kept.
    clip : largest norm of the gradient.
    loss : the loss by name (`canzona.train.separation.losses`).
    presence : weight of the loss of presence beside it.
    half : bfloat16 where an operation allows it.
    seed : of weights and examples.
    """

    fractions: ClassVar[tuple[str, ...]] = ("averaging",)
    not_negative: ClassVar[tuple[str, ...]] = ("decay", "presence", "seed")
    epochs: int = 40
    batches: int = 200
    size: int = 8
    rate: float = 1e-3
    decay: float = 0.01
    warm_up: int = 60
    averaging: float = 0.998
    clip: float = 5.0
    loss: str = "log-error"
    presence: float = 0.5
    half: bool = True
    seed: int = 1


class Extraction(lightning.LightningModule):
    """A network under training.

    Parameters
    ----------
    network : a module that is a `Network`.
    loop : how it is trained.
    examples : what it is trained on.
    songs : what it is validated on.
    windows : the windows of use, in which it is validated.
    workers : processes that make examples; with 0 the process that trains makes them.

    Attributes
    ----------
    figures : of each validation song, by name, as last measured.
    """

    def __init__(
        self,
        network: nn.Module,
        loop: LoopSettings,
        examples: Examples,
        songs: list[ValidationSong],
        windows: Windows,
        *,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self.network, self.loop = network, loop
        self.examples, self.songs, self.windows = examples, songs, windows
        self.workers = workers
        self.figures: dict[str, dict[str, float]] = {}
        self._loss = LOSSES[loop.loss]
        self._hop = int(network.hop)  # type: ignore[arg-type]

    def on_train_epoch_start(self) -> None:
        """Seed what the network draws (dropout), so that an interruption changes nothing."""
        torch.manual_seed((self.loop.seed * 100_003 + self.current_epoch) * 1_009 + self.global_rank)

    def training_step(self, batch: Batch, _place: int) -> Tensor:
        """The loss of a batch."""
        mixture, target = batch
        with torch.autocast(mixture.device.type, torch.bfloat16, enabled=self.loop.half):
            estimate, presence = self.network(mixture)
        found = self._loss(estimate.float(), target, mixture)
        heard = presence_loss(presence.float(), target, self._hop)
        self.log("train_loss", found, on_step=False, on_epoch=True, sync_dist=True)
        self.log("train_presence", heard, on_step=False, on_epoch=True, sync_dist=True)
        return found + self.loop.presence * heard

    def validation_step(self, place: Tensor, _place: int) -> None:
        """Figures of one song."""
        song = self.songs[int(place)]
        self.figures[song.name] = song_figures(song, self.separate)

    def separate(self, mixture: Signal) -> Signal:
        """The estimate of a whole song, as in use."""
        return estimate(self.network, mixture, self.windows)

    def on_validation_epoch_start(self) -> None:
        """Forget the figures of the epoch before."""
        self.figures = {}

    def on_validation_epoch_end(self) -> None:
        """Medians over the songs; every process has measured all of them."""
        for name, value in summary(list(self.figures.values())).items():
            self.log(name, value)

    def train_dataloader(self) -> DataLoader[Batch]:
        """The batches of the coming epoch; asked for anew at each."""
        self.examples.epoch = self.current_epoch
        self.examples.rank, self.examples.processes = self.trainer.global_rank, self.trainer.world_size
        ahead = 4 if self.workers else None
        return DataLoader(self.examples, batch_size=None, num_workers=self.workers, prefetch_factor=ahead)

    def val_dataloader(self) -> DataLoader[Tensor]:
        """The numbers of the validation songs, one a batch."""
        return DataLoader(torch.arange(len(self.songs)), batch_size=None)  # type: ignore[arg-type]

    def configure_optimizers(self) -> Any:
        """AdamW; matrices are decayed, biases and norms are not."""
        held = [weight for weight in self.network.parameters() if weight.requires_grad]
        groups = [
            {"params": [weight for weight in held if weight.ndim > 1], "weight_decay": self.loop.decay},
            {"params": [weight for weight in held if weight.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.loop.rate, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._share_of_rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _share_of_rate(self, step: int) -> float:
        total = max(1, self.loop.epochs * (self.loop.batches // self.trainer.world_size))
        return share_of_rate(step, step / total, self.loop.warm_up)
