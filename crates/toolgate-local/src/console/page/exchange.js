// One exchange of a conversation: what the user wrote, the calls of its turns as chips, the answer, and what it cost.

import { getTurn } from "./api.js";
import { add, fill, h } from "./dom.js";
import { count, duration, money } from "./format.js";
import { link } from "./router.js";
import { sign } from "./states.js";
import { block, CUT, inline, visible } from "./text.js";

/** `changed(summary)` gets the summary of each turn of the exchange. */
export function exchange(input, { signal, changed }) {
  const chips = h("ul", { class: "chips", "aria-label": "Calls of this turn" });
  const answer = h("div", { class: "answer" });
  const foot = h("p", { class: "foot dim" });
  const node = h("article", { class: "exchange" },
    h("div", { class: "said user" }, h("span", { class: "hidden" }, "You: "), block(input)),
    h("div", { class: "said agent" }, h("span", { class: "hidden" }, "Agent: "), chips, answer, foot));
  const turns = new Map();
  const reading = new Set();
  const stale = new Set();
  let part = null;

  /** Appends streamed text. */
  function text(piece) {
    if (!part) {
      part = { box: h("div", { class: "text", dir: "auto" }), text: "" };
      answer.append(part.box);
    }
    part.text += piece;
    // A long answer is shown when it is complete, with a button: adding to it piece by piece would take ever longer.
    if (part.text.length <= CUT) part.box.append(...visible(piece));
  }

  /** Ends a paragraph of streamed text. */
  function paragraph() {
    if (part) part.box.replaceWith(block(part.text));
    part = null;
  }

  /** Reads a turn and shows its calls and costs. */
  async function follow(id) {
    if (!id) return;
    if (!turns.has(id)) turns.set(id, null);
    if (reading.has(id)) {
      stale.add(id);
      return;
    }
    reading.add(id);
    try {
      take(await getTurn(id, signal));
    } catch {
      // The stream shows the answer; the chips come with the next event.
    } finally {
      reading.delete(id);
      if (stale.delete(id)) follow(id);
    }
  }

  function take(turn) {
    turns.set(turn.id, turn);
    changed?.(turn);
    const known = [...turns.values()].filter(Boolean);
    fill(chips, known.flatMap((one) => (one.spanList ?? []).filter((span) => span.kind === "call").map((span) => chip(one, span))));
    const sum = (name) => known.reduce((all, one) => all + (one[name] ?? 0), 0);
    const costs = known.map((one) => one.usd).filter(Boolean).map(money);
    const figures = [
      sum("durationMs") ? duration(sum("durationMs")) : null,
      sum("inputTokens") + sum("outputTokens") ? `${count(sum("inputTokens"))} tokens in, ${count(sum("outputTokens"))} out` : null,
      costs.length ? costs.join(" + ") : null,
    ];
    const parts = [...known.map((one) => h("a", { href: link("turns", one.id) }, "Trace")), ...figures.filter(Boolean)];
    fill(foot, parts.map((one, at) => [at ? " · " : "", one]));
  }

  function problem(error) {
    paragraph();
    add(answer, h("p", { class: "error", role: "alert" }, inline(error.message ?? error, 1000)));
  }

  const note = (words) => add(answer, h("p", { class: "note" }, inline(words, 400)));
  return { node, answer, turns, text, paragraph, follow, take, problem, note };
}

function chip(turn, span) {
  return h("li", null, h("a", { class: "chip", href: link("turns", turn.id, span.id) },
    sign(span.state), " ", h("code", null, inline(span.name, 60)), h("span", { class: "dim" }, " ", span.durationMs === null ? "running" : duration(span.durationMs))));
}
