// The console's page: the frame around the views, and the banner that says whether the server is there.

import { add, button, fill, h } from "./dom.js";
import { now, on, start } from "./live.js";
import { getApprovals } from "./api.js";
import { link, route } from "./router.js";
import { plain } from "./text.js";
import { setTheme, theme } from "./theme.js";
import { approvals } from "./views/approvals.js";
import { chat } from "./views/chat.js";
import { tables } from "./views/tables.js";
import { tools } from "./views/tools.js";
import { turns } from "./views/turns.js";

const VIEWS = [["turns", "Turns"], ["chat", "Chat"], ["tools", "Tools"], ["approvals", "Approvals"], ["tables", "Tables"]];
const mount = document.getElementById("main");
const banner = document.getElementById("banner");
const waiting = h("span", { class: "badge", hidden: true });

const tabs = new Map(VIEWS.map(([name, label]) => [name, h("a", { href: link(name) }, label, name === "approvals" && [" ", waiting])]));
add(document.getElementById("nav"), [...tabs.values()]);

function missing(box, { view }) {
  add(box, h("p", { class: "empty" }, "There is no view ", h("code", null, plain(view)), ". ", h("a", { href: "#/turns" }, "See the turns.")));
}

/** A view that needs the server's state waits for it. */
const ready = (view) => (box, target, signal) => {
  if (now.state) return view(box, target, signal);
  add(box, h("p", { class: "empty" }, "Waiting for toolgate dev…"));
  on("state", () => queueMicrotask(again), signal);
  return null;
};

const views = { approvals, chat: ready(chat), tables: ready(tables), tools: ready(tools), turns, missing };
const again = route(mount, views, ({ view }) => {
  for (const [name, tab] of tabs) {
    if (name === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const label = VIEWS.find(([name]) => name === view)?.[1];
  document.title = `${label ? `${label} · ` : ""}Toolgate console`;
});

const MODES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

function frame() {
  const { state } = now;
  const mode = button(MODES[theme()], () => {
    const names = Object.keys(MODES);
    const next = names[(names.indexOf(theme()) + 1) % names.length];
    setTheme(next);
    mode.textContent = MODES[next];
  }, { kind: "quiet small", title: "Change between the system's, the light and the dark theme" });
  fill(
    document.getElementById("facts"),
    state && h("span", { class: "fact", title: `Model: ${plain(state.model ?? "the template's")}` }, h("bdi", null, plain(state.model ?? "model of the template", 40))),
    state && h("span", { class: "fact", title: `toolgate ${plain(state.version)}, ${plain(state.endpoint)}` }, h("bdi", null, plain(state.template, 40))),
    state?.hostile !== null && state?.hostile !== undefined && h("span", { class: "fact warn" }, `hostile mode, seed ${plain(state.hostile)}`),
    mode,
  );
}

const BANNERS = {
  lost: "toolgate dev does not answer. Start it again; this page tries every second and comes back by itself.",
  starting: "toolgate dev is starting or building. This page comes back by itself.",
};

function showLink(state) {
  document.documentElement.dataset.link = state;
  const text = BANNERS[state];
  if (text) {
    fill(banner, h("span", { class: `dot ${state}` }), text);
    banner.dataset.shown = "was";
  } else if (banner.dataset.shown === "was") {
    fill(banner, h("span", { class: "dot live" }), "toolgate dev is back.");
    banner.dataset.shown = "back";
    setTimeout(() => banner.dataset.shown === "back" && fill(banner), 2500);
  }
}

async function countApprovals() {
  const { waiting: list } = await getApprovals().catch(() => ({ waiting: [] }));
  const number = list?.length ?? 0;
  waiting.hidden = number === 0;
  fill(waiting, String(number), " ", h("span", { class: "hidden" }, "waiting"));
}

on("link", showLink);
on("state", frame);
on("state", countApprovals);
on("approvals", countApprovals);
on("reset", again);
frame();
start();
