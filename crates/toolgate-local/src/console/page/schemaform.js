// A form from the JSON schema of a tool's input. Values leave it as texts, as a model would write them; the tool's own
// schema converts them, so the form judges nothing.

import { add, choice, field, fill, h, unique } from "./dom.js";
import { isObject, object, parsed, pretty } from "./json.js";
import { inline, plain } from "./text.js";

const LEVELS = 3;

const typeOf = (schema) => (Array.isArray(schema?.type) ? schema.type.find((one) => one !== "null") : schema?.type);

/** The type in words: `text`, `whole number`, `list of text`. */
function words(schema) {
  if (Array.isArray(schema?.enum)) return `one of ${schema.enum.map((one) => String(one)).join(", ")}`;
  const type = typeOf(schema);
  if (type === "array") return `list of ${words(schema.items)}`;
  return { string: schema.format ? `text, ${schema.format}` : "text", integer: "whole number", number: "number", boolean: "true or false", object: "object" }[type] ?? "any value";
}

/**
 * A form. `read()` is the input: members that are left empty are left out. `write(input)` fills the form; what does not
 * fit a field stays in `rest` and is sent too. `problems(list)` marks fields. `changed()` is called on each change.
 */
export function schemaForm(schema, changed) {
  const spots = new Map();
  const root = group(schema, "", 0, spots, changed);
  const loose = h("ul", { class: "problems" });
  return {
    node: h("div", { class: "form" }, root.node, loose),
    read: () => root.read() ?? {},
    write: (input) => root.write(input),
    problems(list) {
      for (const spot of spots.values()) spot.mark(null);
      fill(loose);
      for (const one of list) {
        const path = String(one.path ?? "").replace(/^\$?\.?/, "");
        const text = [one.expected ? ["expected ", inline(one.expected, 200)] : null, one.got ? [", got ", inline(one.got, 120)] : null];
        const spot = spots.get(path);
        if (spot) spot.mark(text);
        else add(loose, h("li", null, h("code", null, inline(one.path ?? "", 80)), ": ", text));
      }
    },
  };
}

function group(schema, path, level, spots, changed) {
  const required = new Set(Array.isArray(schema?.required) ? schema.required : []);
  const members = Object.entries(isObject(schema?.properties) ? schema.properties : {}).map(([name, part]) => {
    const at = path ? `${path}.${name}` : name;
    const nested = typeOf(part) === "object" && isObject(part.properties) && level < LEVELS;
    return [name, nested ? nest(name, part, at, level, spots, changed) : single(name, part, at, required.has(name), spots, changed)];
  });
  let rest = [];
  return {
    node: h("div", { class: "group" }, members.length ? members.map(([, one]) => one.node) : h("p", { class: "dim" }, "This tool takes no input.")),
    read() {
      const found = members.map(([name, one]) => [name, one.read()]).filter(([, value]) => value !== undefined);
      return found.length || rest.length || path === "" ? object([...found, ...rest]) : undefined;
    },
    write(input) {
      const value = isObject(input) ? input : {};
      for (const [name, one] of members) one.write(Object.hasOwn(value, name) ? value[name] : undefined);
      rest = Object.entries(value).filter(([name]) => !members.some(([own]) => own === name));
    },
  };
}

function nest(name, schema, path, level, spots, changed) {
  const inner = group(schema, path, level + 1, spots, changed);
  return { ...inner, node: h("fieldset", null, h("legend", null, plain(name, 80)), schema.description ? h("p", { class: "hint" }, plain(schema.description, 400)) : null, inner.node) };
}

function single(name, schema, path, required, spots, changed) {
  const control = controlOf(schema, changed);
  control.id = unique("input");
  control.setAttribute("aria-required", String(required));
  const error = h("span", { class: "error", id: `${control.id}-error` });
  const label = [h("code", null, plain(name, 80)), required ? h("span", { class: "required", title: "required" }, " *") : null, h("span", { class: "dim" }, " ", plain(words(schema), 120))];
  const node = field(label, control, { hint: schema.description ? plain(schema.description, 600) : null });
  node.append(error);
  const described = control.getAttribute("aria-describedby");
  spots.set(path, {
    mark(text) {
      fill(error, text);
      control.setAttribute("aria-invalid", String(text !== null));
      control.setAttribute("aria-describedby", [described, text === null ? null : error.id].filter(Boolean).join(" "));
    },
  });
  const structured = ["array", "object"].includes(typeOf(schema)) || !typeOf(schema);
  return {
    node,
    read() {
      if (control.value === "") return undefined;
      if (!structured) return control.value;
      const { value, error: wrong } = parsed(control.value);
      return wrong ? control.value : value;
    },
    write(value) {
      control.value = value === undefined ? "" : typeof value === "string" ? value : structured ? pretty(value) : String(isObject(value) ? pretty(value) : value);
    },
  };
}

function controlOf(schema, changed) {
  const type = typeOf(schema);
  if (Array.isArray(schema?.enum)) return choice([["", "–"], ...schema.enum.filter((one) => one !== null).map((one) => [String(one), plain(one, 80)])], "", changed);
  if (type === "boolean") return choice([["", "–"], "true", "false"], "", changed);
  const long = type === "array" || type === "object" || !type || (schema.maxLength ?? 0) > 200;
  const control = h(long ? "textarea" : "input", {
    spellcheck: "false", autocomplete: "off",
    type: long ? null : "text", rows: long ? "2" : null,
    inputmode: type === "integer" ? "numeric" : type === "number" ? "decimal" : null,
    placeholder: type === "array" ? "[…]" : type === "object" ? "{…}" : null,
    oninput: changed,
  });
  return control;
}
