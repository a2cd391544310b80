"""Hints that are no command to try: what kind of advice each is, and where it is tried if it is."""

from __future__ import annotations

from typing import Literal

__all__ = ["TESTED", "WORDS"]

Kind = Literal[
    "set up",  # install, sign in or update something outside Smithers
    "machine",  # a disk, a folder or its permissions
    "process",  # wait for another process, or end it
    "restore",  # bring back a file of the database
    "author",  # change the workflow, in more ways than a file of this folder shows
    "choose",  # give another value than the one that was refused
    "call",  # what a model calls next, over MCP
    "person",  # somebody else has to act
    "defect",  # nothing helps but a new version
]

WORDS: dict[str, Kind] = {
    "create it with `mkdir -p …`": "machine",
    "chmod u+x …, or change cwd=": "machine",
    "chmod +x …, or name its interpreter before it": "machine",
    "begin the script with a line such as #!/bin/sh, or name its interpreter before it": "author",
    "have it write less, or to a file": "author",
    "the output of its processes is in …": "process",
    "restore the database from a copy: no version of Smithers writes such a row": "restore",
    # -- eval
    'a case is a line such as {"input": {"topic": "whales"}, "expected": "a whale"}': "choose",
    "write 1 to 180 printable characters, without a segment '..'": "choose",
    "write another id": "choose",
    "write def …(output, expected): ...": "choose",
    "write def …(output, expected): ... in it": "choose",
    "it is called with one to three arguments: …": "choose",
    "give it back its name; another workflow is another run": "author",
    # -- check
    "… gave null: write output=, or annotate what its function returns": "author",
    "a field is an attribute: write ctx[task].field": "author",
    'give one: --input \'{"name": "value"}\'': "choose",
    "importing the file and building the tree should take little": "author",
    "await it: value = await run.node(...)": "author",
    "test an output, for example lambda: ctx[review].approved": "author",
    "use Sequence(then=...) or ForEach, which build each node once": "author",
    "install one: … -m pip install mypy": "set up",
    (
        "correct the type; with --types, errors of the type checker count as errors of the check"
    ): "author",
    "name a Python file with a workflow": "choose",
    "leave the others out": "choose",
    "leave it out: a run has its own": "choose",
    # -- trust
    "only a person may do this: type the command in a terminal that no run has started": "person",
    "type the command in a terminal that no run has started": "person",
    "if no run has started it: unset SMITHERS_RUN SMITHERS_ATTEMPT": "set up",
    "set HOME or XDG_STATE_HOME to a folder of this user": "set up",
    "tell the person: …": "person",
    "tell the person to look at it, and to type in their own terminal: …": "person",
    "node_exporter reads only such files: name it, for example, smithers.prom": "choose",
    "name a file in the folder of node_exporter's --collector.textfile.directory": "choose",
    "choose a folder with free space that this user may write to": "machine",
    # -- hooks
    "correct the pointer": "choose",
    "send JSON": "choose",
    "send it again later": "person",
    'write signature = "github", "slack", or { header = "X-Signature" }': "choose",
    (
        'write run = "/POINTER" to a run\'s id, or workflow = "NAME" for its unfinished runs'
    ): "choose",
    # -- settings
    "use one of: …": "choose",
    "use 1 to 200 printable characters": "choose",
    "pass plain JSON data": "choose",
    "write the data into a file, and send the path of the file": "choose",
    "send it to …, as which the run has continued": "choose",
    "name …, as which the run has continued": "choose",
    "send one that fits, with another id": "choose",
    'write … = "…:MODEL"': "choose",
    "add it": "choose",
    "frames are numbered from 0, for example r1@3, and r1@last is the last one": "choose",
    "… Otherwise …": "choose",
    "correct its arguments": "choose",
    "write only …": "choose",
    "write a whole number with its unit, such as 30d, 12h, 15m or 90s": "choose",
    'write settings as `name = "value"`': "choose",
    "write … = 2, or limit = 2 or machine = 2 in its table": "choose",
    "shorten it": "choose",
    "pass a task or a container": "author",
    "catch CallFailed where the flow awaits it, then resume: what was skipped stays so": "author",
    "await that call first, or both in one run.gather": "author",
    "for example --set 'plan=\"done\"'": "choose",
    "give each task one output": "choose",
    "a text needs quotes, for example --set 'plan=\"done\"'": "choose",
    "its tasks are: …": "choose",
    "name a task inside it": "choose",
    "name it as ……": "choose",
    "its iterations are 0 to …": "choose",
    "give it one output, or have it run again": "choose",
    "to have it asked again, use --rerun …": "choose",
    "work in another folder, or move the file away": "machine",
    "check its contents, then type: chmod …-w …": "machine",
    "name a settings file that this user can read": "machine",
    "let this user read and write …, on a disk with space": "machine",
    "save it as UTF-8": "choose",
    'write … = "ADAPTER:MODEL", or adapter = "ADAPTER" in its table': "choose",
    "set it to a value as in: …": "choose",
    "make tasks in the function of a workflow, or pass an agent object": "author",
    # -- agents and their programs
    "install it with `…`": "set up",
    "install one of them and sign in; workflows of Steps only, and recordings, need none": "set up",
    "sign in to one of them": "set up",
    "set GEMINI_API_KEY, or name another variable: Antigravity(api_key_env=…)": "set up",
    "set GEMINI_API_KEY, or name another variable: Gemini(api_key_env=…)": "set up",
    "run `claude` and sign in, or set ANTHROPIC_API_KEY": "set up",
    "run `codex login`, or name the variable that contains a key: Codex(api_key_env=…)": "set up",
    "SIGN_IN": "set up",
    "a newer Pi may support it: `…`": "set up",
    "see antigravity.google, and `agy --version`": "set up",
    "update it: …": "set up",
    "write the name without its $, or update Codex: …": "author",
    'use mode="app-server", or write the name without its $': "author",
    "remove it, or pass Gemini(trust_project=True) if you trust the folder": "set up",
    "use Antigravity, or write AntigravityCLI(experimental=True)": "author",
    'start the prompt with another word, or use mode="all"': "author",
    "put the long text into a file in the working folder and name the file in the prompt": "author",
    "set a larger max_requests, or give it a smaller task": "author",
    "put … on PATH, or give its full path": "set up",
    "give the function a name of at most … letters, digits and _": "author",
    "describe in it what the function does: the model sees only that": "author",
    "rename one of the functions: the model tells them apart by name": "author",
    "give each argument a type, and make it one that can be passed by name": "author",
    "record it: run the same command with SMITHERS_RECORD=FOLDER instead of"
    " SMITHERS_REPLAY, or with record= instead of replay=": "set up",
    "set record=DIR on an agent to record its sessions": "set up",
    # -- this installation
    "pip install --upgrade smithers-orchestrator": "set up",
    "upgrade with `pip install --upgrade smithers-orchestrator`": "set up",
    "run `…`": "set up",
    "install … again": "set up",
    "run `…` after that": "set up",
    "…, or remove … from the path (PYTHONPATH, or the current folder)": "set up",
    "a program that needs both needs its own environment": "set up",
    "start runs with the smithers command, not with `python -m`, or rename …": "set up",
    "use a Python with SQLite 3.51.3, 3.50.7 or 3.44.6, which do not have it; let no other"
    " program checkpoint the database while runs are active": "set up",
    "this is a bug in Smithers; set SMITHERS_DEBUG=1 to see the traceback": "defect",
    "this is a bug in Smithers; nothing of it was stored": "defect",
    "this is a bug in Smithers; nothing of the frame was stored": "defect",
    "this is a bug in Smithers": "defect",
    # -- the database
    "choose another with --db PATH": "choose",
    "choose another file": "choose",
    "choose another": "choose",
    "choose another id": "choose",
    "name a file in it": "choose",
    "put the database on a local disk: --db PATH, or the variable SMITHERS_DB": "choose",
    "check the path of the database": "choose",
    "values are limited to 1 GB": "choose",
    "replace the character with U+FFFD first": "choose",
    "check the permissions of the file": "machine",
    "make the file and its folder writable, or choose another database": "machine",
    "make … writable, or choose another database": "machine",
    "check the disk, then try again": "machine",
    "free some space on its disk, then resume the run; what was committed is safe": "machine",
    "make it usable by this user, then resume the run": "machine",
    "free some space, then resume the run; what was committed is safe": "machine",
    "check the disk, then resume the run; what was committed is safe": "machine",
    "mount the file system writable, then resume the run": "machine",
    "raise the limit on open files (ulimit -n) or end other processes, then resume the run": (
        "machine"
    ),
    "free some memory, then resume the run": "machine",
    "end other processes or raise their limit (ulimit -u), then resume the run": "machine",
    "check that the file and its folder exist and that this user may write to them": "machine",
    "run the command as the user who runs the workflows": "person",
    "run the command again": "process",
    "try again": "process",
    "wait until that process has finished writing, or end it, then try again": "process",
    "wait until it has finished, or end it: kill …": "process",
    "wait until that process ends, or end it": "process",
    "keep a copy of the file and of its -wal, and restore the last good backup": "restore",
    "restore the former file with its -wal and resume the run, or start the run again……": (
        "restore"
    ),
    # -- whose database it is
    "name a database, or the folder of a project": "choose",
    "use a database in your own folder: --db PATH": "choose",
    "remove that permission: chmod …-w …": "machine",
    "chmod …-w …": "machine",
    "check its contents, then type: chmod go-w …": "machine",
    "set the variable XDG_STATE_HOME to a folder outside it, or unset it": "machine",
    "set the variable XDG_STATE_HOME to your own folder": "machine",
    "it …; make it readable": "machine",
    "it …; make its folder writable, or set the variable XDG_STATE_HOME to another folder": (
        "machine"
    ),
    "it …; move it away: mv … ….old": "machine",
    # -- the server
    "use 1 to … printable characters, such as ann": "choose",
    "use 0 to …": "choose",
    "add --serve, or leave it out": "choose",
    "leave out --host and put a proxy with TLS before it (see docs/http.md), or add --insecure if"
    " everybody on the network may read and use your tokens": "set up",
    "install it with `pip install 'smithers-orchestrator[serve]'`": "set up",
    "close some of the pages or programs that follow runs": "process",
    "connect again with the id of the last event that was received": "call",
    "name a file, as in ship_it.py or ship_it.py:NAME": "call",
    "a relative file is looked for in cwd, else in the first folder of the server": "call",
    "see /openapi.json for what there is": "call",
    "send Content-Type: application/json": "call",
    "wait a second": "call",
    "see /api/v1/runs/…/tasks": "call",
    "use a new key for a new request": "call",
    "choose another port with --port N; 0 picks a free one": "choose",
    "look at it, and type `…` in a terminal": "person",
    # -- processes and people
    "end it with `kill -KILL …`, then try again": "process",
    "end them by hand, then try again": "process",
    "it wakes the runs that are due; you need not do anything": "process",
    "check what its file does when it is imported": "author",
    "find the processes with SMITHERS_RUN=… in their environment and end them": "process",
    "only one person can be attached at a time: leave the session there first": "person",
    "attach on that host: the agents' sessions are there": "person",
    "restore the workflow file and the environment that the run was started with, then"
    " attach again": "person",
    "try again in a moment": "process",
    "no agent of the run is running": "process",
    "rename it": "machine",
    "change to another folder with cd": "machine",
    "check what it is redirected to": "machine",
    "name a new folder": "choose",
    # -- new
    "give a smaller number": "choose",
    "say what the workflow is to do": "choose",
    "name one with letters, digits and _, for example -o review.py": "choose",
    "name a new file with -o FILE": "choose",
    "look at the files in …": "defect",
    "put the text into a file in the working folder and name the file in the message": "choose",
    "use a new request_id for each start": "choose",
    # -- workflows that change while they run
    "add that agent to …": "author",
    "use the same cwd= for both": "author",
    "make …= depend only on the input and on outputs": "author",
    "return it from then= without id=, result=, on_failure= and budget=: then its parts are added"
    " to the sequence around it": "author",
    "write then=lambda: ..., which returns a node, or None at the end": "author",
    "move slow code into a Step; importing the file should do no work": "author",
    # -- settings of MCP clients
    "choose one of: …": "choose",
    "use only letters, digits, - and _": "choose",
    "leave out --env": "choose",
    "leave out --live": "choose",
    "give only the name: a value would be written to the settings file": "choose",
    "correct it there": "person",
    "correct it there first": "person",
    "choose another name with --name": "choose",
    "edit it by hand; --dry-run with another --name shows what an entry has": "person",
    "type it again": "process",
    # -- what a model is told
    "call get_run to see what it waits for now": "call",
    "call list_runs for the runs there are": "call",
    "call list_runs": "call",
    "correct the workflow file, then start it again": "call",
    "leave out cwd, or correct it": "call",
    "…; list_workflows gives what can be started by name": "call",
    "name the file, as in FILE.py:NAME": "call",
    "call wait_run with this run_id; the run continues whether or not anyone waits": "call",
    "call resume_run with this run_id; nothing of it runs before that": "call",
    "call wait_run; a process was started that continues the run": "call",
    # -- forks of agents
    "fork the run above it instead": "choose",
    "set the output of a task that has finished, or leave it out": "choose",
    "use a new request_id for each fork": "choose",
    "…the tools are: …": "call",
    "…it takes: …": "call",
    "call it again with that corrected": "call",
    "call list_workflows without it": "call",
    "tell the person, and call … again if they want to answer": "call",
    "give the `rest` of an answer of this tool as after, or leave it out": "call",
    "give the `rest` of an answer of list_runs as after": "call",
    "give the cursor of the page before, or leave it out": "call",
    "give a cursor that get_events or wait_run gave for this run, or leave out after": "call",
    "CURSOR": "call",
    "tell the person to type in their own terminal: …": "person",
    "use a path below them; a person may allow more with --root DIR in its command": "person",
}

