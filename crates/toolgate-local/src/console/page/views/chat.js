// A conversation with an agent or a harness of the template, over the same operations that any client uses.

import { getApprovals, getTurn, getTurns } from "../api.js";
import { approvalCard, nameField } from "../approvalcard.js";
import { questions } from "../confirm.js";
import { add, button, choice, field, fill, h } from "../dom.js";
import { exchange } from "../exchange.js";
import { clock, count, dollars, micros, money } from "../format.js";
import { invokeAgent, invokeHarness, newSession } from "../invoke.js";
import { now, on } from "../live.js";
import { recall, remember } from "../memory.js";
import { go, link } from "../router.js";
import { block, inline, plain } from "../text.js";

/** What is typed and not sent, by session. It outlives a change of the view. */
const drafts = new Map();
/** Of a long conversation the newest exchanges are shown. */
const SHOWN = 30;

const targets = (state) => [
  ...(state.agents ?? []).map((one) => ({ ...one, kind: "agent" })),
  ...(state.harnesses ?? []).map((one) => ({ ...one, kind: "harness" })),
];

export function chat(mount, { parts }, signal) {
  const all = targets(now.state);
  if (all.length === 0) {
    add(mount, h("p", { class: "empty" }, "This template has no agent and no harness. Its tools can be called in ", h("a", { href: link("tools") }, "Tools"), "."));
    return null;
  }
  const target = all.find((one) => one.id === parts[0]) ?? all.find((one) => one.name === parts[0]);
  if (parts[0] && !target) {
    add(mount, h("p", { class: "empty" }, "There is no agent or harness ", h("code", null, inline(parts[0], 80)), ". ", h("a", { href: link("chat") }, "Choose another.")));
    return null;
  }
  if (!target || !parts[1]) {
    queueMicrotask(() => go(link("chat", (target ?? all[0]).id, newSession()), { replace: true }));
    return () => false;
  }
  conversation(mount, all, target, parts[1], signal);
  return (next) => next.parts[0] === parts[0] && next.parts[1] === parts[1];
}

/** What the scripted model can answer: the agent's own, and those of others if it can ask others. A harness can do all. */
function suggested(target) {
  const own = target.suggestions ?? [];
  if (target.kind === "harness") return own.length ? own : now.state.suggestions ?? [];
  return target.collaborators?.length ? [...new Set([...own, ...(now.state.suggestions ?? [])])] : own;
}

