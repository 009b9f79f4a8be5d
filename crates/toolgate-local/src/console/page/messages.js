// The messages that a model got and wrote: who said what, calls and their results. Unknown parts are shown as JSON.

import { h } from "./dom.js";
import { isObject, json } from "./json.js";
import { block, code, cutText, inline } from "./text.js";

/** A list of messages, the newest last. Of many, the first ones are folded. */
export function messages(list) {
  if (!Array.isArray(list)) return json(list);
  const early = list.slice(0, -6);
  return h("div", { class: "messages" },
    early.length ? h("details", null, h("summary", null, `${early.length} earlier messages`), early.map(message)) : null,
    list.slice(-6).map(message));
}

/** One message. */
export function message(value) {
  if (!isObject(value)) return h("div", { class: "message" }, part(value));
  const content = value.content ?? value.text ?? value;
  return h("div", { class: "message" }, h("div", { class: "role" }, inline(value.role ?? "message", 40)), (Array.isArray(content) ? content : [content]).map(part));
}

function part(value) {
  if (typeof value === "string") return block(value);
  if (cutText(value)) return block(value);
  if (!isObject(value)) return json(value);
  if (typeof value.text === "string" || cutText(value.text)) return block(value.text);
  const call = value.toolUse ?? value.call ?? (value.type === "tool_use" ? value : null);
  if (isObject(call)) return h("div", { class: "part" }, h("span", { class: "role" }, "calls ", inline(call.name ?? "", 100)), json(call.input ?? call.arguments ?? {}));
  const result = value.toolResult ?? value.result ?? (value.type === "tool_result" ? value : null);
  if (isObject(result)) {
    const content = result.content ?? result;
    return h("div", { class: "part" }, h("span", { class: "role" }, "result ", inline(result.name ?? result.status ?? "", 60)), typeof content === "string" ? code(content) : json(content));
  }
  return json(value);
}
