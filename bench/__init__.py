"""What Smithers costs, in synced commits, CPU, memory and bytes: `python -m bench`.

`rows` says what is measured and which limit holds it, `curves` what the plot shows; `measuring`
starts each measurement in a process of its own; `figures.json` keeps what was measured, and `table`
and `plot` write the documents from it. The other modules are those processes; `peers/` has the same
in others' tools.
"""
