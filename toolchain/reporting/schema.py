"""The schema of a report's JSON, published as ``docs/report.schema.json``.

Adding a key is a change that readers survive; whoever removes or redefines one raises ``schema_version``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .schema_cost import Cost
from .schema_layers import Quantisation
from .schema_network import ListedLoss, Network, Weights
from .schema_parts import Strict, Versions


class Sentence(Strict):
    """One sentence of the verdict."""

    topic: Literal["integers", "float", "fit", "cost", "accuracy", "activity"]
    state: Literal["good", "bad", "plain"] = Field(description="good or bad answers a yes-or-no question")
    text: str


class Accuracy(Strict):
    """Share of right classes, measured."""

    share: float = Field(ge=0, le=1)
    samples: int


class Divergence(Strict):
    """The first place at which two backends differ; indices from 0."""

    population: str
    what: Literal["spike", "membrane"]
    step: int
    sample: int
    neuron: int
    values: tuple[float, float]


class Agreement(Strict):
    """How far one population agrees between two backends."""

    population: str
    what: Literal["spike", "membrane"]
    slots: int = Field(description="compared values")
    mismatches: int = Field(description="different ones, accumulated from the input on")
    agreement: float
    alone: int | None = Field(description="different ones if fed with the first backend's spikes; null if not measured")
    alone_backend: str


class Pair(Strict):
    """Two neighbours of the chain of references."""

    backends: tuple[str, str]
    spike_agreement: float = Field(ge=0, le=1)
    mismatches: int
    same_prediction: float = Field(description="share of samples with the same class, at every output")
    populations: list[Agreement]
    first_divergence: Divergence | None


class Effect(Strict):
    """What one loss does by itself."""

    loss: ListedLoss
    mismatches: int | None = Field(description="spikes that change; null if not measured")
    slots: int
    changed_predictions: int | None
    samples: int
    first_divergence: Divergence | None
    reason: str = Field(description="why it was not measured; empty where it was")


class Comparison(Strict):
    """The chain from the trained network to the chip's arithmetic."""

    samples: int
    pairs: list[Pair]
    effects: list[Effect]
    program_hash: str | None
    not_run: dict[str, str]
    versions: dict[str, Versions]


class PopulationActivity(Strict):
    """Activity of one spiking population."""

    neurons: int
    spikes_per_sample: float
    spikes_per_neuron_and_step: float
    sparsity: float = Field(description="1 - spikes / (neurons x steps)")


class Activity(Strict):
    """What a run did, simulated."""

    backend: str
    versions: Versions
    samples: int
    steps: int
    populations: dict[str, PopulationActivity]
    spikes_per_neuron_and_step: float
    sparsity: float
    synaptic_ops_per_sample: dict[str, float] = Field(description="by projection, exact; empty for float backends")


class Rates(Strict):
    """Histogram of the firing rates of a population's neurons."""

    edges: list[float] = Field(description="spikes per neuron and step, one more than bins")
    neurons: list[int]
    silent: int = Field(description="neurons that never fired")


class Provenance(Strict):
    """What made the numbers."""

    program_hash: str | None
    versions: Versions
    backends: dict[str, Versions]


class ReportContent(Strict):
    """A report of spikewright. Energies in pJ and times in ns; per sample; null where a number does not exist."""

    schema_version: Literal[2]
    title: str
    created: str = Field(description="UTC, ISO 8601")
    command: str = Field(description="what regenerates the report")
    data: str | None
    verdict: list[Sentence]
    accuracy: dict[str, Accuracy] = Field(description="by backend; empty without classes")
    comparison: Comparison | None
    activity: Activity
    rates: dict[str, Rates]
    network: Network | None
    weights: dict[str, Weights]
    cost: Cost | None
    quantisation: Quantisation | None = Field(default=None, description="null unless `diagnose` was asked for")
    provenance: Provenance


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a report."""
    schema = ReportContent.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
