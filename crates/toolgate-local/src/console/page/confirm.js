// Questions to a person: a call that waits, shown with its exact input, one field a line, and the answers to it.

import { add, button, fill, h, unique } from "./dom.js";
import { isObject, kindOf, oneLine } from "./json.js";
import { code, inline } from "./text.js";

/** The fields of an input, one a line, with every hidden character visible. `entries`: `[name, value, type]`. */
export function fieldLines(entries) {
  if (!entries.length) return h("p", { class: "dim" }, "The call has no input.");
  return h("table", { class: "fields" },
    h("caption", { class: "hidden" }, "The exact input"),
    h("tbody", null, entries.map(([name, value, type]) =>
      h("tr", null, h("th", { scope: "row" }, inline(name, 120), type ? h("span", { class: "dim" }, " ", inline(type, 30)) : null), h("td", null, code(oneLine(value)))))));
}

/** The fields of any input. What is not an object is one field. */
export const inputLines = (input) => fieldLines((isObject(input) ? Object.entries(input) : [["input", input]]).map(([name, value]) => [name, value, kindOf(value)]));

/** One question of a `returnControl`: what it asks for, and how its answer is written. */
function question(entry) {
  const api = entry.apiInvocationInput;
  const input = api ?? entry.functionInvocationInput ?? {};
  const fields = [...(input.parameters ?? [])];
  for (const [type, content] of Object.entries(api?.requestBody?.content ?? {})) {
    fields.push(...(content?.properties ?? []).map((one) => ({ ...one, type: one.type ?? type })));
  }
  const name = api ? `${api.httpMethod ?? ""} ${api.apiPath ?? ""}`.trim() : input.function ?? "";
  const base = { actionGroup: input.actionGroup };
  if (input.agentId) base.agentId = input.agentId;
  if (api) Object.assign(base, { apiPath: api.apiPath, httpMethod: api.httpMethod });
  else base.function = input.function;
  const wrap = (result) => (api ? { apiResult: result } : { functionResult: result });
  const kind = input.actionInvocationType ?? "RESULT";
  return {
    name,
    who: input.collaboratorName,
    fields: fields.map((one) => [one.name, one.value, one.type]),
    asksConsent: kind !== "RESULT",
    asksResult: kind !== "USER_CONFIRMATION",
    yes: () => wrap({ ...base, confirmationState: "CONFIRM" }),
    no: () => wrap({ ...base, confirmationState: "DENY" }),
    result: (body) => wrap({ ...base, ...(kind === "RESULT" ? {} : { confirmationState: "CONFIRM" }), ...(api ? { httpStatusCode: 200, responseBody: { "application/json": { body } } } : { responseBody: { TEXT: { body } } }) }),
  };
}

/** The cards of a `returnControl`. `answer({invocationId, results})` is called when every question has its answer. */
export function questions(payload, answer) {
  const all = (payload.invocationInputs ?? []).map(question);
  const results = new Array(all.length).fill(null);
  const box = h("div", { class: "questions" });
  for (const [at, one] of all.entries()) {
    const title = unique("question");
    const state = h("p", { class: "dim", role: "status" });
    const actions = h("div", { class: "actions" });
    const decide = (result, words) => {
      results[at] = result;
      fill(state, words);
      for (const control of actions.querySelectorAll("button, textarea")) control.disabled = true;
      actions.hidden = !one.asksResult;
      if (results.every((done) => done !== null)) answer({ invocationId: payload.invocationId, results });
    };
    if (one.asksResult) {
      const body = h("textarea", { rows: "3", "aria-label": `Result of ${one.name}` });
      add(actions, body, button("Send the result", () => decide(one.result(body.value), "The result is sent."), { kind: "primary" }));
    } else {
      add(actions, button("Approve this call", () => decide(one.yes(), "Approved."), { kind: "primary" }));
    }
    if (one.asksConsent) add(actions, button("Deny", () => decide(one.no(), "Denied."), { kind: "danger" }));
    add(box, h("section", { class: "card ask", "aria-labelledby": title },
      h("h3", { id: title }, one.asksResult ? "Needs a result: " : "Run this call? ", h("code", null, inline(one.name, 120)), one.who ? h("span", { class: "dim" }, " asked by ", inline(one.who, 60)) : null),
      fieldLines(one.fields), actions, state));
  }
  return box;
}
