"""The command `realtime-sdk`: what people type, and what they see. All work is done by the rooms below.

`app` knows the words of the command line, each command is a module of its own, `lines` and `conversation`
turn values into what is printed. Nothing here is imported before somebody runs a command.
"""
