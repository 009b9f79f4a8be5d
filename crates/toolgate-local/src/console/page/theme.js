// The theme: the system's, light or dark. The choice is kept in this browser.

import { recall, remember } from "./memory.js";

export const theme = () => document.documentElement.dataset.theme ?? "auto";

export function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  remember("theme", name);
}

setTheme(["light", "dark"].find((name) => name === recall("theme")) ?? "auto");
