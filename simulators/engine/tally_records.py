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


def rows_of(whole: list[str]) -> list[int]:
    """Rows of operations in the results, where all that belong to the same projection lie one behind the other."""
    number = {name: n for n, name in enumerate(dict.fromkeys(whole))}
    return np.argsort(np.argsort([number[name] for name in whole], kind="stable")).tolist()


def tally_records(
    tallies: Collection[Tally], parts: list[Packed], rows: list[int], populations: int, segments: int, kept: bool
) -> dict[str, Any]:
    """Tables of the tallies of all sources, in their order.

    `rows` says which row of operations belongs to each of `parts`, and `kept` whether the sums of all sources are
    results too. Before the operations lie the updates of so many `populations`, and behind them those of `segments`.
    """
    counters, first_segment = np.zeros(len(tallies), COUNTER), populations + len(parts)
    shares = [(number, counts) for tally in tallies for number, counts in tally.operations.items()]
    terms = [[count for count in counts if count.factor] for _, counts in shares]
    share, term = np.zeros(len(shares), SHARE), np.zeros(sum(map(len, terms)), TERM)
    counters["words"] = [len(tally.words) for tally in tallies]
    counters["row"] = first_segment + segments + firsts(1 + counters["words"])
    counters["tally"] = firsts(sum(word.size for word in tally.words) for tally in tallies)
    counters["shares"] = [len(tally.operations) for tally in tallies]
    counters["share"] = firsts(counters["shares"])
    share["row"] = [populations + rows[number] for number, _ in shares]
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
        "counted": first_segment + (segments + len(words) + len(tallies) if kept else 0),
    }
