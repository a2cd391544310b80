"""Calls at a wrong place: clocks and randomness where code is called again, and calls that block
the loop in which everything else runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from smithers.checks._findings import Finding, Level
from smithers.checks._lint_nodes import roles_of
from smithers.checks._syntax import SourceTree, own_parts, words

__all__ = ["find_blocking", "find_impure"]

_CLOCKS = words(
    "time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.localtime"
    " time.gmtime time.strftime time.ctime datetime.datetime.now datetime.datetime.utcnow"
    " datetime.datetime.today datetime.date.today"
)
_RANDOM = ("random.", "secrets.", "uuid.uuid1", "uuid.uuid4", "os.urandom", "numpy.random.")
_SEEDED = ("random.Random", "random.seed", "numpy.random.default_rng", "secrets.compare_digest")
_BLOCKING = words(
    "time.sleep subprocess.run subprocess.call subprocess.check_call subprocess.check_output"
    " subprocess.getoutput os.system os.popen urllib.request.urlopen urllib.request.urlretrieve"
    " socket.create_connection requests.get requests.post requests.put requests.patch"
    " requests.delete requests.head requests.request httpx.get httpx.post httpx.put httpx.request"
    " shutil.copytree shutil.rmtree shutil.make_archive"
)
_READS = ("read_text", "read_bytes")
_IN_CALLABLE = (
    "do it in a Step, and read its output: it is kept, so that a resumed run has the same"
)
_IN_FLOW = "write run.now(), run.random() or await run.step(id, function): they give the same again"
_AWAITED = {
    "time.sleep": "write await asyncio.sleep(...)",
    "subprocess.run": "take an Attempt and write await attempt.arun(...)",
}


def find_impure(tree: SourceTree) -> Iterator[Finding]:
    """Clocks and randomness in workflow functions, flows, and callables of nodes."""
    regions: dict[ast.AST, tuple[str, str]] = {}
    for one in tree.workflows():
        is_flow = isinstance(one, ast.AsyncFunctionDef)
        what = f"{'the flow' if is_flow else 'the workflow function'} {one.name}"
        regions[one] = (what, _IN_FLOW if is_flow else _IN_CALLABLE)
    for kind, role, value in roles_of(tree):
        function = None if role == "run" and kind != "Flow" else tree.function(value)
        if function is not None:
            hint = _IN_FLOW if kind == "Flow" else _IN_CALLABLE
            regions.setdefault(function, (f"the {role} of this {kind}", hint))
    for region, (what, hint) in regions.items():
        for node in own_parts(region):
            name = tree.called(node)
            if name and _is_impure(name):
                said = f"{what} calls {name}, which gives something else each time it is called"
                place = tree.place(node)  # type: ignore[arg-type]
                yield Finding(rule="impure", said=said, place=place, hint=hint)


def _is_impure(name: str) -> bool:
    return name in _CLOCKS or (name.startswith(_RANDOM) and name not in _SEEDED)


def find_blocking(tree: SourceTree) -> Iterator[Finding]:
    """Calls in async functions for whose time all other work of the run stands still."""
    for several in tree.functions.values():
        for one in several:
            if not isinstance(one, ast.AsyncFunctionDef):
                continue
            for node in own_parts(one):
                name, level = _blocking(tree, node)
                if not name:
                    continue
                said = f"{name} blocks in async {one.name}: all other work of the run waits"
                hint = _AWAITED.get(name, "await an async client of it")
                hint += ", or make it a plain def: that runs in a thread"
                place = tree.place(node)  # type: ignore[arg-type]
                yield Finding(rule="blocking", said=said, place=place, hint=hint, level=level)


def _blocking(tree: SourceTree, node: ast.AST) -> tuple[str, Level]:
    if not isinstance(node, ast.Call):
        return "", "error"
    name = tree.called(node)
    if name in _BLOCKING:
        return name, "error"
    if isinstance(node.func, ast.Name) and node.func.id in ("open", "input"):
        return node.func.id, "error" if node.func.id == "input" else "warning"
    if isinstance(node.func, ast.Attribute) and node.func.attr in _READS:
        return node.func.attr, "warning"
    return "", "error"
