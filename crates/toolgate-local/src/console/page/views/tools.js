// The tools of the functions: a list, and the playground of the one that is chosen.

import { add, h } from "../dom.js";
import { now, on } from "../live.js";
import { link } from "../router.js";
import { inline, plain } from "../text.js";
import { playground } from "./playground.js";

export function tools(mount, target, signal) {
  const { functions = [] } = now.state;
  const [first, second] = target.parts;
  const owner = functions.find((one) => one.name === first) ?? (first ? null : functions[0]);
  const tool = owner?.tools?.find((one) => one.name === second) ?? (second ? null : owner?.tools?.[0]);
  const side = h("section", { class: "side", "aria-labelledby": "tools-title" }, h("h2", { id: "tools-title" }, "Tools"), h("nav", { "aria-label": "Tools" }, functions.map((one) => list(one, owner, tool))));
  const detail = h("section", { class: "detail", "aria-label": "A tool" });
  add(mount, add(h("div", { class: first ? "split opened" : "split" }), side, detail));
  if (!functions.length) add(detail, h("p", { class: "empty" }, "This template has no function with tools."));
  else if (!tool) add(detail, h("p", { class: "empty" }, "There is no tool ", h("code", null, inline(target.parts.join("/"), 100)), "."));
  else playground(detail, owner, tool, target.query, signal);

  const catalog = JSON.stringify(functions);
  on("state", (state) => JSON.stringify(state.functions ?? []) !== catalog && dispatchEvent(new HashChangeEvent("hashchange")), signal);
  return () => false;
}

function list(owner, chosen, tool) {
  return h("section", { class: "owner" },
    h("h3", null, plain(owner.name, 60), h("span", { class: "dim" }, owner.instances === undefined ? "" : ` ${owner.instances} running`)),
    h("ul", null, (owner.tools ?? []).map((one) => h("li", null,
      h("a", { href: link("tools", owner.name, one.name), class: "turn", "aria-current": owner === chosen && one === tool ? "true" : null },
        h("code", null, plain(one.name, 60)), one.once ? h("span", { class: "tag" }, "once") : null, one.confirm ? h("span", { class: "tag" }, "confirm") : null)))));
}
