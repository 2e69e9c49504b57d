"""A program trained for a few epochs, with what it gained on samples that it did not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...models.encoders import ENCODERS
from ...models.errors import InputError
from ..data.samples import Rows, load_samples
from ..sources import Source
from .sides import answers, require_equal, right


@dataclass(frozen=True)
class Training:
    """Training data: samples (N, *input_shape) with an encoder, or rows (T, N, *input_shape) without."""

    x: Any
    y: NDArray[Any]
    encoder: Callable[[Any], Any] | None


@dataclass(frozen=True)
class Tuning:
    """Result of `tune`.

    Attributes
    ----------
    epochs : tuple of (float, float)
        Mean loss, and share of right classes among the training samples, of each.
    before, after : float
        Accuracy of the integers on the test samples.
    samples, checked : int
        Test samples, and those on which the tuned program was compared with the oracle.
    program : Program
    """

    epochs: tuple[tuple[float, float], ...]
    before: float
    after: float
    samples: int
    checked: int
    program: Program

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, for JSON; the program by its hash."""
        plain = {name: value for name, value in vars(self).items() if name not in ("program", "epochs")}
        epochs = [{"loss": loss, "accuracy": accuracy} for loss, accuracy in self.epochs]
        return {"schema_version": 1, **plain, "epochs": epochs, "program_hash": self.program.content_hash}


def tune(
    source: Source,
    program: Program,
    training: Training,
    x: Rows,
    y: NDArray[Any],
    epochs: int,
    progress: Callable[[str], None] | None = None,
) -> Tuning:
    """Train the integers of `program`, which was lowered from `source`, and measure them on test samples.

    A module that runs over all time and gives logits is its own teacher; other networks learn the classes.

    Parameters
    ----------
    source : Source
        Its graph gives the float weights to start from, a saved program its integers; circuits that divide are trained
        with their own parameters.
    program : Program
    training : Training
    x, y : array, (B,) int array
        Test samples; nothing is chosen on them.
    epochs : int
    progress : callable, optional
        Called with a sentence after every epoch.
    """
    from ...exporters.quantization.build import fake_quantise
    from .finetuning import Recipe, finetune

    graph = None if source.ready_program is not None else source.graph
    network = fake_quantise(program, graph, source.frozen if has_circuits(source) else None)

    def step(done: int, total: int, loss: float) -> None:
        if progress is not None and done % (total // epochs) == 0:
            progress(f"tuned {done * epochs // total} of {epochs} epochs, loss {loss:.3f}")

    recipe = Recipe(epochs=epochs)
    made = finetune(network, training.x, training.y, training.encoder, recipe, _teacher(source, x), progress=step)
    tuned = network.to_program()
    return Tuning(
        tuple((e.loss, e.accuracy) for e in made.epochs),
        *(float(right(answers(p, x), y).mean()) for p in (program, tuned)),
        samples=len(y),
        checked=require_equal(tuned, x),
        program=tuned,
    )


def _teacher(source: Source, x: Rows) -> Any:
    """The float module, where it takes rows (T, B, ...) and gives one result a sample."""
    import torch

    if source.frozen is None or source.example is None or isinstance(x, dict) or source.example.ndim != x.ndim:
        return None
    from ...models.copying import copy_module

    model = copy_module(source.frozen).float().eval()
    with torch.no_grad():
        found = model(torch.as_tensor(np.asarray(x[:, :2], np.float32)))
    return model if isinstance(found, torch.Tensor) and found.ndim == 2 else None


def has_circuits(source: Source) -> bool:
    """Whether the module of `source` has circuits that divide."""
    from ...models.ei import EILinear

    return source.frozen is not None and any(isinstance(part, EILinear) for part in source.frozen.modules())


def training_for(source: Source, spec: str, steps: int, encoder: str, given: str = "") -> Training:
    """Training samples with classes of the set `spec`, or of the data `given`.

    Parameters
    ----------
    source : Source
        Its input shape is that of the samples.
    spec : str
        As `load_samples` takes it.
    steps : int
        T.
    encoder : {"rate", "direct"}
    given : str
        Data to train on instead, a set or a file.

    Raises
    ------
    InputError
        If `spec` is a file and nothing was given, or if there are no classes.
    """
    from ..data.images import IMAGE_SETS
    from ..data.split import load_split

    name, shape = spec.split(":")[0], source.input_shape
    if not given and name in ("digits", *IMAGE_SETS):
        split = load_split(spec if name == "digits" else name)
        x = split.x_train if shape is None else split.x_train.reshape(-1, *shape)
        return Training(x, split.y_train, lambda rows: ENCODERS[encoder](rows, steps))
    if not given and name.endswith((".npz", ".npy")):
        raise InputError(f"{spec} is test data; say --train with a .npz file of x and y to tune on.")
    trained = given or ":".join(word for word in spec.split(":") if word not in ("test", "train")) + ":train"
    samples = load_samples(trained, steps, encode=encoder, shape=shape)
    if samples.y is None or isinstance(samples.x, dict):
        raise InputError(f"{samples.name} cannot be trained on; give a .npz file with one array x and classes y.")
    return Training(np.asarray(samples.x), samples.y, None)
