"""Two bookings that are undone since the third step fails."""

from __future__ import annotations

from smithers import Compensated, Context, Node, NoInput, Saga, Step, workflow


def pay() -> str:
    raise ValueError("card refused")


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    seat, room = Step("seat", lambda: "4A"), Step("room", lambda: "7")
    return Saga(
        Compensated(seat, undo=Step("free seat", lambda: f"freed {ctx[seat]}")),
        Compensated(room, undo=Step("free room", lambda: f"freed {ctx[room]}")),
        Step("pay", pay),
        id="trip",
    )
