// A parked call that waits for a person: its stored input, who asked, and the buttons that decide.

import { ApiError, decide } from "./api.js";
import { button, facts, fill, h, unique } from "./dom.js";
import { inputLines } from "./confirm.js";
import { away, clock } from "./format.js";
import { copy, isObject, oneLine } from "./json.js";
import { recall, remember } from "./memory.js";
import { inline } from "./text.js";

/** The name of the person who decides, as it is recorded. */
export const deciding = { name: recall("by") ?? "" };

/** The field for that name. All of them show the same. */
export function nameField() {
  const input = h("input", { type: "text", value: deciding.name, autocomplete: "name", required: true, maxlength: "200", id: unique("by"), class: "by" });
  input.addEventListener("input", () => {
    deciding.name = input.value.trim();
    remember("by", deciding.name);
    for (const other of document.querySelectorAll("input.by")) if (other !== input) other.value = input.value;
  });
  return h("div", { class: "field" }, h("label", { for: input.id }, "Your name, which is recorded"), input);
}

const caller = (askedBy) => (isObject(askedBy) ? Object.entries(askedBy).map(([name, value], at) => [at ? ", " : "", inline(name, 60), " ", h("code", null, inline(oneLine(value), 120))]) : null);

/** A card. `done(decision)` is called when the decision is stored. */
export function approvalCard(one, done, { focus } = {}) {
  const title = unique("approval");
  const state = h("p", { role: "status", class: "state" });
  const act = async (decision) => {
    if (!deciding.name) {
      fill(state, h("span", { class: "error" }, "Enter your name first: it is recorded with the decision."));
      (document.querySelector(".card:focus-within input.by") ?? document.querySelector("input.by"))?.focus();
      return;
    }
    for (const control of buttons) control.disabled = true;
    try {
      await decide(one.id, decision, { by: deciding.name, digest: one.digest });
      fill(state, decision === "approve" ? "Approved. The call runs when it is repeated." : "Denied.");
      done?.(decision);
    } catch (error) {
      const conflict = error instanceof ApiError && error.status === 409;
      fill(state, h("span", { class: "error" }, conflict ? "This call has changed or was decided in the meantime. The list is read again." : `Nothing was decided: ${error.message}`));
      for (const control of buttons) control.disabled = conflict;
      if (conflict) done?.(null);
    }
  };
  const buttons = one.unreadable ? [] : [button("Approve", () => act("approve"), { kind: "primary", "aria-describedby": title }), button("Deny", () => act("deny"), { kind: "danger", "aria-describedby": title })];
  return h("section", { class: focus ? "card ask chosen" : "card ask", "aria-labelledby": title },
    h("h3", { id: title }, h("code", null, inline(one.tool ?? "a call", 100)), " ", h("span", { class: "dim" }, inline(one.id, 40))),
    one.unreadable ? h("p", { class: "error" }, "This row cannot be read and never runs: ", inline(one.unreadable, 400)) : inputLines(one.input),
    facts([
      ["asked by", caller(one.askedBy)],
      ["function", one.function ? inline(one.function, 80) : null],
      ["parked", one.parkedAt ? `${clock(one.parkedAt)}, ${away(one.parkedAt)}` : null],
      ["expires", one.expiresAt ? `${clock(one.expiresAt)}, ${away(one.expiresAt)}` : null],
      ["key", one.key ? h("code", null, inline(one.key, 160)) : null],
      ["digest", one.digest ? [h("code", null, inline(one.digest, 18)), " ", copy(one.digest)] : null],
    ]),
    buttons.length ? h("div", { class: "actions" }, buttons) : null, state);
}
