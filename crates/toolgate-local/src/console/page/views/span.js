// The details of a span. A call has the most: gates, input, output, data, policy, logs, and what went over the wire.

import { facts, fill, h } from "../dom.js";
import { rowDiff } from "../diff.js";
import { clock, count, counted, duration, money } from "../format.js";
import { gates } from "../gates.js";
import { copy, isObject, json, pretty } from "../json.js";
import { message, messages } from "../messages.js";
import { link } from "../router.js";
import { kindName, pill } from "../states.js";
import { tabs } from "../tabs.js";
import { block, code, inline } from "../text.js";

/** The tab that was open last: the next span opens with it. */
let last = {};

/** Fills `mount` with a span's details. */
export function spanDetail(mount, turn, span) {
  const detail = isObject(span.detail) ? span.detail : {};
  mount.dataset.span = span.id;
  const make = new Map([["call", call], ["model", model], ["agent", agent]]).get(span.kind) ?? other;
  fill(mount, h("h3", { class: kindName(span.kind) }, h("span", { class: "kind" }, inline(span.kind, 20)), " ", inline(span.name, 120), " ", pill(span.state),
    h("span", { class: "dim" }, " ", duration(span.durationMs)), again(detail, span, turn)), make(detail, span));
}

function again(detail, span, turn) {
  if (span.kind !== "call" || !detail.function || !detail.event) return null;
  return h("a", { href: link("tools", detail.function, detail.tool ?? span.name, { turn: turn.id, span: span.id }) }, "Edit and send again");
}

const section = (title, ...content) => h("section", { class: "part" }, h("h4", null, title), content);
const value = (thing, none = "None.") => (thing === null || thing === undefined ? h("p", { class: "dim" }, none) : typeof thing === "string" ? code(thing) : json(thing, { open: 4 }));

function remembered(kind, entries) {
  const shown = entries.filter(Boolean);
  return tabs(shown, { label: "Details", open: last[kind], chosen: (name) => (last = { ...last, [kind]: name }) });
}

function call(detail, span) {
  const requests = detail.requests ?? [];
  const rows = detail.rows ?? [];
  const logs = detail.logs ?? [];
  return [
    facts([
      ["function", inline(detail.function ?? "", 80)],
      ["tool", inline(detail.tool ?? span.name, 80)],
      ["wire", inline(detail.wire ?? "", 40)],
      ["instance", inline(detail.instance ?? "", 40)],
      ["request", detail.requestId ? h("code", null, inline(detail.requestId, 80)) : null],
    ]),
    detail.error ? errorBox(detail.error) : null,
    remembered("call", [
      ["gates", "Gates", () => gates(detail.gates)],
      ["values", "Input and output", () => values(detail)],
      ["data", `Data${requests.length ? ` (${requests.length})` : ""}`, () => data(requests, rows)],
      ["policy", "Policy", () => policy(detail.policy)],
      ["logs", `Logs${logs.length ? ` (${logs.length})` : ""}`, () => logLines(logs, detail.log)],
      ["wire", "Wire", () => wire(detail)],
    ]),
  ];
}

function errorBox(error) {
  const problems = Array.isArray(error.problems) ? error.problems : [];
  return h("div", { class: "error" }, h("strong", null, inline(error.kind ?? "error", 60)), ": ", inline(error.message ?? "", 1000), problemList(problems));
}

/** The problems of an input: path, expected, got. */
export function problemList(problems) {
  if (!problems.length) return null;
  return h("ul", { class: "problems" }, problems.map((one) =>
    h("li", null, h("code", null, inline(one.path ?? "", 120)), one.expected ? [": expected ", inline(one.expected, 300)] : null, one.got ? [", got ", inline(one.got, 300)] : null)));
}

function values({ input = {}, output = {} }) {
  const dropped = Array.isArray(output?.dropped) ? output.dropped : [];
  return [
    h("div", { class: "pair" },
      section("Input as sent", value(input?.sent)),
      section("Input as understood", value(input?.understood, "The input was not understood: a gate before it stopped the call."))),
    h("div", { class: "pair" },
      section("Output as made", value(output?.made, "The tool made no output.")),
      section("Output as exposed", value(output?.exposed, "Nothing left the function."),
        dropped.length ? h("p", { class: "note" }, "Dropped: ", dropped.map((name, at) => [at ? ", " : "", h("code", null, inline(name, 80))])) : null)),
  ];
}

