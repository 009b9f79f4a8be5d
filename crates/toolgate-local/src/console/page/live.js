// The stream of events, and whether the server is there. When it stops, the page asks for it every second and takes up again.

import { getState } from "./api.js";

const bus = new EventTarget();
let source = null;
let lastId = "";
let retry = null;
let asking = false;

/** What is known: `state` is the server's own, `link` is `connecting`, `live`, `starting` or `lost`. */
export const now = { state: null, link: "connecting" };

/**
 * Listens to `turn` (a summary), `approvals`, `state` (fetched again), `reset` (everything is to be fetched again) and
 * `link` until `signal` ends.
 */
export function on(name, listener, signal) {
  bus.addEventListener(name, (event) => listener(event.detail), { signal });
}

const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

function setLink(link) {
  if (now.link === link) return;
  now.link = link;
  tell("link", link);
}

/** Begins. Ends with the page, so that the browser's few connections serve the pages that are seen. */
export function start() {
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && ask());
  return ask();
}

function stop() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

/** Asks for the state, then opens the stream. Tries again until both work. */
async function ask() {
  if (asking) return;
  asking = true;
  clearTimeout(retry);
  try {
    await refresh();
    open();
  } catch (error) {
    setLink(error.status === 503 ? "starting" : "lost");
    retry = setTimeout(ask, 1000);
  } finally {
    asking = false;
  }
}

/** Reads the state again. */
export async function refresh() {
  const state = await getState();
  if (state?.status !== "ok") throw Object.assign(new Error("not ready"), { status: 503 });
  const before = now.state?.instance;
  now.state = state;
  tell("state", state);
  // Another process: its turns and ids are others.
  if (before !== undefined && before !== state.instance) {
    lastId = "";
    tell("reset");
  }
}

function open() {
  source?.close();
  const own = new EventSource(`/console/api/events${lastId ? `?after=${encodeURIComponent(lastId)}` : ""}`);
  source = own;
  own.onopen = () => setLink("live");
  own.onerror = () => {
    // The browser tries again by itself after some failures and not after others, so the page always does it.
    own.close();
    if (source !== own) return;
    source = null;
    setLink("lost");
    retry = setTimeout(ask, 1000);
  };
  const listen = (name, act) =>
    own.addEventListener(name, (event) => {
      lastId = event.lastEventId || lastId;
      act(event.data);
    });
  listen("turn", (data) => {
    try {
      tell("turn", JSON.parse(data));
    } catch {
      tell("reset");
    }
  });
  listen("approvals", () => tell("approvals"));
  listen("state", () => refresh().catch(() => {}));
  listen("reset", () => {
    lastId = "";
    tell("reset");
  });
}
