// The tables: browse them, query them by a key, read the rows of the ledger, and fill all of them with the seed again.

import { dynamo, post } from "../api.js";
import { add, button, choice, field, fill, h, unique } from "../dom.js";
import { plainItem, query } from "../dynamo.js";
import { count, counted } from "../format.js";
import { copy, json, oneLine, pretty } from "../json.js";
import { rowMeaning } from "../ledgerrows.js";
import { now, on, refresh } from "../live.js";
import { link } from "../router.js";
import { inline, plain } from "../text.js";

const PAGE = 50;
const COLUMNS = 8;

export function tables(mount, { parts }, signal) {
  const all = now.state.tables ?? [];
  const numbers = new Map(all.map((one) => [one.name, h("span", { class: "line dim" }, `${count(one.items)} items`)]));
  const chosen = all.find((one) => one.name === parts[0] || one.logicalId === parts[0]) ?? (parts[0] ? null : all[0]);
  const side = h("section", { class: "side", "aria-labelledby": "tables-title" },
    h("h2", { id: "tables-title" }, "Tables"),
    h("nav", { "aria-label": "Tables" }, h("ul", null, all.map((one) => h("li", null, h("a", { class: "turn", href: link("tables", one.name), "aria-current": one === chosen ? "true" : null },
      h("span", { class: "line" }, h("span", { class: "title" }, inline(one.logicalId ?? one.name, 60)), one.role ? h("span", { class: "tag" }, plain(one.role, 20)) : null),
      numbers.get(one.name)))))),
    all.length ? button("Reset to the seed…", () => resetDialog(), { kind: "danger" }) : null);
  const detail = h("section", { class: "detail", "aria-label": "A table" });
  add(mount, add(h("div", { class: parts[0] ? "split opened" : "split" }), side, detail));
  if (chosen) browse(detail, chosen, signal);
  else add(detail, h("p", { class: "empty" }, all.length ? ["There is no table ", h("code", null, inline(parts[0], 100)), "."] : "This template has no table."));
  const reread = () => refresh().catch(() => {});
  on("state", (state) => (state.tables ?? []).forEach((one) => numbers.has(one.name) && fill(numbers.get(one.name), `${count(one.items)} items`)), signal);
  on("turn", (turn) => (turn.state === "done" || turn.state === "failed") && reread(), signal);
  reread();
  return () => false;
}