function conversation(mount, all, target, session, signal) {
  const log = h("div", { role: "log", "aria-label": "Conversation", class: "log", tabindex: "0" });
  const spent = h("div", { class: "spent" });
  const parked = h("div", { class: "parked" });
  const status = h("p", { class: "dim", role: "status" });
  const turns = new Map();
  const exchanges = [];
  const seen = new Set();
  let busy = false;

  const input = h("textarea", { rows: "2", placeholder: `Message ${plain(target.id, 40)}`, "aria-label": "Your message", value: drafts.get(session) ?? "" });
  const send = button("Send", () => submit(), { kind: "primary" });
  input.addEventListener("input", () => drafts.set(session, input.value));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  const attributes = attributeFields(target);
  const suggestions = h("div", { class: "suggestions", role: "group", "aria-label": "Suggestions" },
    suggested(target).slice(0, 8).map((text) => button(plain(text, 80), () => { input.value = text; submit(); }, { kind: "chip" })));
  const sessions = choice([[session, plain(session, 24)]], session, (value) => go(link("chat", target.id, value)));

  add(mount, h("div", { class: "chat" },
    h("section", { class: "chatbar", "aria-label": "The conversation's settings" },
      h("h2", { class: "hidden" }, "Chat"),
      field("Talk to", choice(all.map((one) => [one.id, `${plain(one.id, 40)}${one.kind === "harness" ? " (harness)" : ""}`]), target.id, (id) => go(link("chat", id)), { title: plain(target.name, 100) })),
      field("Session", sessions),
      button("New session", () => go(link("chat", target.id, newSession()))),
      attributes.node, spent),
    log,
    h("section", { class: "composer", "aria-label": "Write" }, parked, suggestions, h("div", { class: "write" }, input, send), status)));

  function exchangeOf(text) {
    const one = exchange(text, { signal, changed: taken });
    exchanges.push(one);
    log.querySelector(":scope > .empty")?.remove();
    log.append(one.node);
    return one;
  }

  function taken(summary) {
    turns.set(summary.id, summary);
    drawSpent();
  }

  function drawSpent() {
    let sum = 0n;
    let [tokens, priced] = [0, false];
    for (const turn of turns.values()) {
      tokens += (turn.inputTokens ?? 0) + (turn.outputTokens ?? 0);
      const cost = micros(turn.usd);
      if (cost === null) continue;
      priced = true;
      sum += cost;
    }
    const limit = micros(now.state.sessionUsd);
    const left = limit === null ? null : limit > sum ? limit - sum : 0n;
    fill(spent,
      h("span", { title: "The model in use" }, h("bdi", null, plain(target.model ?? now.state.model ?? "the template's model", 60))),
      tokens ? h("span", null, `${count(tokens)} tokens`) : null,
      h("span", null, priced ? `${dollars(sum)} spent` : "no cost"),
      left === null ? null : h("span", { class: left === 0n ? "warn" : null, title: "The budget of a session, less the known costs of its turns that are kept here" }, `at most ${dollars(left)} of ${money(now.state.sessionUsd)} left`));
  }

  function setBusy(value) {
    busy = value;
    send.disabled = value;
    // A screen reader reads the answer when it is complete, not piece by piece.
    log.setAttribute("aria-busy", String(value));
    fill(status, value ? `${plain(target.id, 40)} is working…` : null);
  }

  async function submit() {
    const text = input.value.trim();
    if (!text || busy) return;
    input.value = "";
    drafts.delete(session);
    suggestions.hidden = true;
    await run(exchangeOf(text), { text });
    input.focus({ preventScroll: true });
  }

  async function run(one, what) {
    setBusy(true);
    const end = scrolled();
    const stream = target.kind === "harness" ? invokeHarness(target, session, what.text, signal) : invokeAgent(target, session, what, attributes.values(), signal);
    try {
      for await (const event of stream) {
        if (event.turn) one.follow(event.turn);
        if (event.text) one.text(event.text);
        if (event.paragraph) one.paragraph();
        if (event.stopped) one.note(`The invocation ended with ${event.stopped}.`);
        if (event.parked) for (const id of event.parked) seen.add(id);
        if (event.question) ask(one, event.question);
        end();
      }
      one.paragraph();
    } catch (error) {
      if (error.name === "AbortError") return;
      one.problem(error);
    } finally {
      if (!signal.aborted) setBusy(false);
    }
    for (const id of one.turns.keys()) one.follow(id);
    loadParked();
    end();
  }

  function ask(one, payload) {
    // Where it was asked: what follows stands below it.
    one.paragraph();
    add(one.answer, questions(payload, async (answers) => {
      await run(one, { answers });
    }));
  }

  /** Follows the end of the log only where the reader is there. */
  function scrolled() {
    const near = () => log.scrollHeight - log.scrollTop - log.clientHeight < 160;
    let follow = true;
    log.addEventListener("scroll", () => (follow = near()), { signal, passive: true });
    return () => {
      if (follow) log.scrollTop = log.scrollHeight;
    };
  }

  async function loadParked() {
    const { waiting = [] } = await getApprovals(signal).catch(() => ({}));
    const mine = waiting.filter((one) => seen.has(one.id) || (one.askedBy?.session ?? one.askedBy?.sessionId) === session);
    for (const node of [...parked.children]) if (!mine.some((one) => node.dataset.id === one.id) && !node.dataset.done) node.remove();
    for (const one of mine) {
      if ([...parked.children].some((node) => node.dataset.id === one.id)) continue;
      const box = h("div");
      box.dataset.id = one.id;
      add(box, nameField(), approvalCard(one, (decision) => {
        if (!decision) return;
        box.dataset.done = "true";
        const words = decision === "approve" ? `The person approved ${one.id}: make the same call again.` : `The person declined ${one.id}.`;
        fill(box);
        run(exchangeOf(words), { text: words }).then(() => box.remove());
      }));
      parked.append(box);
    }
  }

  /** All turns that are kept. */
  const latest = getTurns({ limit: 200 }, signal);

  async function history() {
    const { turns: list = [] } = await latest;
    const own = list.filter((turn) => turn.session === session).reverse();
    for (const turn of own) taken(turn);
    if (exchanges.length) return;
    const loaded = await Promise.all(own.slice(-SHOWN).map((turn) => getTurn(turn.id, signal).catch(() => null)));
    for (const turn of loaded.filter(Boolean)) {
      // The answer to a question is a turn without an input: it belongs to the exchange that asked.
      const one = turn.input === "" && exchanges.length ? exchanges.at(-1) : exchangeOf(turn.input ?? turn.title);
      one.take(turn);
      if (turn.answer) one.answer.append(block(turn.answer));
      if (turn.error) one.problem(turn.error);
      if (turn.waitingFor && turn === loaded.at(-1)) ask(one, turn.waitingFor);
    }
    if (loaded.length) {
      suggestions.hidden = true;
      log.scrollTop = log.scrollHeight;
    } else if (!exchanges.length) {
      log.append(h("p", { class: "empty" }, `A new conversation with ${plain(target.id, 60)}.`));
    }
  }

  async function known() {
    const { turns: list = [] } = await latest;
    const found = new Map();
    for (const turn of list) if (turn.session && (turn.target === target.name || turn.target === target.id) && !found.has(turn.session)) found.set(turn.session, turn);
    for (const [id, turn] of [...found].slice(0, 30)) {
      if (id === session) sessions.firstChild.textContent = `${clock(turn.startedAt)} ${plain(turn.title, 40)}`;
      else sessions.append(h("option", { value: id }, `${clock(turn.startedAt)} ${plain(turn.title, 40)}`));
    }
  }

  on("turn", (summary) => {
    if (summary.session === session) taken(summary);
    for (const one of exchanges) if (one.turns.has(summary.id)) one.follow(summary.id);
  }, signal);
  on("approvals", loadParked, signal);
  drawSpent();
  history().catch(() => {});
  known().catch(() => {});
  loadParked();
}

/** The session attributes that the agent's tools take an identity from. Kept in this browser. */
function attributeFields(target) {
  const names = target.attributes ?? [];
  const examples = now.state.attributeExamples ?? {};
  const inputs = names.map((name) => [name, h("input", { type: "text", value: recall(`attribute.${name}`) ?? examples[name] ?? "", placeholder: "none", autocomplete: "off", spellcheck: "false" })]);
  for (const [name, input] of inputs) input.addEventListener("input", () => remember(`attribute.${name}`, input.value));
  return {
    node: inputs.map(([name, input]) => field(plain(name, 40), input)),
    values: () => Object.fromEntries(inputs.map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value !== "")),
  };
}
