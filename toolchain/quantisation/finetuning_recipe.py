"""How a network is fine-tuned, and what a run reports."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.errors import ConfigError


@dataclass(frozen=True)
class Recipe:
    """How a network is fine-tuned: Adam, a learning rate that falls along a cosine, cross-entropy.

    Attributes
    ----------
    epochs : int
    lr : float
        At the start, relative to the size of what is trained: a tensor's rate is its RMS times this, that of the
        logarithm of a scale this itself.
    batch_size : int
    gradient_clip : float
        Largest norm of a gradient.
    distillation : float
        Share of the loss that compares with the teacher's logits, if there is a teacher; 0 to 1.
    label_smoothing : float
    seed : int
        Of the order of the samples and of what a random encoder draws.

    Raises
    ------
    ConfigError
        On creation, with all violations listed.
    """

    epochs: int = 3
    lr: float = 2e-2
    batch_size: int = 128
    gradient_clip: float = 1.0
    distillation: float = 1.0
    label_smoothing: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check all values."""
        checks = [
            (self.epochs >= 1, f"epochs must be at least 1, is {self.epochs}"),
            (self.lr > 0, f"lr must be positive, is {self.lr}"),
            (self.batch_size >= 1, f"batch_size must be at least 1, is {self.batch_size}"),
            (self.gradient_clip > 0, f"gradient_clip must be positive, is {self.gradient_clip}"),
            (0 <= self.distillation <= 1, f"distillation must be 0 to 1, is {self.distillation}"),
            (0 <= self.label_smoothing < 1, f"label_smoothing must be 0 to below 1, is {self.label_smoothing}"),
        ]
        if violations := [sentence for holds, sentence in checks if not holds]:
            raise ConfigError("This recipe cannot be trained:", violations)


@dataclass(frozen=True)
class Epoch:
    """Mean loss of an epoch, and the share of right classes among its samples as they were trained on."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class FineTuning:
    """What a run did.

    Attributes
    ----------
    recipe : Recipe
    epochs : tuple of Epoch
        The last one's network is the result; no data but the training data had a say.
    resumed : int
        Epochs that an earlier, interrupted run had done.
    """

    recipe: Recipe
    epochs: tuple[Epoch, ...]
    resumed: int