_CORRECTED = "checks/test_broken.py::test_a_broken_workflow_that_is_corrected_passes"
_EFFECT = (
    "rules/test_effects.py::test_a_failed_step_with_an_effect_runs_again_when_the_run_is_resumed"
)
_EDIT = "durability/test_hot.py::test_killed_while_an_edit_waits_it_is_not_taken_before_the_answer"
_TOKENS = "access/test_tokens.py::test_the_command_line_adds_lists_and_revokes"
_BELOW = "web/test_below_a_run.py::test_a_token_needs_a_process_that_is_found_or_another_machine"
_UI = "web/test_sessions.py::test_a_person_at_a_terminal_gets_a_session_and_nobody_else"
_MISTAKE = "mistakes/test_mistakes.py::test_a_mistake_has_its_place_and_its_fix"
_CAPS = "cli/test_caps.py::test_a_run_waits_at_what_it_may_use_and_a_resume_keeps_that"
TESTED: dict[str, str] = {
    "`smithers budget RUN --add-usd 5` raises a budget": _CAPS,
    "call a function or Subflow(id, workflow); `smithers up FILE` starts a workflow": _MISTAKE,
    (
        "`smithers why …` shows it; type `smithers approve … 'the run'`,"
        " or `smithers deny … 'the run'`, or restore …"
    ): _EDIT,
    "restore …; or to take it, type `smithers up … --run-id … --resume`": _EDIT,
    "if the run is resumed, … runs again, with its effect": _EFFECT,
    "move it to ~/.config/smithers/config.toml": (
        "cli/test_deciding.py::test_a_project_says_nothing_about_who_anybody_is"
    ),
    "`smithers token list` shows the tokens": _TOKENS,
    "call from a program of the user who serves": _BELOW,
    "make one for this device: `smithers token add NAME --scope approve`": _BELOW,
    "use a token: `smithers token add NAME --scope approve`": (
        "web/test_sessions.py::test_a_page_of_another_site_changes_nothing"
    ),
    "type `smithers ui` again": "web/test_sessions.py::test_a_code_counts_once_and_for_a_minute",
    "type `smithers ui` in a terminal": _UI,
    "start one in another terminal: `smithers serve`": _UI,
    "start it with `smithers serve --name NAME`": _UI,
    "open the address yourself: `smithers ui --print`": _UI,
    "`smithers token list` shows them; revoke those that nobody uses": _TOKENS,
    "make another one: `smithers token add NAME --scope …`": (
        "web/test_answering.py::test_a_token_without_the_scope_may_read_and_nothing_else"
    ),
    "send it as Authorization: Bearer TOKEN; revoke this one with `smithers token revoke NAME`": (
        "web/test_guarding.py::test_a_token_in_an_address_is_refused_and_not_repeated"
    ),
    "use http://127.0.0.1:PORT, or start the server with `smithers serve --name NAME`": (
        "web/test_guarding.py::test_a_name_that_is_not_the_servers_is_refused"
    ),
    "send Authorization: Bearer TOKEN; `smithers token add NAME --scope read` makes one": (
        "web/test_guarding.py::test_everything_but_health_needs_a_token"
    ),
    (
        "type `smithers doctor` to see how to install one and sign in, or name one of the settings"
        " with --agent NAME"
    ): "authoring/test_new.py::test_without_an_agent_the_hint_leads_to_how_one_is_installed",
    "to take it, type `smithers resume …`": (
        "durability/test_hot.py"
        "::test_without_a_person_a_resume_leaves_an_edit_that_takes_a_gate_away"
    ),
    "restore it from git, or remove it: then no file that differs is changed": (
        "cli/test_init.py::test_a_damaged_record_is_named"
    ),
    "use run in the code of its flow alone, not in the function of a step, in another flow or in a"
    " thread; pass them values": (
        "rules/test_flows_in_python.py::test_a_step_cannot_use_the_run_of_its_flow"
    ),
    "close it where it is used: async with contextlib.aclosing(items()) as values": (
        "rules/test_flows_in_python.py"
        "::test_a_generator_that_is_left_to_python_may_not_await_in_its_cleanup"
    ),
    "let a flow that calls itself end, or use a loop": (
        "rules/test_flows_in_python.py::test_a_flow_that_calls_itself_without_an_end_is_an_error"
    ),
    "use one that only this request has": (
        "embedding/test_running.py::test_what_is_wrong_is_named_with_the_fix"
    ),
    "pass workflow=, or an observer to resume the run from its file": (
        "embedding/test_running.py::test_what_is_wrong_is_named_with_the_fix"
    ),
    "put @workflow above its def; a file is started with Hub.start or Hub.launch": (
        "embedding/test_running.py::test_what_is_wrong_is_named_with_the_fix"
    ),
    "change output= so that it takes what it gave; or run the call again with --rerun-changed": (
        "rules/test_resumed_flows.py::test_an_output_that_no_longer_fits_is_an_error_with_its_line"
    ),
    "RETURNS_TREE": "mistakes/test_mistakes.py::test_a_mistake_has_its_place_and_its_fix",
    "pass the workflow … as workflow=, or start a new run of …": (
        "embedding/test_running.py::test_what_is_wrong_is_named_with_the_fix"
    ),
    "pass …(...)": "embedding/test_running.py::test_what_is_wrong_is_named_with_the_fix",
    "open it with async with Hub(...) as hub, or wait for the run with Hub.run": (
        "embedding/test_running.py::test_what_is_wrong_is_named_with_the_fix"
    ),
    "read it as plain data: leave out workflow=": (
        "embedding/test_running.py::test_an_output_is_read_as_the_workflow_of_the_run_declares_it"
    ),
    "use another request_id for another input": (
        "embedding/test_running.py::test_a_request_starts_one_run_however_often_it_is_made"
    ),
    "choose another run_id, or give a request_id to join the run": (
        "embedding/test_running.py::test_a_wait_is_bounded_and_then_tells_how_the_run_is"
    ),
    "use the open one, or make another Hub": (
        "embedding/test_ends.py::test_closing_the_hub_ends_what_runs_and_leaves_the_run_to_be_resumed"
    ),
    "drive runs before the async with block of the hub ends, or make another Hub": (
        "embedding/test_ends.py::test_closing_the_hub_ends_what_runs_and_leaves_the_run_to_be_resumed"
    ),
    "to print a file, add --source": "cli/test_sources.py::test_what_there_is_not_is_refused",
    "its files are: …": "cli/test_sources.py::test_what_there_is_not_is_refused",
    "copy it from a receipt: the number of a frame, a colon and 64 digits": (
        "cli/test_verifying.py::test_bad_input_is_refused"
    ),
    "to see what its workflow does now, type `smithers replay …`": (
        "replaying/test_commands.py::test_a_run_that_its_workflow_does_not_repeat_is_not_frozen"
    ),
    "freeze the run again with `smithers freeze RUN -o FILE --force`": (
        "replaying/test_commands.py::test_a_recording_that_is_damaged_is_told_with_its_line"
    ),
    "restore it, or write its path, relative to …, into the first line": (
        "replaying/test_commands.py::test_a_test_whose_workflow_was_moved_says_so"
    ),
    "give it back its …, and what finished there is reused; or give the Branch another id, and its"
    " test is evaluated again": "rules/test_changed_work.py"
    "::test_a_branch_whose_arm_is_gone_is_explained",
    "its frames are 0 to …; `smithers timeline …` shows them": (
        "cli/test_travelling.py::test_a_frame_that_is_not_there_exits_2_and_names_those_that_are"
    ),
    "what you typed is in …": "cli/test_answering.py"
    "::test_an_empty_or_unchanged_file_records_nothing",
    "run the command again to answer": "cli/test_answering.py"
    "::test_an_empty_or_unchanged_file_records_nothing",
    "correct it": "cli/test_answering.py"
    "::test_an_editor_opens_again_on_what_is_no_answer_with_the_error_on_top",
    "write a text": "cli/test_answering.py"
    "::test_what_is_no_answer_exits_2_with_the_fix_and_records_nothing",
    "set EDITOR to the command of an editor": "cli/test_answering.py"
    "::test_an_editor_that_fails_records_nothing",
    "resume this run to start another child run": (
        "rules/test_subflows.py::test_a_child_that_a_person_cancels_fails_its_node_and_another_starts"
    ),
    (
        "only a person may do this: type the command in a terminal that no run has started, or …"
        " of workflow … in … and resume run …"
    ): "durability/test_allowed_runs.py::test_what_a_refused_start_says_helps",
    "the budget is that of a run above: `smithers cost …` shows it": (
        "durability/test_allowed_runs.py::test_a_run_below_that_waits_for_a_budget_names_the_run_above"
    ),
    "resume that run to continue it": (
        "rules/test_subflows.py::test_a_group_that_fails_stops_its_child_which_is_resumed_later"
    ),
    "give the node another id": (
        "rules/test_subflows.py::test_a_run_that_has_the_id_of_a_child_already_fails_its_node"
    ),
    (
        "give the subflow another id: then that run is ended, and another one starts; or give the"
        " workflow its name of before, with @workflow(name=...)"
    ): (
        "rules/test_left_children.py"
        "::test_another_workflow_under_the_node_of_a_waiting_child_is_refused"
    ),
    (
        "a workflow that starts itself has to stop at some level: let its input say at which one"
        " it is"
    ): "rules/test_nested_children.py::test_a_workflow_may_start_itself_as_deep_as_that",
    # Hints that other tests follow, since they need a disk, a terminal or a second process.
    'if it is the same …, set id="…" on it; if not, set that id on the … that was there'
    " before, and another id on this one": (
        "rules/test_choices_are_state.py::test_writing_the_id_that_was_named_works"
    ),
    "continue it with `kill -CONT …`, or end it with `kill -KILL …`": (
        "durability/test_stopped_holder.py::"
        "test_a_writer_names_the_stopped_process_that_holds_the_lock"
    ),
    "wait until that process ends, or end it with `kill …`; its runs can be resumed": (
        "databases/test_databases.py::"
        "test_a_file_is_not_upgraded_under_a_living_owner_of_an_older_version"
    ),
    "if it was moved, move it back to … with its -wal, and resume the run; if it was deleted,"
    " restore a backup or start the run again": (
        "durability/test_database_gone.py::"
        "test_an_owner_whose_folder_was_moved_away_can_be_resumed_once_it_is_back"
    ),
    "check …, then type: smithers trust …": (
        "mcp_server/test_trust.py::test_a_run_of_a_database_that_came_with_a_clone_is_not_resumed"
    ),
    "use one in this folder: --db …/…": (
        "cli/test_hostile_folders.py::"
        "test_a_database_above_the_folder_that_another_user_could_write_is_not_used"
    ),
    "check the file, then type: smithers trust …": (
        "settings/test_named_agents.py::test_a_changed_file_must_be_trusted_anew"
    ),
    "check where the link came from; if it is yours, type: smithers trust": (
        "cli/test_hostile_folders.py::"
        "test_a_link_out_of_the_folder_is_not_followed_unless_the_user_says_so"
    ),
    "check where it came from, and move it away: mv … …": (
        "cli/test_hostile_folders.py::test_streams_are_not_written_below_a_folder_that_is_a_link"
    ),
    "if it is yours: cd … && smithers up FILE.py --resume --run-id … --db …": (
        "cli/test_hostile_folders.py::"
        "test_a_folder_that_a_row_names_is_allowed_by_the_command_that_is_told"
    ),
    "if you trust that user, type: smithers trust": (
        "cli/test_hostile_folders.py::test_root_uses_the_database_of_another_user_after_trust_alone"
    ),
    "git -C … rm -r --cached …": (
        "cli/test_doctor.py::"
        "test_a_database_that_git_tracks_is_reported_with_the_command_that_ends_it"
    ),
    "leave out --no-resume to start one": (
        "cli/test_attach.py::test_a_run_that_nobody_drives_gets_an_owner_that_holds_the_task"
    ),
    # What a check says of a workflow.
    (
        "write run.now(), run.random() or await run.step(id, function): they give the same again"
    ): _CORRECTED,
    (
        "do it in a Step, and read its output: it is kept, so that a resumed run has the same"
    ): _CORRECTED,
    "put it in the tree that the workflow returns": _CORRECTED,
    "put the code in a module beside this file, and import it": _CORRECTED,
    "read its output with ctx[…] in a callable:": _CORRECTED,
    (
        "move slow code into a Step: importing the file and building the tree should do no work"
    ): _CORRECTED,
    (
        "change the order, or read a task that settles earlier; "
        "ctx.previous(task) waits for nothing"
    ): _CORRECTED,
    "move what both files need into a third one, which imports neither": _CORRECTED,
}
