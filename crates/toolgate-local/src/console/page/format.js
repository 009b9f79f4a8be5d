// Numbers, times and money as a reader expects them. What is none of them is shown as text.

import { plain } from "./text.js";

/** A duration in milliseconds. */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(Number(ms))) return "";
  const value = Number(ms);
  if (value < 1) return `${Math.round(value * 1000)} µs`;
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1000).toFixed(2)} s`;
  return `${Math.floor(value / 60_000)} min ${Math.round((value % 60_000) / 1000)} s`;
}

/** A count with thousands separators. */
export const count = (value) => Number(value ?? 0).toLocaleString("en");

/** A count with its noun: `1 call`, `2 calls`. */
export const counted = (value, noun) => `${count(value)} ${noun}${Number(value) === 1 ? "" : "s"}`;

/** A time of day of an instant, or the day too where it is another one. */
export function clock(instant, now = new Date()) {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return plain(instant, 40);
  const time = at.toLocaleTimeString("en-GB");
  return at.toDateString() === now.toDateString() ? time : `${at.toLocaleDateString("en-CA")} ${time}`;
}

/** How far away an instant is: `in 5 h 12 min`, `3 min ago`. */
export function away(instant, now = Date.now()) {
  const at = new Date(instant).getTime();
  if (Number.isNaN(at)) return plain(instant, 40);
  const minutes = Math.round(Math.abs(at - now) / 60_000);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const text = days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes % 60} min` : minutes ? `${minutes} min` : "less than a minute";
  return at >= now ? `in ${text}` : `${text} ago`;
}

/** Dollars as text to millionths of a dollar, which add up exactly; null where it is not an amount. */
export function micros(usd) {
  const found = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(String(usd ?? ""));
  if (!found) return null;
  const value = BigInt(found[2]) * 1_000_000n + BigInt((found[3] ?? "").padEnd(6, "0").slice(0, 6));
  return found[1] ? -value : value;
}

/** Millionths of a dollar as dollars: two decimal places, or four for small amounts. */
export function dollars(value) {
  const [sign, size] = value < 0n ? ["-", -value] : ["", value];
  const text = (size % 1_000_000n).toString().padStart(6, "0");
  const places = size < 10_000_000n ? text.slice(0, 4) : text.slice(0, 2);
  return `${sign}$${size / 1_000_000n}.${places.replace(/(\d\d)00$/, "$1")}`;
}

/** An amount from the server, for reading. */
export const money = (usd) => {
  const value = micros(usd);
  return value === null ? plain(usd, 20) : dollars(value);
};
