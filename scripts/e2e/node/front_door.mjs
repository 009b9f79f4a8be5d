// A browser of the front door: it sends turns by `fetch`, and the AI SDK reads their streams while they come.
//
// Commands are lines on standard input: a turn `{id, url, headers, body, tab}`, or `{leave: id}`, which closes the
// connection of a turn. Events are lines on standard output: `{id, status}`, `{id, part}` for each part of the stream,
// and `{id, end}`: whether the stream was complete, the errors that the SDK reports, and the tab's message after it. A
// tab adds the turn that follows an answer to the message that asked, as a page does.

import { createInterface } from "node:readline";

import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } from "ai";

const leaving = new Map();
const tabs = new Map();
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

function answered(message, answers) {
  for (const part of message?.parts ?? []) {
    const answer = answers.find(({ id }) => part.state === "approval-requested" && part.approval.id === id);
    if (answer) {
      part.state = "approval-responded";
      part.approval = answer;
    }
  }
  return message;
}

async function turn({ id, url, headers, body, tab }) {
  const leave = new AbortController();
  leaving.set(id, leave);
  const end = { complete: false, errors: [] };
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: leave.signal,
    });
    tell({ id, status: response.status, kind: response.headers.get("x-vercel-ai-ui-message-stream") });
    if (!response.ok) {
      end.refusal = await response.json();
      return;
    }
    const checked = parseJsonEventStream({ stream: response.body, schema: uiMessageChunkSchema }).pipeThrough(
      new TransformStream({
        transform(result, controller) {
          if (!result.success) throw result.error;
          tell({ id, part: result.value });
          controller.enqueue(result.value);
        },
      }),
    );
    // the SDK's own reader stops at an error, and what follows is read all the same
    const [parts, shown] = checked.tee();
    const read = async () => {
      for await (const _ of parts);
    };
    const show = async () => {
      const message = body.answers && answered(tabs.get(tab), body.answers);
      const onError = (error) => end.errors.push(error.message);
      for await (const next of readUIMessageStream({ message, stream: shown, onError })) tabs.set(tab, next);
    };
    await Promise.all([read(), show()]);
    end.complete = true;
  } catch (error) {
    end.failure = `${error.name}: ${error.message}`;
  } finally {
    leaving.delete(id);
    tell({ id, end: { ...end, message: tabs.get(tab) } });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.leave) leaving.get(command.leave)?.abort();
  else turn(command);
}