function data(requests, rows) {
  if (!requests.length && !rows.length) return h("p", { class: "empty" }, "This call sent no request to DynamoDB.");
  return [
    section(counted(requests.length, "request"), requests.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Requests" }, h("table", { class: "data" },
      h("thead", null, h("tr", null, ["Operation", "Table", "Outcome", "Start", "Time"].map((name, at) => h("th", { scope: "col", class: at > 2 ? "number" : null }, name)))),
      h("tbody", null, requests.map((one) => h("tr", null, h("td", null, h("code", null, inline(one.operation, 60))), h("td", null, inline(one.table ?? "–", 100)),
        h("td", null, one.outcome === "ok" ? pill("ok") : pill("failed", inline(one.outcome, 80))), h("td", { class: "number" }, duration(one.startMs)), h("td", { class: "number" }, duration(one.durationMs))))))) : null),
    section(`${counted(rows.length, "row")} changed`, rows.length ? rows.map(rowDiff) : h("p", { class: "dim" }, "No row changed.")),
  ];
}

function policy(one) {
  if (!one) return h("p", { class: "empty" }, "No policy was asked: the call did not come through the gateway.");
  const list = (items) => (items?.length ? h("ul", null, items.map((item) => h("li", null, inline(item, 1000)))) : h("p", { class: "dim" }, "None."));
  return [h("p", null, pill(one.decision, one.decision === "allow" ? "allowed" : "denied")), section("Policies that decided", list(one.policies)), section("Reasons", list(one.reasons))];
}

function logLines(logs, raw) {
  if (!logs.length && !raw) return h("p", { class: "empty" }, "The function logged nothing.");
  return [
    logs.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Log lines" }, h("table", { class: "data logs" }, h("tbody", null, logs.map((line) =>
      h("tr", { class: /^(ERROR|WARN)/i.test(line.level ?? "") ? "loud" : null }, h("td", { class: "dim" }, clock(line.at)), h("td", null, inline(line.level ?? "", 10)), h("td", null, code(line.text ?? ""))))))) : null,
    raw ? h("details", null, h("summary", null, "The raw end of the log"), code(raw)) : null,
  ];
}

function wire(detail) {
  const raw = (title, thing, none) => section(title, thing === null || thing === undefined ? h("p", { class: "dim" }, none) : [json(thing, { open: 2 }), copy(() => pretty(thing), "Copy JSON")]);
  return [raw("Event", detail.event, "The event was not kept."), detail.clientContext ? raw("Client context", detail.clientContext) : null, raw("Reply", detail.reply, "There was no reply.")];
}

function model(detail, span) {
  const usage = detail.usage ?? {};
  const rest = unknown(detail, ["model", "usage", "usd", "system", "messages", "reply", "stopReason"]);
  return [
    facts([
      ["model", inline(detail.model ?? span.name, 120)],
      ["tokens", usage.inputTokens === undefined ? null : `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out`],
      ["cost", detail.usd ? money(detail.usd) : null],
      ["stopped for", inline(detail.stopReason ?? "", 60)],
    ]),
    remembered("model", [
      ["reply", "Reply", () => (detail.reply === undefined || detail.reply === null ? h("p", { class: "dim" }, "No reply yet.") : message(detail.reply))],
      ["messages", `Messages${Array.isArray(detail.messages) ? ` (${detail.messages.length})` : ""}`, () => messages(detail.messages ?? [])],
      ["system", "System prompt", () => (detail.system ? value(detail.system) : h("p", { class: "dim" }, "None."))],
      ["raw", "JSON", () => [json(detail, { open: 2 }), copy(() => pretty(detail), "Copy JSON")]],
    ]),
    rest,
  ];
}

function agent(detail) {
  const attributes = detail.sessionAttributes;
  return [
    section("Input", block(detail.input ?? "")),
    section("Answer", detail.answer ? block(detail.answer) : h("p", { class: "dim" }, "None yet.")),
    isObject(attributes) && Object.keys(attributes).length ? section("Session attributes", json(attributes)) : null,
    unknown(detail, ["input", "answer", "sessionAttributes"]),
  ];
}

function other(detail) {
  return [typeof detail.text === "string" ? block(detail.text) : null, unknown(detail, ["text"])];
}

/** Members that this page does not know, as JSON. */
function unknown(detail, known) {
  const rest = Object.entries(detail).filter(([name]) => !known.includes(name));
  return rest.length ? json(Object.fromEntries(rest)) : null;
}
