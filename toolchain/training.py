"""Training runs: the exact E-I network, then its frozen copy, with Lightning and without its files and chatter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from ..models.annealing import share_at
from ..models.ei import anneal_divisors, clamp_constraints
from ..models.encoders import ENCODERS
from ..models.freezing import freeze_gain, gain_statistics
from ..models.networks import EIMLP
from ..models.neurons import LIF
from .config import TrainConfig
from .data.digits import load_digits
from .data.jitter import jitter

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """What a training run leaves.

    Attributes
    ----------
    model : EIMLP
        The network with E-I circuits, exact or with annealed divisors, in evaluation mode.
    frozen : EIMLP
        The network to export: ordinary linear layers, fine-tuned, in evaluation mode.
    metrics : dict
        ``accuracy`` of `model`, ``frozen_accuracy_before_finetuning`` and ``frozen_accuracy``, all fractions
        on the test set; ``divisor_cv`` and ``guarded_rows`` per circuit.
    """

    model: EIMLP
    frozen: EIMLP
    metrics: dict[str, Any]


class _Run(lightning.LightningModule):
    """Cross-entropy on the mean logits; SGD with a cosine per step; constraints after every step."""

    def __init__(self, network: nn.Module, config: TrainConfig, lr: float, anneal_epochs: int) -> None:
        super().__init__()
        self.network, self.config, self.lr, self.anneal_epochs = network, config, lr, anneal_epochs

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, y, config = *batch, self.config
        if self.anneal_epochs:
            self._anneal()
        x = jitter(x, config.jitter_rotation_rad, config.jitter_shift_px, config.jitter_scale)
        logits = self.network(ENCODERS[config.encoder](x, config.network.steps))
        loss = cross_entropy(logits, y, label_smoothing=config.label_smoothing)
        self.log("loss", loss, prog_bar=True)
        return loss

    def _anneal(self) -> None:
        steps = int(self.trainer.estimated_stepping_batches)
        annealed = round(steps * self.anneal_epochs / int(self.trainer.max_epochs or 1))
        step = self.global_step - (steps - annealed)
        if step >= 0:
            anneal_divisors(self.network, share_at(step, annealed))

    def configure_optimizers(self) -> Any:
        optimiser = build_optimiser(self.network, self.config, self.lr)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        clamp_constraints(self.network)


def train(config: TrainConfig, progress: bool = True) -> TrainResult:
    """Train on the digits, freeze the divisors, fine-tune, and evaluate both networks on the test set.

    The last epoch of each run is used; the test set chooses nothing.

    Parameters
    ----------
    config : TrainConfig
        The recipe. The same configuration gives the same networks on the same machine and number of threads.
    progress : bool
        Whether to show Lightning's progress bar.
    """
    digits = load_digits(config.split, config.split_seed)
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    rows = ENCODERS[config.encoder](x, config.network.steps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = EIMLP(config.network)
        with torch.no_grad():
            model(rows)  # E-I Init
        fit(model, x, y, config, config.epochs, config.lr, progress, config.anneal_epochs)
        frozen = freeze_gain(model, rows)
        before = evaluate(frozen, digits.x_test, digits.y_test, config.encoder)
        if config.finetune_epochs:
            fit(frozen, x, y, config, config.finetune_epochs, config.finetune_lr, progress)
    statistics = gain_statistics(model, rows)
    metrics = {
        "accuracy": evaluate(model, digits.x_test, digits.y_test, config.encoder),
        "frozen_accuracy_before_finetuning": before,
        "frozen_accuracy": evaluate(frozen, digits.x_test, digits.y_test, config.encoder),
        "divisor_cv": {path: entry.divisor_cv for path, entry in statistics.items()},
        "guarded_rows": {path: entry.guarded_rows for path, entry in statistics.items()},
    }
    logger.info("trained with seed %d: %s", config.seed, metrics)
    return TrainResult(model.eval(), frozen.eval(), metrics)


def fit(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    config: TrainConfig,
    epochs: int,
    lr: float,
    progress: bool = False,
    anneal_epochs: int = 0,
) -> None:
    """Train `network` in place with the optimiser settings of `config`; run a circuit's E-I Init before.

    Parameters
    ----------
    network : nn.Module
        (T, B, N) encoded input to (B, C) logits.
    x : Tensor, shape (samples, N), float32
        Intensities in [0, 1].
    y : Tensor, shape (samples,), int64
        Classes.
    config : TrainConfig
        All settings but `epochs`, `lr` and `anneal_epochs`.
    epochs : int
        Passes over the data.
    lr : float
        Learning rate at the start of the cosine.
    progress : bool
        Whether to show Lightning's progress bar.
    anneal_epochs : int
        The last of `epochs`, in which the divisors of the circuits become constant.
    """
    data = TensorDataset(x, y)
    # Indexing the tensors with a whole batch is far faster than collating single samples.
    loader = DataLoader(data, sampler=BatchSampler(RandomSampler(data), config.batch_size, False), batch_size=None)
    with _quiet_lightning():
        trainer = lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            devices=1,
            gradient_clip_val=config.gradient_clip,
            enable_progress_bar=progress,
            enable_checkpointing=False,
            enable_model_summary=False,
            logger=False,
        )
        trainer.fit(_Run(network.train(), config, lr, anneal_epochs), loader)
    if anneal_epochs:
        anneal_divisors(network, 1)  # a run of a single step ends before the share has risen
    network.eval()


def build_optimiser(network: nn.Module, config: TrainConfig, lr: float) -> torch.optim.SGD:
    """Build SGD with the learned thresholds in a group of their own: a lower learning rate and no weight decay.

    With the weights' rate and decay many runs end at chance.
    """
    learned = [m.threshold for m in network.modules() if isinstance(m, LIF) and m.threshold.requires_grad]
    identities = {id(threshold) for threshold in learned}
    weights = [parameter for parameter in network.parameters() if id(parameter) not in identities]
    groups: list[dict[str, Any]] = [{"params": weights, "weight_decay": config.weight_decay}]
    if learned:
        groups.append({"params": learned, "lr": lr * config.threshold_lr_factor, "weight_decay": 0.0})
    return torch.optim.SGD(groups, lr=lr, momentum=config.momentum)


@torch.no_grad()
def evaluate(
    model: EIMLP, x: NDArray[np.float32] | Tensor, y: NDArray[np.int64] | Tensor, encoder: str = "rate"
) -> float:
    """Return the share of samples whose largest logit is the right class.

    Parameters
    ----------
    model : EIMLP
        Exact or frozen; its configuration says how many time steps there are.
    x : array, shape (samples, N)
        Intensities in [0, 1].
    y : array, shape (samples,)
        Classes.
    encoder : {"rate", "direct"}
        That of the training.
    """
    logits = model(ENCODERS[encoder](torch.as_tensor(x), model.config.steps))
    return (logits.argmax(1) == torch.as_tensor(y)).double().mean().item()


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence Lightning's hints and warnings for a run; its levels are restored, for it may have other users."""
    chatty = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [entry.level for entry in chatty]
    try:
        for entry in chatty:
            entry.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for entry, level in zip(chatty, levels, strict=True):
            entry.setLevel(level)
