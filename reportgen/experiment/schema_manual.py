"""The reference of experiment files, in Markdown: every table and key, from their JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]

_ABOUT = """\
# Experiment file reference

An experiment file is [TOML](https://toml.io). It says what is learned, by which networks, under which penalties, and
what the article tells about it. `data`, `arms` and `sections` have to be there; everything else has the default that is
shown. Keys that are not listed here are mistakes, and so are values of another type or outside of the range; all
mistakes are told at once, with line and column, before anything is trained.

`reportgen new -o mine.toml` writes a commented file to start from. `reportgen schema > reportgen.schema.json` and
`#:schema reportgen.schema.json` as the first line of the file make an editor complete and check it. This page is what
`reportgen schema --format markdown` prints."""

_LAST = ("reading", "site", "sweep")
"""Tables that most files do without."""
_REQUIRED = "**required**"


def manual(schema: Node, titles: Mapping[str, str]) -> str:
    """The page: `schema` is that of experiment files, `titles` has the headings of the sections by their names."""
    tables, top = schema["$defs"], schema["properties"]
    plain = {key: node for key, node in top.items() if not _is_table(node) and key not in ("data", "arms")}
    data = [tables[_named(ref)] for ref in top["data"]["oneOf"]]
    arms = [tables[_named(ref)] for ref in top["arms"]["items"]["oneOf"]]
    parts = [
        _ABOUT,
        "## Top level",
        "These stand above the first table.",
        _keys(plain, schema["required"]),
        "## Sections of the article",
        "What `sections` may name. A section asks for the runs it needs, so fewer of them build faster.",
        _table(["Name", "Its heading"], [[f"`{name}`", title] for name, title in titles.items()]),
        "## `[data]`",
        f"{top['data']['description']} `name` says which data set; the keys below it depend on that.",
        *_kinds(data, "name", "Data set"),
        "## `[[arms]]`",
        f"{top['arms']['description']} One such table for each arm; `penalty` says of which kind, and "
        "with which keys. Biases are never penalized.",
        *_kinds(arms, "penalty", "Penalty"),
    ]
    for heading, node in _below(dict(sorted(top.items(), key=lambda item: item[0] in _LAST)), tables):
        parts += [f"## `{heading}`", _prose(node["description"])]
        rows = {key: part for key, part in node["properties"].items() if not _is_table(part)}
        parts.append(_keys(rows, node.get("required", ())))
    return "\n\n".join(parts) + "\n"


def _below(properties: Mapping[str, Node], tables: Mapping[str, Node], above: str = "") -> Iterator[tuple[str, Node]]:
    """Tables of one kind by their headings in a file, "[network]" or "[[reading]]", and those inside of them."""
    for key, node in properties.items():
        if _is_table(node):
            table = tables[_named(_table_of(node))]
            name = f"{above}{key}"
            yield f"[[{name}]]" if node.get("type") == "array" else f"[{name}]", table
            yield from _below(table["properties"], tables, f"{name}.")


def _is_table(node: Node) -> bool:
    return "$ref" in _table_of(node)


def _table_of(node: Node) -> Node:
    """What an array holds, and what may be left out; `node` itself if it is neither."""
    kinds = [node, node.get("items", {}), *node.get("anyOf", ())]
    return next((kind for kind in kinds if "$ref" in kind), node)


def _kinds(nodes: Iterable[Node], key: str, what: str) -> list[str]:
    """The keys that all kinds of a table share, and then each kind with its own."""
    nodes = list(nodes)
    shared = {name for name in nodes[0]["properties"] if len({_meaning(node, name) for node in nodes}) == 1} | {key}
    common = {name: part for name, part in nodes[1]["properties"].items() if name in shared and name != key}
    names = [f'`"{node["properties"][key]["const"]}"`' for node in nodes]
    kind = [f"`{key}`", ", ".join(names), _REQUIRED, nodes[0]["properties"][key]["description"]]
    parts = [_table(_HEAD, [kind, *_rows(common, nodes[1]["required"])])]
    for node in nodes:
        parts += [f"### {what} `{node['properties'][key]['const']}`", _prose(node["description"])]
        own = {name: part for name, part in node["properties"].items() if name not in shared}
        if own:
            parts.append(_keys(own, node["required"]))
    return parts


def _meaning(kind: Node, key: str) -> str:
    """A key of one kind without its default, to compare with those of others."""
    return json.dumps({name: part for name, part in kind["properties"].get(key, {}).items() if name != "default"})


_HEAD = ["Key", "Value", "Default", "Meaning"]


def _keys(keys: Mapping[str, Node], required: Iterable[str]) -> str:
    return _table(_HEAD, _rows(keys, required))


def _rows(keys: Mapping[str, Node], required: Iterable[str]) -> list[list[str]]:
    required = set(required)
    return [
        [f"`{key}`", _values(node), _REQUIRED if key in required else _default(node), node.get("description", "")]
        for key, node in keys.items()
    ]


_MANY = 10
"""Names that would make a cell of a table too long."""


def _values(node: Node, *, many: bool = False) -> str:
    """What may stand there: "whole number, 1 to 40"."""
    if "anyOf" in node:  # TOML has no null: who wants none leaves the key out
        return _values(next(kind for kind in node["anyOf"] if kind.get("type") != "null"))
    if "enum" in node:
        return ", ".join(f"`{json.dumps(value)}`" for value in node["enum"])
    match node["type"]:
        case "boolean":
            return "`true`, `false`"
        case "string":
            if node.get("format") == "date":
                return "a day, like `2026-11-23`"
            longest = f", at most {_number(node['maxLength'])} characters" if "maxLength" in node else ""
            pattern = node.get("pattern", "\\x")
            # What only keeps control characters out says nothing to a reader.
            return f"text{longest}" + ("" if "\\x" in pattern else f" that matches `{pattern}`")
        case "array":
            items, most = node["items"], f"; at most {node['maxItems']} of them" if "maxItems" in node else ""
            if len(names := items.get("enum", ())) > _MANY:
                return "array of [names](#sections-of-the-article)"
            return f"array of {'any of ' if names else ''}{_values(items, many=True).replace('text', 'texts', 1)}{most}"
        case kind:
            return {"integer": "whole number", "number": "number"}[kind] + ("s" if many else "") + _range(node)


def _range(node: Node) -> str:
    if "minimum" in node and "maximum" in node:
        return f", {_number(node['minimum'])} to {_number(node['maximum'])}"
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    bounds = [f"{word} {_number(node[bound])}" for bound, word in words.items() if bound in node]
    return f", {' and '.join(bounds)}" if bounds else ""


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _default(node: Node) -> str:
    value = node.get("default")
    return "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(docstring: str) -> str:
    """A docstring as paragraphs; its references become a list."""
    text, _, references = docstring.partition("\n\nReferences:\n")
    listed = "".join(f"\n- {line.strip()}" for line in references.splitlines() if line.strip())
    return _plain(text) + (f"\n{listed}" if listed else "")


def _plain(text: str) -> str:
    """Text in which Markdown sees no formula; the docstrings' own emphasis and code stay."""
    return re.sub(r"\$", r"\\$", text)


def _named(ref: Node) -> str:
    return str(ref["$ref"]).rpartition("/")[2]
