"""The command line: `main` finds the commands, and each command is one module with a `command`.

A command parses, calls the public API and prints; nothing is computed here. Modules import
click alone at the top, so that `canzona --help` stays quick.
"""
