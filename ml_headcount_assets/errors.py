"""The package's exceptions.

The command line prints a `HeadcountError` as one paragraph and exits with status 2, so every
message is written for the person who has to act on it: what is wrong, where (file, row,
field), and what to do. No message may contain profile text or the name of a person.
"""


class HeadcountError(Exception):
    """Base class of everything this package raises on purpose."""


class InputError(HeadcountError):
    """Data or configuration supplied by the user cannot be used as it is."""


class ComputeError(HeadcountError):
    """A computation could not be carried out or did not reach its stated accuracy."""
