// Rows of the ledger and of the approvals table in words: what each one is for.

import { clock, count, dollars } from "./format.js";
import { plain } from "./text.js";

const seconds = (value) => (typeof value === "number" ? clock(value > 1e11 ? value : value * 1000) : "?");
const cost = (micros) => dollars(Number.isSafeInteger(micros) ? BigInt(micros) : 0n);

/** What a row is, in a sentence, or null where it is not one of the framework's. */
export function rowMeaning(role, item) {
  const id = String(item.id ?? "");
  if (role === "ledger") return ledger(id, item);
  return role === "approvals" ? approval(id, item) : null;
}

function ledger(id, item) {
  if (id.startsWith("budget#")) {
    const parts = [item.calls !== undefined ? `${count(item.calls)} calls` : null, item.costMicros !== undefined ? `${cost(item.costMicros)} spent` : null, Number(item.bookedMicros) > Number(item.costMicros) ? `${cost(item.bookedMicros)} booked` : null];
    return `The budget of a session: ${parts.filter(Boolean).join(", ") || "nothing counted"}, until ${seconds(item.expiresAt)}`;
  }
  const tool = plain(id.split("#")[0], 60);
  if (item.reply !== undefined) return `${tool} has run once, ${seconds(item.createdAt)}; repeats get its reply until ${seconds(item.expiresAt)}`;
  return id.includes("#") ? `${tool} runs under a lease or has begun, ${seconds(item.createdAt)}` : null;
}

function approval(id, item) {
  if (id.startsWith("call#")) return `${plain(item.tool, 60)} is parked as ${plain(item.approval, 30)} since ${seconds(item.parkedAt)}${item.usedBy === undefined ? "" : ", used"}`;
  if (id.startsWith("decision#")) return `${plain(item.approval, 30)} was ${plain(item.decision, 20)} by ${plain(item.decidedBy, 60)}, ${seconds(item.decidedAt)}`;
  if (id.startsWith("waiting#")) return "The place of a waiting call";
  return id.startsWith("elicit#") ? "A question that an MCP client puts to a person" : null;
}
