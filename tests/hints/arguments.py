"""Scenes of hints about the arguments of a command."""

from __future__ import annotations

import sys

from tests.cli.command import (
    FLOWS,
    Said,
    eventually,
)
from tests.hints.registry import scene
from tests.hints.shell import Shell

# -- arguments


@scene("run `… --help`")
def unknown_option(shell: Shell) -> tuple[Said, Said]:
    failed = shell("resume", "r1", "--nope")
    return failed, shell.follow(failed)


@scene("run `smithers mcp … --help`")
def options_of_mcp_before_its_command(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("mcp", "--root", ".", "add", "--dry-run")
    return failed, shell.follow(failed)


@scene("for example `smithers up ship_it.py`")
def no_file(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Step('a', lambda: 1)\n", "ship_it.py")
    failed = shell("up")
    return failed, shell.follow(failed)


@scene("list them with `smithers patterns`")
def no_such_pattern(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("patterns", "xyz")
    return failed, shell.follow(failed)


@scene("list them with `smithers init --list`")
def no_such_template(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("init", "--template", "xyz")
    return failed, shell.follow(failed)


@scene("move it away, then type `smithers init` again")
def file_in_the_place_of_a_folder(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / ".claude").write_text("")
    failed = shell.bare("init")
    (shell.folder / ".claude").rename(shell.folder / "claude.txt")
    return failed, shell.follow(failed)


@scene("`smithers token list` shows the tokens")
def no_such_token(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("token", "revoke", "xyz", env={"XDG_STATE_HOME": str(shell.folder)})
    return failed, shell.follow(failed)


@scene("type `smithers trust --list`")
def trust_list_of_a_path(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("trust", "--list", "x")
    return failed, shell.follow(failed)


@scene("name the database, or the folder of its project: `smithers trust PATH`")
def trust_of_nothing(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("trust")
    return failed, shell.bare("trust", str(shell.folder))


@scene("add --resume")
def detach_without_resume(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("approve", "r1", "--detach")
    helped = shell("approve", "r1", "--detach", "--resume")
    eventually(lambda: "finished" in shell("ps").out)
    return failed, helped


@scene("for example --since 2h, --since 3d or --since 2026-11-01")
def time_in_words(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    return shell("ps", "--since", "yesterday"), shell("ps", "--since", "2h")


@scene("pass to --after the `cursor` of the previous page")
def cursor_that_is_none(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    shell("up", str(FLOWS) + ":works", "--run-id", "r2")
    cursor = shell("ps", "--json", "--limit", "1").document["cursor"]
    return shell("ps", "--after", "r1"), shell("ps", "--after", cursor)


@scene("name the task before --iteration")
def iteration_without_task(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_in_rounds")
    failed = shell("approve", "r1", "--iteration", "0")
    return failed, shell("approve", "r1", "ready", "--iteration", "0")


@scene("for example --iteration 2 or 0.1")
def iteration_in_words(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_in_rounds")
    failed = shell("approve", "r1", "ready", "--iteration", "first")
    return failed, shell("approve", "r1", "ready", "--iteration", "0")


@scene("leave one out; the last line of --events has what --json prints")
def json_and_events(shell: Shell) -> tuple[Said, Said]:
    return shell.up("works", "r1", "--json", "--events"), shell.up("works", "r1", "--events")


@scene("leave out --events; `smithers events RUN --follow` shows them afterwards")
def events_and_detach(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--detach", "--events")
    assert shell.up("works", "r1", "--detach").code == 0
    return failed, shell.follow(failed, RUN="r1")


@scene("leave one out")
def raw_and_json(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    return shell("logs", "r1", "--raw", "--json"), shell("logs", "r1", "--raw")


@scene("give … @FILE the path of a readable file")
def input_file_that_is_gone(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "input.json").write_text('{"topic": "whales"}')
    failed = shell.up("works", "r1", "--input", "@nothing.json")
    return failed, shell.up("works", "r1", "--input", "@input.json")


@scene('for example --input \'{"topic": "whales"}\'')
def input_that_is_not_json(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--input", "whales")
    return failed, shell.up("works", "r1", "--input", '{"topic": "whales"}')


@scene("write a number, or null if the field allows it")
def input_with_a_number_that_json_lacks(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("takes_anything", "r1", "--input", '{"x": NaN}')
    return failed, shell.up("takes_anything", "r1", "--input", '{"x": 1}')


@scene("its fields are: …")
def input_that_does_not_fit(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--input", '{"pages": -1}')
    return failed, shell.up("works", "r1", "--input", '{"pages": 1}')


@scene("leave it out, or set extra='ignore' or 'allow' in the model_config of the model")
def input_with_an_unknown_field(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--input", '{"topics": "whales"}')
    return failed, shell.up("works", "r1", "--input", "{}")


@scene(
    "use 1 to 64 letters, digits, dots, underscores and hyphens; a run id does not start"
    " with a hyphen"
)
def run_id_that_cannot_be(shell: Shell) -> tuple[Said, Said]:
    return shell.up("works", "a b"), shell.up("works", "a.b_c-d")


@scene("name a Python file that contains a workflow")
def file_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    return shell("up", "nothing.py"), shell.up("works")


@scene("it contains: …")
def workflow_that_is_not_in_the_file(shell: Shell) -> tuple[Said, Said]:
    return shell.up("nothing"), shell.up("works")


@scene("name one, for example …:…")
def several_workflows(shell: Shell) -> tuple[Said, Said]:
    failed = shell("up", str(FLOWS))
    named = failed.err.split("name one, for example ")[1].split()[0]
    shell.write("@workflow\ndef f(ctx): return Step('a', lambda: 1)\n")
    del named  # the first workflow of that file is none that ends at once
    return failed, shell.up("works")


@scene("use 0 to play without waiting, 1 for real time")
def negative_speed(shell: Shell) -> tuple[Said, Said]:
    shell.bare("harness", "record", "--to", "r.jsonl", "--", sys.executable, "-c", "print(1)")
    failed = shell.bare("harness", "replay", "r.jsonl", "--speed", "-1")
    return failed, shell.bare("harness", "replay", "r.jsonl", "--speed", "0")


@scene("name another file, or add --force")
def recording_that_is_there(shell: Shell) -> tuple[Said, Said]:
    words = ["--to", "r.jsonl", "--", sys.executable, "-c", "print(1)"]
    shell.bare("harness", "record", *words)
    return shell.bare("harness", "record", *words), shell.bare(
        "harness", "record", "--force", *words
    )


@scene("make one with `smithers harness record -- COMMAND`")
def no_recording(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "r.jsonl").write_text("{}\n")
    failed = shell.bare("harness", "replay", "r.jsonl")
    assert shell.follow(failed, COMMAND="true").code == 0
    (made,) = set(shell.folder.rglob("*.jsonl")) - {shell.folder / "r.jsonl"}
    return failed, shell.bare("harness", "replay", str(made))


@scene("install it, or put its folder on PATH")
def program_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("harness", "record", "--", "no-such-program")
    return failed, shell.bare("harness", "record", "--to", "r.jsonl", "--", "true")


@scene("choose another file with --to")
def recording_in_a_folder_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "file").write_text("")
    failed = shell.bare("harness", "record", "--to", "file/r.jsonl", "--", "true")
    return failed, shell.bare("harness", "record", "--to", "r.jsonl", "--", "true")


@scene("choose one of: …")
def program_that_is_unknown(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "s.jsonl").write_text("")
    failed = shell.bare("harness", "parse", "nobody", "s.jsonl")
    name = failed.err.split("choose one of: ")[1].split(",")[0]
    return failed, shell.bare("harness", "parse", name, "s.jsonl")


@scene("run `smithers doctor`")
def no_program_to_compare(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("harness", "drift", env={"PATH": "/nonexistent"})
    return failed, shell.follow(failed)


@scene("name an existing file")
def stream_that_is_gone(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "s.jsonl").write_text("")
    failed = shell.bare("harness", "parse", "claude-code", "nothing.jsonl")
    return failed, shell.bare("harness", "parse", "claude-code", "s.jsonl")


@scene("write a JSON Schema there")
def schema_that_is_none(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "s.jsonl").write_text("")
    words = ["harness", "parse", "claude-code", "s.jsonl", "--schema", "schema.json"]
    (shell.folder / "schema.json").write_text("null")
    failed = shell.bare(*words)
    (shell.folder / "schema.json").write_text('{"type": "object"}')
    return failed, shell.bare(*words)


@scene("name an existing folder")
def root_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("mcp", "--root", "nothing")
    return failed, shell.bare("mcp", "--root", ".")  # stdin is empty, so it ends at once


@scene(
    "in a container, for example: start `smithers supervise` the way you start your other"
    " processes; `smithers service install --dry-run` shows a file to adapt"
)
def no_manager_of_services(shell: Shell) -> tuple[Said, Said]:
    env = {"PATH": "/nonexistent", "HOME": str(shell.folder)}
    failed = shell("service", "install", env=env)
    assert shell.typed(failed)[0].startswith("smithers supervise --db ")
    return failed, shell.follow(failed)


@scene("follow the task with `smithers logs … … -f`")
def attach_without_a_terminal(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    failed = shell("attach", "r1", "say")
    return failed, shell.follow(failed)
