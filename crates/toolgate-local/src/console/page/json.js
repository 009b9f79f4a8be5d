// Shows a JSON value: one member a line, large and deep parts folded, everything as text.

import { button, h } from "./dom.js";
import { block, cutText, visible } from "./text.js";
import { count } from "./format.js";

/** Deeper levels are folded at first. */
const OPEN_LEVELS = 3;
/** Longer lists and objects are folded at first, and shown in pages. */
const OPEN_MEMBERS = 60;
const PAGE = 200;
const LONG = 400;

/** A value of any kind. `open` is how many levels are unfolded at first. */
export function json(value, { open = OPEN_LEVELS, label } = {}) {
  const box = h("div", { class: "json", role: "group", "aria-label": label ?? "JSON" });
  box.append(node(value, null, open));
  return box;
}

function node(value, key, open) {
  const name = key === null ? null : [h("span", { class: "key" }, visible(short(key))), h("span", { class: "dim" }, ": ")];
  if (cutText(value)) return h("div", { class: "member" }, name, block(value, { name: "text code" }));
  if (value === null || typeof value !== "object") return h("div", { class: "member" }, name, leaf(value));
  const list = Array.isArray(value);
  const members = list ? value.map((item, at) => [String(at), item]) : Object.entries(value);
  if (members.length === 0) return h("div", { class: "member" }, name, list ? "[]" : "{}");
  const body = h("div", { class: "members" });
  const about = list ? `[${count(members.length)}]` : `{${count(members.length)}}`;
  const fold = h("details", { class: "fold" }, h("summary", null, name, h("span", { class: "dim" }, about)), body);
  const show = () => {
    if (!body.firstChild) page(body, members, 0, open - 1);
  };
  fold.addEventListener("toggle", show);
  if (open > 0 && members.length <= OPEN_MEMBERS) {
    show();
    fold.open = true;
  }
  return fold;
}

function page(body, members, from, open) {
  for (const [key, value] of members.slice(from, from + PAGE)) body.append(node(value, key, open));
  const left = members.length - from - PAGE;
  if (left <= 0) return;
  const more = button(`Show ${count(Math.min(left, PAGE))} of ${count(left)} more`, () => {
    more.remove();
    page(body, members, from + PAGE, open);
  }, { kind: "quiet" });
  body.append(more);
}

const short = (text) => (text.length > LONG ? `${text.slice(0, LONG)}…` : text);

function leaf(value) {
  if (typeof value !== "string") return h("span", { class: `v-${typeof value}` }, String(value));
  if (value.length <= LONG && !value.includes("\n")) {
    return h("bdi", { class: "v-string" }, '"', visible(value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')), '"');
  }
  return block(value, { name: "text code v-string" });
}

/** A value as one short line. */
export function oneLine(value) {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

/** A value as indented text. */
export const pretty = (value) => JSON.stringify(value, null, 2) ?? "";

/** The JSON of a text as `{value}` or `{error}`. */
export function parsed(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: error.message };
  }
}

/** An object from entries. A member named `__proto__` stays a member. */
export const object = (entries) => Object.fromEntries(entries);

/** Whether a value is an object of JSON. */
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** What a value is, in a word: `10` as text and `10` as a number look the same. */
export const kindOf = (value) => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value === "string" ? "text" : typeof value);

/** A small button that copies a value's text. */
export function copy(text, label = "Copy") {
  const own = button(label, async () => {
    const done = await navigator.clipboard.writeText(typeof text === "function" ? text() : text).then(() => "Copied", () => "Not allowed");
    own.textContent = done;
    setTimeout(() => (own.textContent = label), 1500);
  }, { kind: "quiet small" });
  return own;
}
