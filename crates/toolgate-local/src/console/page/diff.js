// Differences: a row of a table before and after, and a unified diff of files.

import { h } from "./dom.js";
import { isObject, oneLine } from "./json.js";
import { code, inline, visible } from "./text.js";

const same = (a, b) => oneLine(a) === oneLine(b);

/** What a call changed in one row: each attribute that is new, gone or another. */
export function rowDiff({ table, key, before, after }) {
  const verb = before ? (after ? "changed" : "deleted") : after ? "added" : "looked at";
  const names = [...new Set([...Object.keys(isObject(before) ? before : {}), ...Object.keys(isObject(after) ? after : {})])];
  const value = (row, name) => (isObject(row) && Object.hasOwn(row, name) ? row[name] : undefined);
  const [changed, kept] = [[], []];
  for (const name of names) (same(value(before, name), value(after, name)) ? kept : changed).push(name);
  const cell = (row, name, kind, sign) => {
    const own = value(row, name);
    if (own === undefined) return h("td", { class: "dim" }, "–");
    return h("td", { class: kind }, h("span", { "aria-hidden": "true" }, sign), code(oneLine(own), { most: 400 }));
  };
  return h("div", { class: "card" },
    h("h4", null, inline(table, 100), " ", h("code", null, inline(oneLine(key), 200)), " ", h("span", { class: "pill info" }, verb)),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Attributes before and after" }, h("table", { class: "data" },
      h("thead", null, h("tr", null, ["Attribute", "Before", "After"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, changed.map((name) => h("tr", null, h("th", { scope: "row" }, inline(name, 80)), cell(before, name, "gone", "− "), cell(after, name, "new", "+ ")))))),
    kept.length ? h("p", { class: "dim" }, `${kept.length} unchanged: `, inline(kept.join(", "), 300)) : null);
}

/** A unified diff, line by line. */
export function unified(text) {
  const tones = { "+": "new", "-": "gone", "@": "info" };
  const lines = String(text ?? "").split("\n");
  return h("div", { class: "diff", role: "group", "aria-label": "Differences", tabindex: "0" },
    lines.slice(0, 2000).map((line) => h("div", { class: /^(\+\+\+|---)/.test(line) ? "head" : tones[line[0]] ?? null }, visible(line || " "))),
    lines.length > 2000 ? h("div", { class: "dim" }, `… and ${lines.length - 2000} more lines`) : null);
}
