// Talks to an agent (InvokeAgent) or a harness (InvokeHarness) as any client does, and yields what arrives in one form.

import { ApiError } from "./api.js";
import { events, pieces } from "./eventstream.js";
import { encode } from "./router.js";

/** A session id that both operations take: at least 33 characters. */
export function newSession() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function stream(path, body, headers, signal) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body), redirect: "error", signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "toolgate dev does not answer; is it running?");
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  let message = text;
  try {
    const parsed = JSON.parse(text);
    message = parsed.message ?? parsed.Message ?? parsed.error?.message ?? text;
  } catch {
    // The text is what there is.
  }
  throw new ApiError(answer.status, answer.headers.get("x-amzn-errortype") ?? "", String(message || `status ${answer.status}`));
}

const failure = ({ kind, body }) => new ApiError(200, kind, String(body?.message ?? kind));

/**
 * One InvokeAgent. `input` is `{text}` or `{answers: {invocationId, results}}`. Yields `{turn}`, `{text}` and
 * `{question}` (a `returnControl`).
 */
export async function* invokeAgent(agent, session, input, attributes, signal) {
  const path = `/agents/${encode(agent.id)}/agentAliases/${encode(agent.aliases?.[0] ?? "TSTALIASID")}/sessions/${encode(session)}/text`;
  const state = { sessionAttributes: attributes };
  if (input.answers) Object.assign(state, { invocationId: input.answers.invocationId, returnControlInvocationResults: input.answers.results });
  const body = { sessionState: state, streamingConfigurations: { streamFinalResponse: true } };
  if (input.text !== undefined) body.inputText = input.text;
  const answer = await stream(path, body, {}, signal);
  yield { turn: answer.headers.get("toolgate-turn") };
  const decode = pieces();
  for await (const message of events(answer)) {
    if (message.failed) throw failure(message);
    if (message.kind === "chunk" && message.body.bytes) yield { text: decode(message.body.bytes) };
    if (message.kind === "returnControl") yield { question: message.body };
  }
}

/** One InvokeHarness. Yields `{turn}`, `{text}`, `{paragraph}`, `{parked}` (the ids of approvals) and `{stopped}`. */
export async function* invokeHarness(harness, session, text, signal) {
  const body = { messages: [{ role: "user", content: [{ text }] }] };
  const headers = { "x-amzn-bedrock-agentcore-runtime-session-id": session };
  const answer = await stream(`/harnesses/invoke?harnessArn=${encode(harness.arn)}`, body, headers, signal);
  yield { turn: answer.headers.get("toolgate-turn") };
  let stop = "";
  for await (const message of events(answer)) {
    if (message.failed) throw failure(message);
    const { delta } = message.body;
    if (message.kind === "messageStart") yield { paragraph: true };
    if (message.kind === "contentBlockDelta" && typeof delta?.text === "string") yield { text: delta.text };
    for (const result of message.kind === "contentBlockDelta" ? delta?.toolResult ?? [] : []) {
      const ids = JSON.stringify(result).match(/APR-[A-Z2-7]{10}/g);
      if (ids) yield { parked: ids };
    }
    if (message.kind === "messageStop") stop = message.body.stopReason;
  }
  if (stop && stop !== "end_turn") yield { stopped: stop };
}
