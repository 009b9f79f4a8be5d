// What the page keeps in this browser: texts such as the theme and the name of the person who decides.

const PREFIX = "toolgate.";

/** A kept text, or null. Storage may be switched off. */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It is a convenience.
  }
}
