"""The workbench of whoever writes a spec: draft one, check it, try it out, see what it has proved.

Each part returns data; `commands` shows it in a terminal.
"""
