"""Errors list what is wrong, and stay readable however much that is."""

from spikewright.models.errors import TOLD, InputError


def test_all_violations_are_told_up_to_a_length_that_can_be_read() -> None:
    few, many = InputError("Wrong:", ["a", "b"]), InputError("Wrong:", map(str, range(TOLD + 5)))
    assert str(few) == "Wrong:\n  - a\n  - b"
    assert len(many.violations) == TOLD + 5
    assert str(many).endswith(f"  - {TOLD - 1}\n  - and 5 more")
