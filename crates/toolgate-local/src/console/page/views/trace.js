// The trace of one turn: its head, the waterfall of its spans, and the details of the chosen span.

import { getSpan, getTurn } from "../api.js";
import { add, facts, fill, h } from "../dom.js";
import { clock, count, duration, money } from "../format.js";
import { on } from "../live.js";
import { go, link } from "../router.js";
import { pill } from "../states.js";
import { block, inline, plain } from "../text.js";
import { waterfall } from "../waterfall.js";
import { spanDetail } from "./span.js";

/** Fills `mount`, follows the turn while it runs, and returns a function that shows another span. */
export function trace(mount, id, span, signal) {
  const head = h("div", { class: "head" }, h("p", { class: "dim" }, "Loading…"));
  const grid = h("div", { class: "grid" });
  const detail = h("section", { class: "span", "aria-label": "The chosen span", "aria-live": "off" });
  mount.classList.add("trace");
  signal.addEventListener("abort", () => mount.classList.remove("trace"));
  add(mount, head, grid, detail);

  let turn = null;
  let chart = null;
  let chosen = span ?? null;
  let shown = null;
  let reading = false;
  let stale = false;

  async function read() {
    if (reading) {
      stale = true;
      return;
    }
    reading = true;
    try {
      turn = await getTurn(id, signal);
      draw();
    } catch (error) {
      if (error.name !== "AbortError" && !turn) {
        const text = error.status === 404 ? "This turn is not kept any more, or belongs to an earlier start of toolgate dev." : error.message;
        fill(head, back(), h("p", { class: "empty" }, text));
      }
    } finally {
      reading = false;
      if (stale && !signal.aborted) {
        stale = false;
        read();
      }
    }
  }

  function draw() {
    drawHead(head, turn);
    const spans = Array.isArray(turn.spanList) ? turn.spanList : [];
    if (!chart) {
      chart = waterfall(grid, { label: `Spans of ${plain(turn.title, 60)}`, chosen: (next) => go(link("turns", id, next), { replace: true }) });
    }
    chart.update(spans, turn.durationMs);
    // The first thing that went wrong is what a reader looks for, else the first call.
    if (chosen === null) chosen = (spans.find((one) => one.state === "stopped" || one.state === "failed") ?? spans.find((one) => one.kind === "call") ?? spans[0])?.id ?? null;
    chart.select(chosen);
    showSpan(spans.find((one) => one.id === chosen));
  }

  async function showSpan(one) {
    if (!one) {
      fill(detail, chosen && turn.state !== "running" ? h("p", { class: "empty" }, "This turn has no such span.") : null);
      shown = null;
      return;
    }
    const key = `${one.id} ${one.state} ${one.durationMs} ${one.detailBytes}`;
    if (shown === key) return;
    shown = key;
    try {
      const whole = await getSpan(id, one.id, signal);
      if (shown === key) spanDetail(detail, turn, whole);
    } catch (error) {
      if (error.name === "AbortError") return;
      shown = null;
      fill(detail, h("p", { class: "error" }, `The details cannot be read: ${error.message}`));
    }
  }

  on("turn", (changed) => changed.id === id && read(), signal);
  on("link", (state) => state === "live" && read(), signal);
  read();

  return (next) => {
    if ((next ?? null) === null || !turn) {
      chosen = next ?? chosen;
      return undefined;
    }
    chosen = next;
    chart?.select(chosen);
    showSpan((turn.spanList ?? []).find((one) => one.id === chosen));
    return undefined;
  };
}

const back = () => h("p", { class: "back" }, h("a", { href: link("turns") }, "← All turns"));

function drawHead(head, turn) {
  const chat = turn.session && (turn.kind === "agent" || turn.kind === "harness") ? h("a", { href: link("chat", turn.target, turn.session) }, "Open in the chat") : null;
  const tokens = turn.inputTokens || turn.outputTokens ? `${count(turn.inputTokens)} in, ${count(turn.outputTokens)} out` : null;
  fill(
    head,
    back(),
    h("h2", null, inline(turn.title || turn.id, 120), " ", pill(turn.state)),
    facts([
      [plain(turn.kind), inline(turn.target, 60)],
      ["started", clock(turn.startedAt)],
      ["took", turn.state === "running" ? "running…" : duration(turn.durationMs)],
      ["spans", count(turn.spans)],
      ["tokens", tokens],
      ["cost", turn.usd ? money(turn.usd) : null],
      ["session", turn.session ? inline(turn.session, 60) : null],
      ["turn", h("code", null, plain(turn.id))],
      ["", chat],
    ]),
    turn.error ? h("p", { class: "error" }, inline(turn.error, 1000)) : null,
    turn.input || turn.answer ? said(turn) : null,
  );
}

function said(turn) {
  return h("details", { class: "said" }, h("summary", null, "Input and answer"),
    h("h3", null, "Input"), block(turn.input ?? ""), h("h3", null, "Answer"), turn.answer ? block(turn.answer) : h("p", { class: "dim" }, turn.state === "running" ? "Not yet." : "None."));
}
