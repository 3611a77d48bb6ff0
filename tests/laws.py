"""How many examples a law is tried on: a few at each run, and as many more as LAWS says (`make test-laws`)."""

import os

from hypothesis import HealthCheck, Phase, settings

TIMES = int(os.environ.get("LAWS", "1"))


def examples(few: int) -> settings:
    """Settings for `few` examples, times LAWS: always the same ones, so that a red run can be repeated."""
    return settings(max_examples=few * TIMES, derandomize=True, deadline=None, database=None)


def examples_on_real_parts(few: int, *, steps: int = 50) -> settings:
    """Settings for what is played on a database: shrinking what failed takes minutes there, to find it anew seconds."""
    return settings(
        examples(few), stateful_step_count=steps, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
    )
