// Parked calls: those that wait for a person, and what was decided about the others.

import { getApprovals } from "../api.js";
import { approvalCard, nameField } from "../approvalcard.js";
import { inputLines } from "../confirm.js";
import { add, fill, h } from "../dom.js";
import { clock, counted } from "../format.js";
import { on } from "../live.js";
import { encode, link } from "../router.js";
import { pill } from "../states.js";
import { inline } from "../text.js";

export function approvals(mount, { parts }, signal) {
  let [chosen] = parts;
  let shown = "";
  /** The reader has decided: the card with the focus will be gone. */
  let decided = false;
  const waiting = h("div", { class: "cards" });
  const history = h("div");
  const heading = h("h2", { tabindex: "-1" }, "Approvals");
  const status = h("p", { class: "hidden", role: "status" });
  const name = nameField();
  add(mount, add(h("div", { class: "page" }), heading, status, h("div", { class: "narrow" }, name), waiting, h("h2", null, "Decided"), history));

  async function load() {
    let answer;
    try {
      answer = await getApprovals(signal);
    } catch (error) {
      if (error.name !== "AbortError" && !shown) fill(waiting, h("p", { class: "error" }, error.message));
      return;
    }
    const key = JSON.stringify([answer, chosen]);
    // What a person reads is not replaced while it is the same.
    if (key === shown) return;
    shown = key;
    draw(answer);
    if (decided) heading.focus();
    decided = false;
  }

  function draw({ waiting: open = [], decided: past = [], configured = true }) {
    const words = open.length ? `${counted(open.length, "call")} ${open.length === 1 ? "waits" : "wait"} for approval` : "No call waits for approval";
    fill(heading, words);
    if (status.textContent !== words) fill(status, words);
    name.hidden = open.length === 0;
    fill(waiting, open.map((one) => h("div", { id: `at-${encode(one.id)}` }, approvalCard(one, () => { decided = true; load(); }, { focus: one.id === chosen }))));
    if (!open.length) {
      add(waiting, h("p", { class: "empty" }, configured ? "A call of a tool with .confirm(..) that no client asked a person about is parked here, until it is decided or expires." : "This project has no table for approvals. Calls that need a person are refused."));
    }
    const known = [...open, ...past].some((one) => one.id === chosen);
    if (chosen && !known) waiting.prepend(h("p", { class: "note" }, "The approval ", h("code", null, inline(chosen, 40)), " is not here: it has expired, or belongs to other tables."));
    fill(history, past.length ? past.map(pastCard) : h("p", { class: "empty" }, "Nothing has been decided yet."));
    if (chosen) document.getElementById(`at-${encode(chosen)}`)?.scrollIntoView({ block: "nearest" });
  }

  function pastCard(one) {
    return h("details", { class: "card past", open: one.id === chosen, id: `at-${encode(one.id)}` },
      h("summary", null, pill(one.decision), " ", h("code", null, inline(one.tool ?? "", 80)), " ", h("code", null, inline(one.id, 40)),
        h("span", { class: "dim" }, " by ", inline(one.by ?? "?", 80), ", ", clock(one.decidedAt), one.usedAt ? `, used ${clock(one.usedAt)}` : "")),
      one.unreadable ? h("p", { class: "error" }, inline(one.unreadable, 400)) : inputLines(one.input),
      h("p", null, h("a", { href: link("approvals", one.id) }, "Link to this decision")));
  }

  on("approvals", load, signal);
  on("link", (state) => state === "live" && load(), signal);
  load();
  return (target) => {
    [chosen] = target.parts;
    load();
  };
}
