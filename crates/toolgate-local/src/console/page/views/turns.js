// The turns: a live list, and the trace of the one that is chosen.

import { getTurns } from "../api.js";
import { add, button, choice, fill, h } from "../dom.js";
import { clock, counted, duration, money } from "../format.js";
import { now, on } from "../live.js";
import { link } from "../router.js";
import { sign } from "../states.js";
import { inline } from "../text.js";
import { trace } from "./trace.js";

const FILTERS = {
  all: ["All turns", () => true],
  running: ["Running or waiting", (turn) => turn.state === "running" || turn.state === "waiting"],
  stopped: ["Stopped or failed", (turn) => turn.state === "failed" || turn.stopped > 0],
};
/** Remembered while the page lives. */
const kept = { filter: "all", words: "" };

export function turns(mount, { parts }, signal) {
  const rows = new Map();
  let more = false;
  let told = new Set();
  const list = h("ol", { class: "turns" });
  const older = button("Older turns", () => load(order().at(-1)?.id), { hidden: true });
  const words = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the turns", value: kept.words });
  words.addEventListener("input", () => { kept.words = words.value; draw(); });
  const states = choice(Object.entries(FILTERS).map(([name, [label]]) => [name, label]), kept.filter, (value) => { kept.filter = value; draw(); }, { "aria-label": "Which turns" });
  const note = h("p", { class: "empty" });
  const side = h("section", { class: "side", "aria-labelledby": "turns-title" },
    h("h2", { id: "turns-title" }, "Turns"), h("div", { class: "tools" }, words, states), note, list, older);
  const detail = h("section", { class: "detail", "aria-label": "The trace of a turn" });
  const split = add(h("div", { class: "split" }), side, detail);
  mount.append(split);

  const order = () => [...rows.values()].map((row) => row.turn).sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));

  function take(turn) {
    const row = rows.get(turn.id) ?? { node: h("li") };
    row.turn = turn;
    row.drawn = null;
    rows.set(turn.id, row);
  }

  function draw() {
    const wanted = kept.words.trim().toLowerCase();
    const fits = (turn) => FILTERS[kept.filter][1](turn) && (!wanted || [turn.title, turn.target, turn.session, turn.id].some((text) => String(text ?? "").toLowerCase().includes(wanted)));
    const shown = order().filter(fits);
    let next = list.firstChild;
    for (const turn of shown) {
      const row = rows.get(turn.id);
      drawRow(row);
      if (row.node === next) next = next.nextSibling;
      else list.insertBefore(row.node, next);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    older.hidden = !more;
    fill(note, shown.length ? null : rows.size ? "No turn fits the filter." : empty());
    note.hidden = shown.length > 0;
  }

  function drawRow(row) {
    const chosen = row.turn.id === open.id;
    const key = `${JSON.stringify(row.turn)}${chosen}`;
    if (row.drawn === key) return;
    row.drawn = key;
    const { turn } = row;
    const figures = [duration(turn.durationMs), turn.calls ? counted(turn.calls, "call") : null, turn.stopped ? `${turn.stopped} stopped` : null, turn.usd ? money(turn.usd) : null];
    const content = [
      h("span", { class: "line" }, sign(turn.state), h("span", { class: "title" }, inline(turn.title || turn.id, 120))),
      h("span", { class: "line dim" }, h("span", null, clock(turn.startedAt)), h("span", { class: "grow" }, inline(turn.target, 40)), h("span", null, figures.filter(Boolean).join(" · "))),
    ];
    // The link stays the same element, so that it keeps the focus while its turn runs.
    if (!row.node.firstChild) row.node.append(h("a", { href: link("turns", turn.id), class: "turn" }));
    fill(row.node.firstChild, content);
    if (chosen) row.node.firstChild.setAttribute("aria-current", "true");
    else row.node.firstChild.removeAttribute("aria-current");
  }

  /** Without `before`, the answer is the newest turns: others are gone, apart from those that were told meanwhile. */
  async function load(before) {
    const meanwhile = before === undefined ? (told = new Set()) : null;
    try {
      const answer = await getTurns({ before }, signal);
      const fresh = new Set((answer.turns ?? []).map((turn) => turn.id));
      if (meanwhile) for (const id of rows.keys()) if (!fresh.has(id) && !meanwhile.has(id)) rows.delete(id);
      for (const turn of answer.turns ?? []) take(turn);
      more = answer.more === true;
      draw();
    } catch (error) {
      if (error.name !== "AbortError" && now.link === "live") fill(note, error.message);
    }
  }

  const open = { id: null, update: null, end: null };
  function show(id, span) {
    if (id === open.id && open.update) return open.update(span);
    open.end?.abort();
    open.end = new AbortController();
    open.id = id ?? null;
    split.classList.toggle("opened", open.id !== null);
    fill(detail);
    open.update = null;
    if (open.id === null) add(detail, h("p", { class: "empty" }, "Choose a turn to see its trace."));
    else open.update = trace(detail, open.id, span, AbortSignal.any([signal, open.end.signal]));
    draw();
    return undefined;
  }

  on("turn", (turn) => {
    told.add(turn.id);
    take(turn);
    draw();
  }, signal);
  on("link", (state) => state === "live" && load(), signal);
  show(parts[0], parts[1]);
  load();
  return (target) => show(target.parts[0], target.parts[1]);
}

const empty = () => ["No turns yet. Talk to an agent in the ", h("a", { href: link("chat") }, "chat"), ", send a call in ", h("a", { href: link("tools") }, "tools"), ", or run ", h("code", null, "toolgate chat"), "."];
