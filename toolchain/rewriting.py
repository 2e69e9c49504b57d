"""A NIR graph rewritten in the terms that other frameworks read."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ..exporters.program.losses import Loss
from ..models.errors import UnsupportedOp

if TYPE_CHECKING:
    import nir


def portable_graph(graph: nir.NIRGraph) -> tuple[nir.NIRGraph, list[Loss]]:
    """Return `graph` in the part of NIR that snnTorch and nirtorch read, and what that leaves out.

    Raises
    ------
    UnsupportedOp
        With every reason why the graph cannot be said in these terms, its dialect's conventions among them.
    """
    import nir

    from ..exporters.nir.assemble import Draft
    from ..exporters.nir.portable import make_portable
    from ..exporters.nir.semantics import DEFAULTS, choose

    settings = choose(graph).settings()
    other = [
        f"{name} is {value} ({origin}); readers without our metadata take {DEFAULTS[name]}"
        for name, (value, origin) in settings.items()
        if name in DEFAULTS and value != DEFAULTS[name]
    ]
    if other:
        raise UnsupportedOp("The graph is not portable:", other)
    draft = Draft(nodes=copy.deepcopy(graph.nodes), edges=list(graph.edges))
    make_portable(draft, settings["dt_s"][0])
    return nir.NIRGraph(draft.nodes, draft.edges), draft.losses
