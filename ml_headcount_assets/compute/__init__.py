"""Where independent pieces of work are done: here, in processes, or on other machines.

`protocol` says what such a place offers, `local` is this machine, `modal/` is Modal's, `engine`
names the library that kernels compute with, and `choice` finds all of them by name.

Importing this package imports none of them: a worker has only what its own work needs.
"""
