"""A NIR graph rewritten in the terms that other frameworks read."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..exporters.program.losses import Loss
from ..models.errors import UnsupportedOp

if TYPE_CHECKING:
    import nir


def restated(graph: nir.NIRGraph, **choices: Any) -> nir.NIRGraph:
    """Return `graph` with `choices` (see `semantics.choose`) in its metadata, where every executor finds them."""
    import nir

    from ..exporters.nir.metadata import own_metadata
    from ..exporters.nir.semantics import METADATA_KEY

    metadata = {**(graph.metadata or {}), METADATA_KEY: own_metadata(graph.metadata) | choices}
    return nir.NIRGraph(dict(graph.nodes), list(graph.edges), metadata=metadata, type_check=False)


def portable_graph(graph: nir.NIRGraph, **overrides: Any) -> tuple[nir.NIRGraph, list[Loss]]:
    """Return `graph` in the part of NIR that snnTorch and nirtorch read, and what that leaves out or changes.

    Parameters
    ----------
    graph : nir.NIRGraph
    **overrides
        Choices that are accepted instead of those of the graph, such as reset="zero" (see `semantics.choose`). Each
        that changes the network is a loss.

    Raises
    ------
    UnsupportedOp
        With every reason why the graph cannot be said in these terms, its dialect's conventions among them.
    ConfigError
        For overrides that are unknown or out of range.
    """
    import nir

    from ..exporters.nir.assemble import Draft
    from ..exporters.nir.portable import make_portable
    from ..exporters.nir.semantics import CONVENTIONS, DEFAULTS, choose

    taken = DEFAULTS | CONVENTIONS
    stated, chosen = choose(graph), choose(graph, **overrides)
    other = [
        f"{name} is {value} ({origin}); readers without our metadata take {taken[name]}"
        for name, (value, origin) in chosen.settings().items()
        if name in taken and value != taken[name]
    ]
    if other:
        raise UnsupportedOp("The graph is not portable:", other)
    draft = Draft(nodes=copy.deepcopy(graph.nodes), edges=list(graph.edges))
    make_portable(draft, chosen.dt_s)
    changed = [
        Loss("neurons", f"{name} was {getattr(stated, name)!r} ({stated.origin[name]}), written as {value!r}")
        for name, value in overrides.items()
        if value is not None and getattr(stated, name) != value
    ]
    return nir.NIRGraph(draft.nodes, draft.edges), changed + draft.losses
