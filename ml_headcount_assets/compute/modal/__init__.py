"""Work that is done on Modal's workers: the same numbers as anywhere else.

`ranges` cuts tasks into ranges and `messages` puts them into bytes; `worker` is the function
that runs there, and all that has to be importable there besides the work itself. `app`
describes the machines, `dispatch` gets every range done exactly once, `kept` holds what is
finished, and `compute` puts them together behind `compute.protocol.Compute`.

Importing this package imports none of them: a worker has neither Modal's client nor its
settings.
"""
