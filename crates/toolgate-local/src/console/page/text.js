// Shows text of models, tools and services: characters that a reader cannot see are written as escapes, and long text is cut.

import { add, button, h } from "./dom.js";

/** Control, format and default ignorable characters, separators of lines and paragraphs, lone surrogates, blanks. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}\u2800]/gu;
const HARMLESS = new Set(["\n", "\t"]);
const NAMES = {
  0x00: "null", 0x07: "bell", 0x08: "backspace", 0x0d: "carriage return", 0x1b: "escape", 0xad: "soft hyphen",
  0x200b: "zero width space", 0x200c: "zero width non-joiner", 0x200d: "zero width joiner",
  0x200e: "left-to-right mark", 0x200f: "right-to-left mark", 0x2028: "line separator", 0x2029: "paragraph separator",
  0x202a: "left-to-right embedding", 0x202b: "right-to-left embedding", 0x202c: "end of a direction",
  0x202d: "left-to-right override", 0x202e: "right-to-left override", 0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate", 0x2068: "isolate", 0x2069: "end of an isolate", 0xfeff: "byte order mark",
};
/** Of a long text so many characters are shown first. */
export const CUT = 6000;
/** More marks than these are written as plain text, so that a hostile text does not become a million elements. */
const MARKS = 60;

/** An escape such as `\u202e` or `\u{e0041}`. */
export function escaped(letter) {
  const code = letter.codePointAt(0);
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}

const title = (letter) => {
  const code = letter.codePointAt(0);
  const name = NAMES[code] ?? (code < 0xa0 ? "control character" : "invisible character");
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")} ${name}`;
};

const isEmoji = (text, at) => text[at] === "\ufe0f" && /\p{Emoji}$/u.test(text.slice(Math.max(0, at - 2), at));

/** The hidden characters of a text as `[position, character]`. */
function* hidden(text) {
  for (const found of text.matchAll(HIDDEN)) {
    if (!HARMLESS.has(found[0]) && !isEmoji(text, found.index)) yield [found.index, found[0]];
  }
}

/** A text on one line for titles and labels of controls: escapes instead of hidden characters, no line breaks. */
export function plain(text, most = 200) {
  const value = String(text ?? "");
  const cut = value.length > most ? `${value.slice(0, most)}…` : value;
  return cut.replace(/\s+/g, " ").replace(HIDDEN, (letter, at) => (isEmoji(cut, at) ? letter : escaped(letter)));
}

/** The nodes of a text with its hidden characters as marked escapes. */
export function visible(value) {
  const text = String(value ?? "");
  const parts = [];
  let from = 0;
  let marks = 0;
  for (const [at, letter] of hidden(text)) {
    if (++marks > MARKS) {
      parts.push(text.slice(from).replace(HIDDEN, (one) => (HARMLESS.has(one) ? one : escaped(one))));
      return parts;
    }
    if (at > from) parts.push(text.slice(from, at));
    parts.push(h("span", { class: "mark", title: title(letter) }, escaped(letter)));
    from = at + letter.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** An inline text, isolated so that its direction does not change what stands around it. */
export const inline = (value, most = 400) => {
  const text = String(cutText(value)?.text ?? value ?? "");
  return h("bdi", null, visible(text.length > most ? `${text.slice(0, most)}…` : text));
};

/** A block of text that keeps its line breaks. A long one is cut, with a button for the rest. */
export function block(value, { name = "text", most = CUT } = {}) {
  const cut = cutText(value);
  if (cut) return h("div", null, h("p", { class: "note" }, `The server kept the beginning of ${cut.bytes.toLocaleString("en")} bytes.`), block(cut.text, { name, most }));
  const text = String(value ?? "");
  const box = h("div", { class: name, dir: "auto" });
  if (text.length <= most) return add(box, visible(text));
  add(box, visible(text.slice(0, most)), h("span", { class: "dim" }, "…"));
  const more = button(`Show all ${text.length.toLocaleString("en")} characters`, () => {
    box.replaceChildren(...visible(text));
    box.tabIndex = -1;
    box.focus();
    more.remove();
  }, { kind: "quiet" });
  return h("div", null, box, more);
}

/** A block in the font for code. */
export const code = (value, options) => block(value, { name: "text code", ...options });

/** The text of a value that the server cut (`$cut`), or null. */
export function cutText(value) {
  if (value === null || typeof value !== "object" || value.$cut !== true || typeof value.text !== "string") return null;
  return { text: value.text, bytes: Number(value.bytes) || 0 };
}
