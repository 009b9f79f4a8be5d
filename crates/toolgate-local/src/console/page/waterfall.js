// The waterfall of a turn: one row per span in a tree, with its time as a bar. A treegrid by the pattern of the ARIA guide.

import { fill, h } from "./dom.js";
import { duration } from "./format.js";
import { kindName, sign } from "./states.js";
import { inline } from "./text.js";

/** So many rows are made at once; the others follow frame by frame, so that the first ones are seen soon. */
const BATCH = 150;
const TICKS = 4;

/** Makes the chart in `mount`. `chosen(id)` is called when a reader opens a span. */
export function waterfall(mount, { label, chosen }) {
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const header = h("div", { role: "row", class: "row header" },
    h("span", { role: "columnheader" }, "Span"), h("span", { role: "columnheader" }, h("span", { class: "hidden" }, "Time line"), axis), h("span", { role: "columnheader", class: "number" }, "Time"));
  const body = h("div", { role: "rowgroup" });
  const box = h("div", { role: "treegrid", "aria-label": label, class: "waterfall" }, h("div", { role: "rowgroup" }, header), body);
  const rows = new Map();
  const folded = new Set();
  let order = [];
  let total = 1;
  let selected = null;
  let active = null;
  let frame = 0;
  mount.append(box);

  function update(spans, durationMs) {
    total = Math.max(durationMs ?? 0, ...spans.map((span) => span.startMs + (span.durationMs ?? 0)), 1);
    fill(axis, Array.from({ length: TICKS + 1 }, (_, at) => h("span", null, at === 0 ? "0" : duration((total * at) / TICKS))));
    order = flat(spans);
    draw();
  }

  function draw() {
    cancelAnimationFrame(frame);
    const shown = visibleRows();
    let from = 0;
    const more = () => {
      const to = Math.min(from + BATCH, shown.length);
      place(shown.slice(from, to), from);
      from = to;
      if (from < shown.length) frame = requestAnimationFrame(more);
      else prune(new Set(shown.map((entry) => entry.span.id)));
    };
    more();
    box.setAttribute("aria-rowcount", String(shown.length + 1));
  }

  const visibleRows = () => order.filter((entry) => !entry.path.some((id) => folded.has(id)));

  function place(entries, from) {
    let next = body.children[from] ?? null;
    for (const [at, entry] of entries.entries()) {
      const row = rows.get(entry.span.id) ?? make(entry.span.id);
      paint(row, entry, from + at);
      if (row.node === next) next = next.nextSibling;
      else body.insertBefore(row.node, next);
    }
  }

  function prune(keep) {
    for (const node of [...body.children]) if (!keep.has(node.dataset.id)) node.remove();
    if (!active || !keep.has(active)) setActive(selected && keep.has(selected) ? selected : body.firstChild?.dataset.id);
  }

  function make(id) {
    const bar = h("rect", { y: "5", height: "10", rx: "2" });
    const svg = h("svg", { class: "track", width: "100%", height: "20", "aria-hidden": "true", focusable: "false" }, bar);
    const name = h("span", { role: "gridcell", class: "name" });
    const time = h("span", { role: "gridcell", class: "number" });
    const node = h("div", { role: "row", class: "row", tabindex: "-1" }, name, h("span", { role: "gridcell", class: "bar" }, svg), time);
    node.dataset.id = id;
    const row = { node, bar, name, time, key: null };
    rows.set(id, row);
    return row;
  }

  function paint(row, { span, level, children, position, size }, index) {
    const { node, bar } = row;
    const key = JSON.stringify([span, level, children, total, folded.has(span.id), index]);
    if (row.key === key) return;
    row.key = key;
    node.className = `row ${kindName(span.kind)} s-${/^\w+$/.test(span.state) ? span.state : "other"}`;
    const attributes = { "aria-level": level, "aria-posinset": position, "aria-setsize": size, "aria-rowindex": index + 2 };
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
    if (children) node.setAttribute("aria-expanded", String(!folded.has(span.id)));
    else node.removeAttribute("aria-expanded");
    node.setAttribute("aria-selected", String(span.id === selected));
    const length = span.durationMs ?? Math.max(total - span.startMs, 0);
    bar.setAttribute("x", `${percent(span.startMs)}%`);
    bar.setAttribute("width", `${Math.max(percent(length), 0.3)}%`);
    const indent = h("span", { class: "indent", "data-level": Math.min(level, 8), "aria-hidden": "true" }, children ? (folded.has(span.id) ? "▸" : "▾") : "");
    fill(row.name, indent, h("span", { class: "kind" }, inline(span.kind, 20)), " ", h("span", { class: "title" }, inline(span.name, 80)),
      span.state === "ok" ? h("span", { class: "hidden" }, ", ok") : sign(span.state), span.summary ? h("span", { class: "dim summary" }, inline(span.summary, 160)) : null);
    fill(row.time, span.durationMs === null || span.durationMs === undefined ? "running" : duration(span.durationMs));
  }

  const percent = (ms) => Math.min(Math.max((ms / total) * 100, 0), 100).toFixed(3) * 1;

  function select(id) {
    if (selected !== id) rows.get(selected)?.node.setAttribute("aria-selected", "false");
    selected = id;
    const row = rows.get(id);
    if (row && row.node.getAttribute("aria-selected") !== "true") row.node.setAttribute("aria-selected", "true");
    if (row && !box.contains(document.activeElement)) {
      setActive(id);
      // Only the chart scrolls, not the page.
      const [top, bottom] = [row.node.offsetTop - 40, row.node.offsetTop + row.node.offsetHeight];
      if (top < mount.scrollTop) mount.scrollTop = top;
      else if (bottom > mount.scrollTop + mount.clientHeight) mount.scrollTop = bottom - mount.clientHeight;
    }
  }

  function setActive(id) {
    const before = rows.get(active);
    if (before && active !== id) before.node.tabIndex = -1;
    active = id ?? null;
    const row = rows.get(active);
    if (row && row.node.tabIndex !== 0) row.node.tabIndex = 0;
    return row;
  }

  function fold(id, close) {
    if (close) folded.add(id);
    else folded.delete(id);
    draw();
    rows.get(id)?.node.focus();
  }

  box.addEventListener("click", (event) => {
    const node = event.target.closest?.("[data-id]");
    if (!node) return;
    setActive(node.dataset.id);
    node.focus({ preventScroll: true });
    if (event.target.closest(".indent") && node.hasAttribute("aria-expanded")) fold(node.dataset.id, node.getAttribute("aria-expanded") === "true");
    else chosen(node.dataset.id);
  });

  box.addEventListener("keydown", (event) => {
    const node = event.target.closest?.("[data-id]");
    if (!node || event.altKey || event.ctrlKey || event.metaKey) return;
    const { id } = node.dataset;
    const entry = order.find((one) => one.span.id === id);
    const open = node.getAttribute("aria-expanded");
    const moves = {
      ArrowDown: () => node.nextSibling,
      ArrowUp: () => node.previousSibling,
      Home: () => body.firstChild,
      End: () => body.lastChild,
      PageDown: () => body.children[Math.min(Number(node.ariaRowIndex) + 8, body.children.length - 1)],
      PageUp: () => body.children[Math.max(Number(node.ariaRowIndex) - 12, 0)],
      ArrowRight: () => (open === "false" ? void fold(id, false) : open === "true" ? node.nextSibling : null),
      ArrowLeft: () => (open === "true" ? void fold(id, true) : rows.get(entry?.path.at(-1))?.node),
      Enter: () => void chosen(id),
      " ": () => void chosen(id),
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const target = moves[event.key]();
    if (target) setActive(target.dataset.id)?.node.focus();
  });

  return { update, select };
}

/** The spans as a flat list in the order of the tree: each with its level, its ancestors and its place. */
export function flat(spans) {
  const known = new Set(spans.map((span) => span.id));
  const under = new Map();
  for (const span of spans) {
    const parent = known.has(span.parent) && span.parent !== span.id ? span.parent : null;
    if (!under.has(parent)) under.set(parent, []);
    under.get(parent).push(span);
  }
  const found = [];
  const seen = new Set();
  // With a list of its own instead of recursion: the depth is the server's.
  const open = [{ list: under.get(null) ?? [], at: 0, path: [] }];
  while (open.length) {
    const top = open.at(-1);
    if (top.at >= top.list.length) {
      open.pop();
      continue;
    }
    const span = top.list[top.at++];
    if (seen.has(span.id)) continue;
    seen.add(span.id);
    const children = under.get(span.id) ?? [];
    found.push({ span, level: top.path.length + 1, path: top.path, children: children.length, position: top.at, size: top.list.length });
    open.push({ list: children, at: 0, path: [...top.path, span.id] });
  }
  return found;
}
