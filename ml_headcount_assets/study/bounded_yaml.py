"""YAML that a person has written, read in bounded time and memory.

A few lines can stand for very much: references to references ("billion laughs"), merge keys of
merge keys, brackets in brackets. None of it is of use in a study's configuration. What the keys
mean does not belong here.
"""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["LARGEST_BYTES", "parse_yaml"]

LARGEST_BYTES = 1 << 20
_DEEPEST = 50
_MOST_NODES = 200_000


def parse_yaml(content: bytes) -> Any:
    """Return what the YAML of a configuration stands for.

    Raises
    ------
    yaml.YAMLError
        It is none, a key is given twice, or it is out of all proportion.
    ValueError
        A date does not exist.
    """
    if len(content) > LARGEST_BYTES:
        raise _Refused(f"the file is larger than {LARGEST_BYTES >> 20} MB")
    loader = _Loader(content)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_many(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Refused(yaml.MarkedYAMLError):
    def __init__(self, problem: str, mark: yaml.Mark | None = None) -> None:
        super().__init__(problem=problem, problem_mark=mark)


class _Loader(yaml.SafeLoader):
    """Refuses deep nesting, and a key given twice, of which the standard keeps the last."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self._depth >= _DEEPEST:
            mark = self.peek_event().start_mark
            raise _Refused(f"nested more than {_DEEPEST} levels deep", mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # refused by whoever takes the mapping, since it is no name
            if key.value in seen:
                raise _Refused(f"key {key.value!r} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _refuse_many(root: yaml.Node) -> None:
    """Refuse a document that has very many nodes when each reference is written out."""
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            known = sizes[id(node)]
            if known is None:
                raise _Refused("a part refers to itself", node.start_mark)
            return known
        sizes[id(node)] = None
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [each for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        total = 1 + sum(map(size, children))
        if total > _MOST_NODES:
            raise _Refused("references (&, *, <<) stand for far too much", node.start_mark)
        sizes[id(node)] = total
        return total

    size(root)
