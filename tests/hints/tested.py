"""Hints that tests of other folders follow, by the test."""

from __future__ import annotations

__all__ = ["TESTED"]

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
    "call from a program of the user who serves, or use a page of `smithers ui`": _BELOW,
    "make one for this device: `smithers token add NAME --scope approve`": _BELOW,
    "if it is your proxy, name its user with `smithers serve --proxy USER`; if not, end the session"
    " with `smithers token revoke NAME`": (
        "web/test_other_users.py::test_a_cookie_of_another_users_process_is_refused"
    ),
    "give the value as JSON in a terminal": (
        "web/test_forms.py::test_a_form_has_so_many_fields_at_most"
    ),
    "choose one of the list": "web/test_start_page.py::test_a_start_of_nothing_says_what_to_choose",
    "open `…` without it": (
        "web/test_parameters.py::"
        "test_a_page_says_what_is_wrong_in_its_address_and_which_one_is_right"
    ),
    "leave it out": (
        "web/test_parameters.py::test_a_parameter_that_is_not_known_is_named_with_the_nearest"
    ),
    "load the page again": "web/test_sessions.py::test_a_page_of_another_site_changes_nothing",
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
