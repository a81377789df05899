"""Work that is done on other machines: the same numbers, on Modal's workers.

`ranges` cuts tasks into ranges and `messages` puts them into bytes; `worker` is the function
that runs there, and all that has to be importable there besides the work itself. `modal_app`
describes the machines, `dispatch` gets every range done exactly once, `kept` holds what is
finished, and `modal_compute` puts them together behind `model.Compute`.

Importing this package imports none of them: a worker has neither Modal's client nor its
settings.
"""