function browse(mount, table, signal) {
  const indexes = [{ name: "", label: "the table", keys: table.keys ?? [] }, ...(table.indexes ?? []).map((one) => ({ ...one, label: `index ${one.name}` }))];
  let index = indexes[0];
  let last = null;
  let shown = 0;
  const head = h("tr");
  const body = h("tbody");
  const status = h("p", { role: "status", class: "dim" });
  const more = button("More items", () => read(), { hidden: true });
  const opened = h("section", { class: "part", "aria-label": "The chosen item" });
  const keys = h("div", { class: "row-fields" });
  let inputs = [];
  let names = [];

  function drawKeys() {
    inputs = index.keys.map((key) => h("input", { type: "text", spellcheck: "false", autocomplete: "off", placeholder: key.role === "HASH" ? "all" : key.type === "S" ? "begins with" : "equals" }));
    fill(keys, indexes.length > 1 ? field("Read", choice(indexes.map((one) => [one.name, plain(one.label, 60)]), index.name, (name) => { index = indexes.find((one) => one.name === name); drawKeys(); })) : null,
      inputs.map((input, at) => field(plain(index.keys[at].name, 60), input)), h("button", { type: "submit", class: "button primary" }, "Read"));
  }

  async function read(again) {
    if (again) {
      [last, shown, names] = [null, 0, []];
      fill(body);
      fill(head);
      fill(opened);
    }
    const key = inputs.map((input) => input.value.trim());
    const request = { ...(key[0] ? query(table.name, index.keys, key, index.name) : { TableName: table.name, ...(index.name ? { IndexName: index.name } : {}) }), Limit: PAGE, ...(last ? { ExclusiveStartKey: last } : {}) };
    try {
      const answer = await dynamo(key[0] ? "Query" : "Scan", request, signal);
      last = answer.LastEvaluatedKey ?? null;
      draw(answer.Items ?? []);
    } catch (error) {
      if (error.name !== "AbortError") fill(status, h("span", { class: "error" }, plain(error.message, 400)));
    }
  }

  function draw(items) {
    const rows = items.map(plainItem);
    if (names.length === 0) {
      const own = (table.keys ?? []).map((key) => key.name);
      const others = new Set(rows.flatMap((row) => Object.keys(row)).filter((name) => !own.includes(name)));
      names = [...own, ...[...others].sort().slice(0, COLUMNS - own.length)];
      fill(head, h("th", { scope: "col" }, h("span", { class: "hidden" }, "Open")), table.role ? h("th", { scope: "col" }, "Meaning") : null, names.map((name) => h("th", { scope: "col" }, inline(name, 60))));
    }
    for (const [at, row] of rows.entries()) add(body, line(row, items[at]));
    shown += rows.length;
    more.hidden = !last;
    fill(status, shown ? `${counted(shown, "item")}${last ? ", and more" : ""}` : "No items.");
  }

  function line(row, item) {
    const label = (table.keys ?? []).map((key) => plain(oneLine(row[key.name]), 60)).join(" ");
    return h("tr", null,
      h("td", null, button("Open", () => open(row, item), { kind: "quiet small", "aria-label": `Open ${label}` })),
      table.role ? h("td", { class: "meaning" }, rowMeaning(table.role, row) ?? "") : null,
      names.map((name, at) => h(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : null, Object.hasOwn(row, name) ? inline(oneLine(row[name]), 60) : h("span", { class: "dim" }, "–"))));
  }

  function open(row, item) {
    const title = h("h3", { tabindex: "-1" }, "Item");
    // The ledger and the approvals table keep replies and inputs as text of JSON.
    const texts = table.role ? ["reply", "input", "caller"].filter((name) => typeof row[name] === "string" && Object.hasOwn(row, name)).map((name) => [name, row[name]]) : [];
    fill(opened, title, json(row, { open: 4, label: "Item" }), texts.map(([name, text]) => [h("h4", null, `${name}, as JSON`), json(safe(text))]),
      h("div", { class: "actions" }, copy(() => pretty(row), "Copy JSON"), copy(() => pretty(item), "Copy as DynamoDB JSON"), button("Close", () => fill(opened), { kind: "quiet small" })));
    title.focus();
    opened.scrollIntoView({ block: "nearest" });
  }

  const formElement = h("form", { onsubmit: (event) => { event.preventDefault(); read(true); } }, keys);
  drawKeys();
  add(mount, h("p", { class: "back" }, h("a", { href: link("tables") }, "← All tables")), h("h2", null, inline(table.logicalId ?? table.name, 80), table.role ? h("span", { class: "tag" }, plain(table.role, 20)) : null), h("p", { class: "dim" }, h("code", null, inline(table.name, 120))),
    formElement, status, h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Items" }, h("table", { class: "data items" }, h("thead", null, head), body)), more, opened);
  read(true);
}

function safe(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function resetDialog() {
  const title = unique("dialog");
  const status = h("p", { role: "status" });
  const act = button("Empty the tables and seed them", async () => {
    act.disabled = true;
    fill(status, "Working…");
    try {
      const { tables: number } = await post("reset", {});
      fill(status, `${counted(number, "table")} reset.`);
      dialog.addEventListener("close", () => dispatchEvent(new HashChangeEvent("hashchange")));
    } catch (error) {
      fill(status, h("span", { class: "error" }, plain(error.message, 400)));
      act.disabled = false;
    }
  }, { kind: "danger" });
  const dialog = h("dialog", { "aria-labelledby": title }, h("h2", { id: title }, "Reset the tables?"),
    h("p", null, "All items of all tables are deleted, and the seed program runs again. The ledger and the parked calls are deleted too."),
    h("div", { class: "actions" }, act, button("Close", () => dialog.close())), status);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
