// The gates of a call: one lane per gate in their order, with its verdict, its time, and why it stopped the call.

import { h } from "./dom.js";
import { duration } from "./format.js";
import { pill, tone } from "./states.js";
import { inline } from "./text.js";

/** A table of the gates. The first sentence says how the call ended. */
export function gates(list) {
  const all = Array.isArray(list) ? list : [];
  if (all.length === 0) return h("p", { class: "empty" }, "Which gates this call passed is not known: the function sent no trace.");
  const end = all.reduce((most, gate) => Math.max(most, (gate.startUs ?? 0) + (gate.durationUs ?? 0)), 1);
  return h("div", null,
    h("p", { class: "lead" }, sentence(all)),
    h("table", { class: "lanes" },
      h("caption", { class: "hidden" }, "The gates in their order"),
      h("thead", null, h("tr", null, ["Gate", "Verdict", "Time line", "Time"].map((name) => h("th", { scope: "col", class: name === "Time" ? "number" : null }, name)))),
      h("tbody", null, all.map((gate) => lane(gate, end)))));
}

function sentence(all) {
  const stop = all.find((gate) => gate.verdict === "stopped");
  if (stop?.gate === "tool runs") return ["The call passed the gates before its tool, and the tool refused it", stop.why ? [": ", inline(stop.why, 600)] : "", "."];
  if (stop) return ["The gate ", h("strong", null, inline(stop.gate, 60)), " stopped this call", stop.why ? [": ", inline(stop.why, 600)] : "", "."];
  const early = all.find((gate) => gate.verdict === "replayed" || gate.verdict === "cached");
  if (early) return ["The gate ", h("strong", null, inline(early.gate, 60)), early.verdict === "cached" ? " answered from the cache; the tool did not run." : " answered with the first reply; nothing happened a second time."];
  const cut = all.find((gate) => gate.verdict === "interrupted");
  if (cut) return ["The call ended while it was at ", h("strong", null, inline(cut.gate, 60)), ": by a panic or a time limit."];
  return "The call passed every gate, and its tool ran.";
}

function lane(gate, end) {
  const reached = gate.verdict !== "not reached" && gate.verdict !== "skipped";
  const bar = h("svg", { class: "track", width: "100%", height: "16", "aria-hidden": "true", focusable: "false" });
  if (reached) {
    const x = ((gate.startUs ?? 0) / end) * 100;
    const width = Math.max(((gate.durationUs ?? 0) / end) * 100, 0.8);
    bar.append(h("rect", { class: `fill ${tone(gate.verdict)}`, x: `${Math.min(x, 99.2).toFixed(2)}%`, width: `${Math.min(width, 100).toFixed(2)}%`, y: "4", height: "8", rx: "2" }));
  }
  return h("tr", { class: `lane ${tone(gate.verdict)}${gate.gate === "tool runs" ? " tool" : ""}` },
    h("th", { scope: "row" }, inline(gate.gate, 60)),
    h("td", null, pill(gate.verdict), gate.why ? h("div", { class: "why" }, inline(gate.why, 1000)) : null),
    h("td", { class: "bar" }, bar),
    h("td", { class: "number" }, reached ? duration((gate.durationUs ?? 0) / 1000) : ""));
}
