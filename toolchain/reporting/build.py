"""`report`: a run, its cost and its comparison as JSON and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...exporters.program.trace import Trace
from ...models.errors import BackendUnavailable
from ...models.files import atomic_file
from ...simulators.pricing import Cost
from ..comparison.chain import Comparison
from ..exporting import to_json
from .content import build_content

if TYPE_CHECKING:
    from ..quantisation.diagnosis import Diagnosis


class Report:
    """What is known about a run of a network; made by `report`.

    Attributes
    ----------
    content : dict
        What `to_json` writes and the page shows; its schema is `docs/report.schema.json`.
    """

    def __init__(self, content: dict[str, Any], trace: Trace) -> None:
        self.content = content
        self._trace = trace

    def to_json(self) -> str:
        """Return the report as JSON, in which numbers that do not exist are null."""
        return to_json(self.content)

    def to_html(self) -> str:
        """Return the report as one self-contained page: no script, no network, no font of its own.

        Raises
        ------
        BackendUnavailable
            If matplotlib or Jinja2 is not installed.
        """
        try:
            from .figures import draw_figures
            from .page import render_page
        except ModuleNotFoundError as error:
            raise BackendUnavailable(
                f"The page needs {error.name}, which is not installed; pip install 'spikewright[report]'. "
                "The JSON of the report needs nothing more."
            ) from error
        return render_page(self.content, draw_figures(self.content, self._trace))

    def save(self, path: str | Path) -> None:
        """Write the page, whole or not at all.

        Raises
        ------
        BackendUnavailable
            As in `to_html`.
        InputError
            If the folder does not exist or cannot be written to.
        """
        page = self.to_html()
        with atomic_file(path) as temporary:
            temporary.write_text(page, encoding="utf-8")


def report(
    trace: Trace,
    cost: Cost | None = None,
    result: Comparison | None = None,
    diagnosis: Diagnosis | None = None,
    *,
    command: str | None = None,
    title: str = "A spiking network",
    data: str | None = None,
    labels: NDArray[Any] | None = None,
) -> Report:
    """Put together what a run did, what it costs and where backends part.

    Parameters
    ----------
    trace : Trace
        The run. With ``record=("spikes",)`` the page has a raster.
    cost : Cost, optional
        Of `price`, for the same program; without it the report has neither energy, time nor cores.
    result : Comparison, optional
        Of `compare`, for the same program; without it the report has no chain of references.
    diagnosis : Diagnosis, optional
        Of `diagnose`, for the same program; without it the report has no table of layers and findings.
    command : str, optional
        What regenerates the page; the call of this function if not given.
    title : str
        What the network is called.
    data : str, optional
        Name of the data that was run.
    labels : (B,) integer array, optional
        Classes of the samples, for accuracies.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        If trace, cost, comparison and diagnosis are of different programs, or `labels` does not fit the samples.
    """
    if command is None:
        named = "result" if cost is not None else "result=result"
        given = ["trace", *(["cost"] if cost is not None else []), *([named] if result is not None else [])]
        command = f'sw.report({", ".join(given)}).save("report.html")'
    content = build_content(trace, cost, result, diagnosis, command=command, title=title, data=data, labels=labels)
    return Report(content, trace)
