from __future__ import annotations

from bench.bodies import HEAD, table_of


def test_the_table_has_a_row_for_each_body() -> None:
    row = {"body": "int8", "bytes": 58_502_144, "milliseconds": 5.14, "least_cosine": 0.9925}
    row |= {"accuracy frozen": 0.8575, "seconds frozen": 3.48, "accuracy lora-4": 0.835, "seconds lora-4": 64.57}
    lines = table_of([row]).splitlines()
    assert lines[0] == f"| {' | '.join(HEAD)} |"
    assert lines[2] == "| int8 | 58.5 | 5.1 | 0.993 | 0.858 | 3.5 | 0.835 | 64.6 |"
