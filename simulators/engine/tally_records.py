"""Records of what is counted of events, as the kernels read them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .record_types import COUNTER, SHARE, TERM
from .records import firsts
from .tallies import Tally


def tally_records(tallies: Collection[Tally], parts: list[Packed], kept: bool) -> dict[str, Any]:
    """Tables of the tallies of all sources, in their order; `kept` says whether their sums are results."""
    counters = np.zeros(len(tallies), COUNTER)
    shares = [(number, counts) for tally in tallies for number, counts in tally.operations.items()]
    terms = [[count for count in counts if count.factor] for _, counts in shares]
    share, term = np.zeros(len(shares), SHARE), np.zeros(sum(map(len, terms)), TERM)
    counters["words"] = [len(tally.words) for tally in tallies]
    counters["word"] = firsts(counters["words"])
    counters["tally"] = firsts(sum(word.size for word in tally.words) for tally in tallies)
    counters["shares"] = [len(tally.operations) for tally in tallies]
    counters["share"] = firsts(counters["shares"])
    share["projection"] = [number for number, _ in shares]
    share["delay"] = [parts[number].delay for number, _ in shares]
    share["base"] = [sum(count.base for count in counts) for _, counts in shares]
    share["terms"] = [len(own) for own in terms]
    share["term"] = firsts(share["terms"])
    flat = [count for own in terms for count in own]
    term["factor"] = [count.factor for count in flat]
    for name in ("word", "shift", "mask"):
        term[name] = [getattr(count.field, name) for count in flat]
    words: list[NDArray[np.int64]] = [word for tally in tallies for word in tally.words]
    return {
        "tally": np.concatenate([np.zeros(0, np.int64), *words]),
        "counters": counters,
        "shares": share,
        "terms": term,
        "kept": len(words) if kept else 0,
    }
