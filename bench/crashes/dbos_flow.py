"""Five steps on DBOS with SQLite: `python dbos_flow.py begin|again`, in the folder of the run."""

from __future__ import annotations

import sys

from calls import call
from dbos import DBOS, SetWorkflowID

CONFIG = {
    "name": "crashes",
    "system_database_url": "sqlite:///dbos.db",
    "run_admin_server": False,
    "log_level": "CRITICAL",
}


@DBOS.step()
def step(name: str) -> str:
    return call(name)


@DBOS.workflow()
def flow() -> str:
    step("one")
    # step("new")
    step("two")
    step("three")
    step("four")
    return step("five")


DBOS(config=CONFIG)
DBOS.launch()  # recovers what was pending
if sys.argv[1] == "begin":
    with SetWorkflowID("r1"):
        print(flow())
else:
    print(DBOS.retrieve_workflow("r1").get_result())
DBOS.destroy()
