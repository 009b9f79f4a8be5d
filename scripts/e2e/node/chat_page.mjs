// A page with the AI SDK's chat, which `useChat` wraps for React, and the transport of the documents. Its customer writes
// the texts, and says yes to all questions. Prints the messages at the end.
//
//     node chat_page.mjs TRANSPORT URL TOKEN TEXT...

import { AbstractChat, lastAssistantMessageIsCompleteWithApprovalResponses } from "ai";

const [file, url, token, ...texts] = process.argv.slice(2);
const { frontDoor } = await import(file);

class Chat extends AbstractChat {
  constructor(init) {
    const messages = [];
    const state = {
      status: "ready",
      error: undefined,
      messages,
      pushMessage: (message) => messages.push(message),
      popMessage: () => messages.pop(),
      replaceMessage: (index, message) => (messages[index] = message),
      snapshot: structuredClone,
    };
    super({ ...init, state });
  }
}

const errors = [];
let finished = 0;
const chat = new Chat({
  transport: frontDoor(url, async () => token),
  sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  onError: (error) => errors.push(error.message),
  onFinish: () => (finished += 1),
});
const isOpen = (part) => part.state === "approval-requested";
for (const text of texts) {
  await chat.sendMessage({ text });
  for (let open; (open = chat.messages.at(-1).parts.find(isOpen)); ) {
    const before = finished;
    await chat.addToolApprovalResponse({ id: open.approval.id, approved: true });
    while (finished === before) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
console.log(JSON.stringify({ id: chat.id, errors, messages: chat.messages }));
