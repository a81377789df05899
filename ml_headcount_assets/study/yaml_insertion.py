"""Adding to a YAML file that a person has written, so that every byte of theirs stays.

The file is not written anew from what was read: lines are inserted where the parser says that a
mapping or list ends. Comments, order, quotes and layout survive because nobody touches them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import yaml

__all__ = ["Addition", "insert"]

#: A path of keys to a mapping or list, and what is to be added: keys, or items.
Addition: TypeAlias = tuple[Sequence[str], Mapping[str, Any] | Sequence[Any]]


def insert(text: str, additions: Sequence[Addition]) -> str:
    """Return a YAML document with additions at the ends of some of its mappings and lists.

    Parameters
    ----------
    text
        The document: a mapping, or nothing.
    additions
        Each has a path of keys (empty for the document itself) and keys or items to be added
        there. All of them hold only mappings, lists, texts, numbers and truth values.

    Raises
    ------
    ValueError
        The document is written in a way that this cannot add to, such as with an alias for the
        list in question; nothing that means something else is ever returned.
    """
    wanted = yaml.safe_load(text) or {}
    for path, addition in additions:
        wanted = _added(wanted, path, addition)
        text = _insert(text, path, addition)
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError("the additions do not fit the document's layout") from error
    if found != wanted:
        raise ValueError("the additions would change something else")
    return text


def _added(content: Any, path: Sequence[str], addition: Mapping[str, Any] | Sequence[Any]) -> Any:
    """Return content with an addition, which changes no other part that is the same by alias."""
    if path:
        if not isinstance(content, dict) or path[0] not in content:
            raise ValueError(f"there is no single key {path[0]!r}")
        return {**content, path[0]: _added(content[path[0]], path[1:], addition)}
    if isinstance(content, dict) and isinstance(addition, Mapping):
        return {**content, **addition}
    if isinstance(content, list) and not isinstance(addition, Mapping):
        return [*content, *addition]
    raise ValueError("what is to be added to is neither a mapping nor a list, or not that of both")


def _insert(text: str, path: Sequence[str], addition: Mapping[str, Any] | Sequence[Any]) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return _after_line(text, len(text), _block(addition, 0))
    node = _find(root, path)
    if node.flow_style:
        return _into_brackets(text, node, addition)
    return _after_line(
        text, _end(node), _block(addition, node.start_mark.column, _dash(text, node))
    )


def _find(node: yaml.Node, path: Sequence[str]) -> yaml.CollectionNode:
    for key in path:
        values = [value for name, value in node.value if name.value == key]
        if len(values) != 1:
            raise ValueError(f"there is no single key {key!r}")
        node = values[0]
    if not isinstance(node, yaml.CollectionNode):
        raise ValueError(f"{'.'.join(path)} is neither a mapping nor a list")
    return node


def _end(node: yaml.Node) -> int:
    """Return where a node's own characters end, without the comments that may follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _dash(text: str, node: yaml.CollectionNode) -> str:
    """Return how the items of a list begin, so that further ones look like them."""
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        return "- "
    return text[node.start_mark.index : node.value[0].start_mark.index]


def _block(addition: Mapping[str, Any] | Sequence[Any], column: int, dash: str = "- ") -> str:
    """Return an addition as lines that begin in a column."""
    if isinstance(addition, Mapping):
        lines = _dumped(addition, flow=False).splitlines()
    else:
        lines = [dash + _dumped([item], flow=True).strip()[1:-1] for item in addition]
    return "".join(f"{' ' * column}{line}\n" for line in lines)


def _into_brackets(
    text: str, node: yaml.CollectionNode, addition: Mapping[str, Any] | Sequence[Any]
) -> str:
    close = node.end_mark.index - 1
    inside = _dumped(addition, flow=True).strip()[1:-1]
    before = text[:close].rstrip()
    separator = "" if not node.value else " " if before.endswith(",") else ", "
    return text[:close] + separator + inside + text[close:]


def _after_line(text: str, index: int, lines: str) -> str:
    """Insert lines behind the line that a place is in."""
    if not text:
        return lines
    newline = "\r\n" if "\r\n" in text else "\n"
    stop = text.find("\n", index)
    # A place at the very beginning of a line is behind the line before it.
    if index and text[index - 1] == "\n":
        stop = index - 1
    head, tail = (text + newline, "") if stop < 0 else (text[: stop + 1], text[stop + 1 :])
    return head + lines.replace("\n", newline) + tail


def _dumped(content: Any, *, flow: bool) -> str:
    return yaml.safe_dump(
        content,
        default_flow_style=flow,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,  # nothing is broken between words
    )
