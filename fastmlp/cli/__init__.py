"""The command line: the only room that prints or exits.

A command is a module in `commands`; `exit_codes` is the table of exit codes. What a command does, it asks of the other
rooms: nothing is computed here.
"""

from .app import command_line as command_line
from .app import main as main
