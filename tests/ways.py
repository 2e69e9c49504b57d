"""Every way to quantise, for tests that must hold for all of them."""

from __future__ import annotations

from hypothesis import strategies as st

WAYS = st.fixed_dictionaries(
    {
        "scale": st.sampled_from(["squared_error", "max", "percentile:90"]),
        "rows": st.sampled_from(["fold", "registers"]),
        "rounding": st.sampled_from(["nearest", "compensated"]),
    }
)
