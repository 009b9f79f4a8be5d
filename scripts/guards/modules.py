"""The modules of a crate and their imports, parsed from the source text.

A module is a file. Tests are excluded: `#[cfg(test)]` modules, `tests.rs` and files that begin with `tests_`.
"""

import re
from pathlib import Path

STRING = re.compile(r'b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'', re.S)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
USE = re.compile(r"\buse\s+((?:crate|super|self)\s*::[^;]+);")
INLINE = re.compile(r"\b((?:crate|super)(?:\s*::\s*\w+)+)")
MOD = re.compile(r"(?:^|\n)\s*(?:pub(?:\([a-z]+\))?\s+)?mod\s+(\w+)\s*;")


def plain(source):
    """The code without comments, string contents and test modules."""
    tokens = re.compile(f"(?P<comment>{COMMENT.pattern})|{STRING.pattern.replace(chr(92) + '1', chr(92) + '2')}", re.S)
    code = tokens.sub(lambda found: "" if found["comment"] else '""', source)
    return re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", code)[0]


def is_test(path):
    return path.stem == "tests" or path.stem.startswith("tests_")


def files(src):
    """All modules of a crate: the name as a tuple, and the file. The crate's root is `()`."""
    found = {}
    for path in sorted(src.rglob("*.rs")):
        if is_test(path) or "bin" in path.relative_to(src).parts:
            continue
        parts = path.relative_to(src).with_suffix("").parts
        if parts[-1] in ("mod", "lib", "main"):
            parts = parts[:-1]
        # A crate that is both library and program has two roots. The program's root is parsed as a separate one.
        if parts in found and path.stem == "main":
            continue
        found[parts] = path
    return found


def leaves(tree, prefix=()):
    """The paths of a `use` tree: `a::{b, c::d}` is `a::b` and `a::c::d`."""
    tree = tree.strip()
    opened = tree.find("{")
    if opened == -1:
        path = re.split(r"\s+as\s+", tree)[0]
        yield prefix + tuple(part.strip() for part in path.split("::") if part.strip())
        return
    inner, depth, start = tree[opened + 1 : tree.rfind("}")], 0, 0
    head = prefix + tuple(part.strip() for part in tree[:opened].split("::") if part.strip())
    for at, letter in enumerate([*inner, ","]):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            if inner[start:at].strip():
                yield from leaves(inner[start:at], head)
            start = at + 1


def absolute(path, module):
    """A path from the crate's root."""
    path, at = list(path), list(module)
    if path[0] == "crate":
        return tuple(path[1:])
    while path and path[0] in ("self", "super"):
        if path.pop(0) == "super":
            at = at[:-1]
    return tuple(at + path)


def imports(src):
    """The imports of every module: `{module: {other module}}`."""
    modules = files(src)
    graph = {}
    for module, path in modules.items():
        code = plain(path.read_text())
        paths = [leaf for found in USE.findall(code) for leaf in leaves(found)]
        without = USE.sub("", code)
        paths += [tuple(re.split(r"\s*::\s*", found)) for found in INLINE.findall(without)]
        # A root that only declares its modules imports none of them.
        targets = set()
        for leaf in paths:
            target = absolute(leaf, module)
            while target not in modules:
                target = target[:-1]
            if target != module:
                targets.add(target)
        targets |= {(*module, name) for name in MOD.findall(code) if (*module, name) in modules}
        graph[module] = targets
    return graph


def circles(graph):
    """Groups of modules that import each other. Imports between a parent and its own children do not count."""
    arrows = {module: {to for to in targets if to != module[:-1] or not module} for module, targets in graph.items()}
    index, low, stack, on, found, counter = {}, {}, [], set(), [], [0]

    def visit(start):
        work = [(start, iter(sorted(arrows[start])))]
        index[start] = low[start] = counter[0]
        counter[0] += 1
        stack.append(start)
        on.add(start)
        while work:
            node, rest = work[-1]
            for to in rest:
                if to not in index:
                    index[to] = low[to] = counter[0]
                    counter[0] += 1
                    stack.append(to)
                    on.add(to)
                    work.append((to, iter(sorted(arrows[to]))))
                    break
                if to in on:
                    low[node] = min(low[node], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = set()
                    while True:
                        last = stack.pop()
                        on.discard(last)
                        group.add(last)
                        if last == node:
                            break
                    if len(group) > 1:
                        found.append(sorted(group))

    for module in sorted(arrows):
        if module not in index:
            visit(module)
    return found


def name(module):
    return "::".join(("crate", *module))
