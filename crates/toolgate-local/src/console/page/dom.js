// Makes elements. Every text becomes a text node: nothing here parses markup, and nothing else in the page makes elements.

const SVG = new Set(["svg", "rect", "line", "path", "circle"]);
const ADDRESSES = new Set(["href", "src", "action", "formaction", "xlink:href"]);

/** Whether an address stays in this page or on this server. */
export const isOwn = (address) => /^(#|\/(?![/\\]))/.test(address) && !/[\t\n\r]/.test(address);

/**
 * An element. `props`: `onclick` and the like are listeners, `true` is an attribute without a value, `null`,
 * `undefined` and `false` are left out. `children`: nodes, texts, lists of them; `null` and `false` are left out.
 */
export function h(tag, props, ...children) {
  const element = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  add(element, children);
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) {
    if (typeof value !== "function") throw new TypeError(`${name} must be a function`);
    element.addEventListener(name.slice(2), value);
  } else if (name === "value" || name === "checked" || name === "indeterminate") {
    element[name] = value;
  } else if (name === "style" || name === "srcdoc" || (ADDRESSES.has(name) && !isOwn(String(value)))) {
    throw new TypeError(`the attribute ${name} is not allowed here`);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Appends children. */
export function add(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Replaces all children. */
export function fill(element, ...children) {
  element.replaceChildren();
  return add(element, ...children);
}

let last = 0;
/** An id that no other element has. */
export const unique = (prefix) => `${prefix}-${++last}`;

/** A button. `props.kind` is its look: `primary`, `danger`, `quiet`. */
export function button(label, onclick, { kind = "", ...props } = {}) {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onclick, ...props }, label);
}

/** A labelled field: a label, its control, and what the control's own description says. */
export function field(label, control, { hint, wide } = {}) {
  control.id ||= unique("field");
  const about = hint ? h("span", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (about) control.setAttribute("aria-describedby", about.id);
  return h("div", { class: wide ? "field wide" : "field" }, h("label", { for: control.id }, label), control, about);
}

/** Facts as a list of names and values. Entries without a value are left out. */
export function facts(entries, name = "facts-list") {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: name }, shown.map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))));
}

/** A choice of values: `[value, label]` or a value alone. */
export function choice(options, value, onchange, props) {
  const select = h("select", { onchange: () => onchange?.(select.value), ...props });
  for (const option of options) {
    const [own, label] = Array.isArray(option) ? option : [option, option];
    select.append(h("option", { value: own, selected: own === value }, label));
  }
  return select;
}
