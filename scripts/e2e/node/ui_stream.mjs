// Streams of the front door, read by the AI SDK itself: each line is checked by its schema, and all streams become one
// message, as in a browser whose customer says yes to all questions. Prints for each stream the kinds of its parts, the
// errors, and the message after it.
//
//     node ui_stream.mjs FILE...

import { readFileSync } from "node:fs";

import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } from "ai";

const seen = [];
let message;
for (const file of process.argv.slice(2)) {
  const chunks = [];
  const checked = parseJsonEventStream({
    stream: new Blob([readFileSync(file)]).stream(),
    schema: uiMessageChunkSchema,
  }).pipeThrough(
    new TransformStream({
      transform(result, controller) {
        if (!result.success) throw result.error;
        chunks.push(result.value);
        controller.enqueue(result.value);
      },
    }),
  );
  const errors = [];
  const messages = readUIMessageStream({
    message,
    stream: checked,
    onError: (error) => errors.push(error.message),
  });
  for await (const next of messages) message = next;
  const kinds = chunks.map((chunk) => chunk.type);
  seen.push({ errors, kinds, message: structuredClone(message) });
  for (const part of message?.parts ?? []) {
    if (part.state === "approval-requested") {
      part.state = "approval-responded";
      part.approval = { id: part.approval.id, approved: true };
    }
  }
}
console.log(JSON.stringify(seen));
