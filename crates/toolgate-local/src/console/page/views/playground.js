// One tool: its form, how its text becomes values, the event that is sent, and the reply.

import { getSpan, post } from "../api.js";
import { add, button, choice, facts, field, fill, h } from "../dom.js";
import { newSession } from "../invoke.js";
import { copy, isObject, json, kindOf, object, parsed, pretty } from "../json.js";
import { recall, remember } from "../memory.js";
import { link } from "../router.js";
import { saveAsTest } from "../saveastest.js";
import { schemaForm } from "../schemaform.js";
import { tabs } from "../tabs.js";
import { now } from "../live.js";
import { inline, plain } from "../text.js";

/** What was entered, by function and tool, while the page lives. */
const drafts = new Map();
const WAIT = 250;

export function playground(mount, owner, tool, query, signal) {
  const id = `${owner.name}/${tool.name}`;
  const draft = drafts.get(id) ?? { input: {}, session: newSession(), wire: owner.wires?.[0] ?? "direct" };
  drafts.set(id, draft);
  /** An event that a person has edited is sent as it is. */
  let edited = null;
  /** The client context of the shown event. */
  let context = null;

  const understood = h("div", { class: "understood" });
  const form = schemaForm(tool.inputSchema, () => take(form.read()));
  const raw = h("textarea", { class: "code", rows: "10", spellcheck: "false", "aria-label": "Input as JSON" });
  const rawNote = h("p", { role: "status" });
  const event = h("textarea", { class: "code", rows: "14", spellcheck: "false", "aria-label": "The event that is sent" });
  const eventNote = h("p", { role: "status", class: "dim" });
  const reply = h("div", { class: "reply", "aria-live": "polite" });
  const wire = choice((owner.wires ?? ["direct"]).map((name) => [name, plain(name, 40)]), draft.wire, (value) => { draft.wire = value; stale(); if (Object.keys(draft.input).length) understand(); });
  const session = h("input", { type: "text", value: draft.session, spellcheck: "false", autocomplete: "off" });
  session.addEventListener("input", () => { draft.session = session.value; stale(); });
  const identity = (owner.identity ?? []).map((name) => [name, h("input", { type: "text", value: recall(`attribute.${name}`) ?? now.state.attributeExamples?.[name] ?? "", placeholder: "none", spellcheck: "false", autocomplete: "off" })]);
  for (const [name, control] of identity) control.addEventListener("input", () => { remember(`attribute.${name}`, control.value); stale(); });
  const attributes = h("input", { type: "text", value: draft.attributes ?? "", placeholder: "{}", spellcheck: "false", autocomplete: "off" });
  attributes.addEventListener("input", () => { draft.attributes = attributes.value; stale(); });
  const send = button("Send", submit, { kind: "primary" });

  raw.addEventListener("input", () => {
    const { value, error } = parsed(raw.value);
    fill(rawNote, error ? h("span", { class: "error" }, plain(error, 200)) : isObject(value) ? null : h("span", { class: "error" }, "An input is an object."));
    if (isObject(value)) take(value, raw);
  });
  event.addEventListener("input", () => {
    const { value, error } = parsed(event.value);
    edited = error ? undefined : { event: value, clientContext: context };
    fill(eventNote, error ? h("span", { class: "error" }, plain(error, 200)) : "Edited: this event is sent as it is. ", error ? null : remakeButton());
  });

  function take(input, from) {
    draft.input = input;
    if (from !== raw) raw.value = pretty(input);
    if (from === raw) form.write(input);
    stale();
    understand();
  }

  /** The shown event is not that of the input any more. An edited one stays. */
  function stale() {
    if (edited !== null) return;
    clearTimeout(stale.timer);
    stale.timer = setTimeout(() => event.isConnected && event.offsetParent && remake(), WAIT);
  }

  let asked = 0;
  function understand() {
    clearTimeout(understand.timer);
    understand.timer = setTimeout(async () => {
      const own = ++asked;
      try {
        const answer = await post("tools/understand", { function: owner.name, tool: tool.name, wire: wire.value, input: draft.input }, signal);
        if (own !== asked) return;
        const problems = answer.problems ?? [];
        form.problems(Object.keys(draft.input).length ? problems : []);
        drawUnderstood(answer);
      } catch (error) {
        if (error.name !== "AbortError") fill(understood, h("p", { class: "error" }, plain(error.message, 300)));
      }
    }, WAIT);
  }

  function drawUnderstood({ understood: values, problems = [] }) {
    const names = [...new Set([...Object.keys(draft.input), ...Object.keys(isObject(values) ? values : {})])];
    const own = (object, name) => (isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined);
    const cell = (value) => (value === undefined ? h("span", { class: "dim" }, "–") : [h("code", null, inline(JSON.stringify(value), 160)), " ", h("span", { class: "dim" }, kindOf(value))]);
    fill(understood, h("h3", null, "How text becomes values"),
      names.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "How text becomes values" }, h("table", { class: "data" },
        h("thead", null, h("tr", null, ["Field", "As sent", "As understood"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", null, names.map((name) => h("tr", null, h("th", { scope: "row" }, inline(name, 80)), h("td", null, cell(own(draft.input, name))), h("td", null, cell(own(values, name)))))))) : h("p", { class: "dim" }, "Enter a value to see how the tool's schema reads it."),
      names.length ? h("p", { role: "status" }, problems.length ? h("span", { class: "warn-text" }, `${problems.length} ${problems.length === 1 ? "problem" : "problems"}: the call would stop at the gates for fields or types.`) : "The tool's schema takes this input.") : null);
  }

  const made = () => {
    const extra = parsed(draft.attributes || "{}");
    if (extra.error || !isObject(extra.value)) throw new Error("the session attributes are not a JSON object");
    return { function: owner.name, tool: tool.name, wire: wire.value, input: draft.input, session: session.value, attributes: extra.value, identity: object(identity.map(([name, control]) => [name, control.value.trim()]).filter(([, value]) => value !== "")) };
  };

  async function makeEvent() {
    try {
      const answer = await post("tools/event", made(), signal);
      event.value = pretty(answer.event);
      context = answer.clientContext ?? null;
      fill(eventNote, "Edit it to send something else.");
      return answer;
    } catch (error) {
      if (error.name !== "AbortError") fill(eventNote, h("span", { class: "error" }, plain(error.message, 300)));
      throw error;
    }
  }

  /** The error is shown already. */
  const remake = () => makeEvent().catch(() => {});
  const remakeButton = () => button("Make it from the input again", () => { edited = null; remake(); }, { kind: "quiet small" });

  async function submit() {
    if (edited === undefined) {
      fill(reply, h("p", { class: "error" }, "The edited event is not valid JSON."));
      return;
    }
    send.disabled = true;
    fill(reply, h("p", { class: "dim" }, "Sending…"));
    try {
      const sent = edited ?? (await makeEvent());
      const answer = await post("tools/send", { function: owner.name, event: sent.event, clientContext: sent.clientContext ?? null }, signal);
      drawReply(answer, sent);
    } catch (error) {
      if (error.name !== "AbortError") fill(reply, h("p", { class: "error" }, plain(error.message, 600)));
    } finally {
      send.disabled = false;
    }
  }

  function drawReply(answer, sent) {
    fill(reply, h("h3", null, "Reply"),
      answer.functionError ? h("p", { class: "error" }, "The function failed: ", inline(answer.functionError, 100)) : null,
      json(answer.reply, { open: 5, label: "Reply" }),
      h("div", { class: "actions" },
        answer.turn ? h("a", { class: "button", href: link("turns", answer.turn) }, "See the trace") : null,
        button("Save as a test", () => saveAsTest({ function: owner.name, event: sent.event, clientContext: sent.clientContext ?? null, reply: answer.reply }, tool.name.replaceAll("_", "-").toLowerCase())),
        copy(() => pretty(answer.reply), "Copy the reply")));
  }

  /** The call of a trace, to be edited and sent again. */
  async function fromTrace(turn, span) {
    try {
      const { detail } = await getSpan(turn, span, signal);
      if (pretty([detail.event, detail.clientContext]).includes('"$cut": true')) {
        fill(reply, h("p", { class: "error" }, "The server kept only the beginning of this call, so it cannot be sent again as it was."));
        return;
      }
      context = detail.clientContext ?? null;
      edited = { event: detail.event, clientContext: context };
      event.value = pretty(detail.event);
      fill(eventNote, "The event of the call in the trace. Edit it, then send it. ", remakeButton());
      if (isObject(detail.input?.sent)) {
        form.write(detail.input.sent);
        take(detail.input.sent);
      }
    } catch (error) {
      if (error.name !== "AbortError") fill(eventNote, h("span", { class: "error" }, `The call of the trace cannot be read: ${error.message}`));
    }
  }

  const confirm = tool.confirm ? "a person, before it runs" : null;
  const input = tabs([
    ["form", "Form", () => form.node],
    ["json", "JSON", () => [raw, rawNote]],
    ["event", "Event", () => { if (edited === null) remake(); return [event, eventNote]; }],
  ], { label: "Input", open: query.has("turn") ? "event" : "form", chosen: (name) => name === "event" && edited === null && event.isConnected && remake() });

  add(mount, h("p", { class: "back" }, h("a", { href: link("tools") }, "← All tools")),
    h("h2", null, h("code", null, inline(tool.name, 80))),
    tool.description ? h("p", { class: "lead" }, inline(tool.description, 1000)) : null,
    facts([["function", inline(owner.name, 60)], ["agents", tool.agents?.length ? inline(tool.agents.join(", "), 200) : null], ["confirmed by", confirm], ["effect", tool.once ? "once per key" : null], ["exposes", tool.outputFields?.length ? inline(tool.outputFields.join(", "), 400) : null]]),
    h("div", { class: "pair" },
      h("section", { class: "part", "aria-label": "The call" },
        h("div", { class: "row-fields" }, field("Wire", wire), field("Session", session), identity.map(([name, control]) => field(plain(name, 40), control)), field("Session attributes (JSON)", attributes)),
        input, h("div", { class: "actions" }, send)),
      h("div", null, understood, reply)));

  form.write(draft.input);
  raw.value = pretty(draft.input);
  drawUnderstood({ understood: null });
  if (query.has("turn")) fromTrace(query.get("turn"), query.get("span"));
  else if (Object.keys(draft.input).length) understand();
}
