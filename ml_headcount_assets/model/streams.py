"""Random streams that belong to what is drawn, not to the order in which it is drawn.

Every stream is a Philox counter-based generator (Salmon et al. 2011) whose key is a hash of
(seed, stage, subject, block of draws). Companies run together, alone, in another order or on
another machine therefore see the same numbers.

Draws come in blocks of `DRAW_BLOCK`: vectorised samplers consume a varying number of random
words per variate, so a stream per single draw would forbid vectorisation. A block is always
computed whole; asking for fewer draws only cuts the result. That makes draw b the same number
however many draws are asked for and however ranges of draws are handed to workers.
"""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["DRAW_BLOCK", "block_count", "padded_draws", "stream", "stream_key"]

DRAW_BLOCK = 50


def stream_key(seed: int, *key: str | int) -> int:
    """Return the 128-bit number that belongs to `seed` and `key`."""
    parts = [str(int(seed)), *(str(part) for part in key)]
    # Length prefixes keep ("ab", "c") and ("a", "bc") apart.
    message = "".join(f"{len(part)}:{part}" for part in parts).encode()
    digest = hashlib.blake2b(message, digest_size=16).digest()
    return int.from_bytes(digest, "little")


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Return the generator of its own that belongs to `seed` and `key`."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, *key)))


def block_count(draws: int) -> int:
    """Return how many whole blocks hold `draws` draws."""
    return -(-draws // DRAW_BLOCK)


def padded_draws(draws: int) -> int:
    """Return `draws` rounded up to whole blocks."""
    return block_count(draws) * DRAW_BLOCK
