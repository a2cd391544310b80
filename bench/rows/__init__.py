"""What is measured, and the limit of each: the rows of the table."""

from __future__ import annotations

from bench.rows.growth import flows, grown, growths
from bench.rows.loads import agents, audits, evals, large_outputs, pools, streams
from bench.rows.row import FULL, PEERS, QUICK, Row, Scale
from bench.rows.shapes import fan_outs, sequences
from bench.rows.standing import followed, requests, served, starts, travelling, waiting

__all__ = ["FULL", "PEERS", "QUICK", "Row", "Scale", "rows"]


def rows(scale: Scale = FULL) -> list[Row]:
    """All rows, in the order of the table."""
    return [
        *sequences(scale),
        *fan_outs(scale),
        *growths(scale),
        *flows(scale),
        *grown(scale),
        *agents(scale),
        *audits(scale),
        *evals(scale),
        *streams(scale),
        *large_outputs(scale),
        *pools(scale),
        *starts(scale),
        *requests(scale),
        *travelling(scale),
        *waiting(scale),
        *served(scale),
        *followed(scale),
    ]
