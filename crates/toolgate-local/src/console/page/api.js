// Requests to the console's API and to DynamoDB on the same port.

import { encode } from "./router.js";
import { plain } from "./text.js";

/** An answer that is an error, or no answer (`status` 0). */
export class ApiError extends Error {
  constructor(status, kind, message) {
    super(plain(message, 1000));
    this.status = status;
    this.kind = kind;
  }
}

async function request(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "toolgate dev does not answer; is it running?");
  }
  const text = await answer.text();
  let body = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    throw new ApiError(answer.status, "unreadable", `the answer of ${path.split("?")[0]} is not valid JSON`);
  }
  if (answer.ok) return body;
  const error = body?.error ?? {};
  const message = error.message ?? body?.message ?? body?.Message ?? `${answer.status} ${answer.statusText}`;
  throw new ApiError(answer.status, error.kind ?? String(body?.__type ?? "").split("#").pop() ?? "", String(message));
}

/** A GET of `/console/api/…`. */
export const get = (path, signal) => request(`/console/api/${path}`, { signal });

/** A POST to `/console/api/…`. */
export const post = (path, body, signal) =>
  request(`/console/api/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });

export const getState = (signal) => get("state", signal);
export const getTurns = ({ before, limit = 50 } = {}, signal) => {
  const query = new URLSearchParams({ limit });
  if (before) query.set("before", before);
  return get(`turns?${query}`, signal);
};
export const getTurn = (id, signal) => get(`turns/${encode(id)}`, signal);
export const getSpan = (turn, span, signal) => get(`turns/${encode(turn)}/spans/${encode(span)}`, signal);
export const getApprovals = (signal) => get("approvals", signal);
export const decide = (id, decision, body) => post(`approvals/${encode(id)}/${decision}`, body);

/** The embedded DynamoDB wants a signature, as on AWS, and takes any. */
const SIGNED = {
  "x-amz-date": "20260101T000000Z",
  authorization: "AWS4-HMAC-SHA256 Credential=console/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
};

/** An operation of DynamoDB. */
export const dynamo = (operation, body, signal) =>
  request("/", {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}`, ...SIGNED },
    body: JSON.stringify(body),
    signal,
  });
