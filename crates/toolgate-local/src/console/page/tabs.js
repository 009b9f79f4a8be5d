// Tabs by the pattern of the ARIA guide: arrow keys, Home and End move, and a panel is filled when it is first shown.

import { add, h, unique } from "./dom.js";

/** `entries`: `[name, label, make]`, where `make()` returns the panel's content. `chosen(name)` is told what is shown. */
export function tabs(entries, { label, open, chosen } = {}) {
  const list = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const box = h("div", { class: "tabbed" }, list);
  const parts = entries.map(([name, title, make]) => {
    const panel = h("div", { role: "tabpanel", id: unique("panel"), hidden: true, tabindex: "0" });
    const tab = h("button", { type: "button", role: "tab", id: unique("tab"), "aria-controls": panel.id, onclick: () => show(name) }, title);
    panel.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
    box.append(panel);
    return { name, tab, panel, make };
  });

  function show(name, { focus } = {}) {
    for (const part of parts) {
      const own = part.name === name;
      part.tab.setAttribute("aria-selected", String(own));
      part.tab.tabIndex = own ? 0 : -1;
      part.panel.hidden = !own;
      if (!own) continue;
      if (!part.panel.firstChild) add(part.panel, part.make());
      if (focus) part.tab.focus();
    }
    chosen?.(name);
  }

  list.addEventListener("keydown", (event) => {
    const at = parts.findIndex((part) => part.tab === document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    show(parts[(next + parts.length) % parts.length].name, { focus: true });
  });
  show(parts.some((part) => part.name === open) ? open : parts[0].name);
  return box;
}
