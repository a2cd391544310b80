"""A fan-out over data that arrives late: list the files, measure each, add it up."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from smithers import Context, ForEach, Node, Sequence, Step, workflow


class Folder(BaseModel):
    folder: str = str(Path(__file__).parent)
    suffix: str = ".py"


class Size(BaseModel):
    file: str
    lines: int


@workflow(input=Folder)
def audit(ctx: Context[Folder]) -> Node[str]:
    def find() -> list[str]:
        return sorted(str(one) for one in Path(ctx.input.folder).glob(f"*{ctx.input.suffix}"))

    def measure(file: str) -> Node[Size]:
        def run() -> Size:
            return Size(file=file, lines=len(Path(file).read_text().splitlines()))

        return Step(f"measure {file}", run)

    files = Step("find", find)
    sizes = ForEach(lambda: ctx[files], key=lambda file: file, each=measure, limit=4, id="sizes")

    def add_up() -> str:
        return f"{sum(size.lines for size in ctx[sizes])} lines in {len(ctx[files])} files"

    total = Step("total", add_up)
    return Sequence(files, sizes, total, result=total)
