// The page's address: `#/view/part/part?name=value`. Every view has one, so that it can be linked and reloaded.

const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The address as `{view, parts, query}`. */
export function address(hash = location.hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...parts] = path.split("/").map(decode);
  return { view: view || "turns", parts: parts.filter((part) => part !== ""), query: new URLSearchParams(query ?? "") };
}

/** A part of an address. Half a character, which no address can have, is replaced. */
export const encode = (text) => encodeURIComponent(String(text).toWellFormed());

/** A link to a view. */
export function link(view, ...parts) {
  const last = parts.at(-1);
  const query = last !== null && typeof last === "object" ? `?${new URLSearchParams(parts.pop())}` : "";
  return `#/${[view, ...parts.filter((part) => part !== null && part !== undefined)].map(encode).join("/")}${query}`;
}

/** Goes to a view; with `replace` without a step in the browser's history. */
export function go(target, { replace } = {}) {
  if (location.hash === target) return;
  if (!replace) {
    location.hash = target;
    return;
  }
  history.replaceState(null, "", target);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/**
 * Shows views. A view is `show(mount, address, signal)` and may return a function that takes a changed address of the
 * same view; that function returns `false` where the view has to be made anew.
 */
export function route(mount, views, changed) {
  let current = null;
  const render = (event) => {
    const target = address();
    const view = Object.hasOwn(views, target.view) ? views[target.view] : views.missing;
    if (current?.view === target.view && current.update && current.update(target) !== false) {
      changed(target, false);
      return;
    }
    current?.end.abort();
    const end = new AbortController();
    mount.replaceChildren();
    current = { view: target.view, end };
    current.update = view(mount, target, end.signal);
    changed(target, true);
    // The reader has gone somewhere: a screen reader starts there. What the server sends moves no focus.
    if (event) mount.focus({ preventScroll: true });
  };
  addEventListener("hashchange", render);
  render();
  return () => {
    current = current && { ...current, update: null };
    render();
  };
}
