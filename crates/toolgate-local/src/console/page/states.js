// The words and signs of states. A sign always stands beside its word, so that nothing depends on colour.

import { h } from "./dom.js";
import { plain } from "./text.js";

const SIGNS = {
  running: "○", waiting: "…", done: "✓", ok: "✓", failed: "✕", stopped: "■",
  passed: "✓", replayed: "↺", cached: "≡", skipped: "–", "not reached": "·", interrupted: "✕",
  approved: "✓", denied: "✕", allow: "✓", deny: "✕",
};
const TONES = {
  running: "busy", waiting: "warn", done: "good", ok: "good", failed: "bad", stopped: "warn",
  passed: "good", replayed: "info", cached: "info", skipped: "dim", "not reached": "dim", interrupted: "bad",
  approved: "good", denied: "bad", allow: "good", deny: "bad",
};
const KINDS = new Set(["agent", "model", "call", "policy", "interceptor", "guardrail", "hook", "knowledge", "database"]);

const own = (table, name, other) => (Object.hasOwn(table, name) ? table[name] : other);

/** The tone of a state, as a class name. */
export const tone = (state) => own(TONES, state, "dim");

/** A sign with its word. */
export function pill(state, label = plain(state, 40)) {
  return h("span", { class: `pill ${tone(state)}` }, h("span", { "aria-hidden": "true" }, own(SIGNS, state, "·")), " ", label);
}

/** A sign alone to look at, its word for screen readers. */
export function sign(state) {
  return h("span", { class: `sign ${tone(state)}`, title: plain(state, 40) }, h("span", { "aria-hidden": "true" }, own(SIGNS, state, "·")), h("span", { class: "hidden" }, plain(state, 40)));
}

/** The class name of a kind of span. An unknown kind has the look of none. */
export const kindName = (kind) => `k-${KINDS.has(kind) ? kind : "other"}`;
