// Lists and calls the tools of a function with the official TypeScript client, and answers its questions.
// Usage: tools.mjs URL (auto | legacy) (accept | decline | cancel). Prints the results as one line of JSON.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, mode, action] = process.argv.slice(2);
const client = new Client(
  { name: "e2e", version: "1.0.0" },
  { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
);
const asked = [];
client.setRequestHandler("elicitation/create", async (request) => {
  asked.push(request.params.message);
  return action === "accept" ? { action, content: { ok: true } } : { action };
});
await client.connect(new StreamableHTTPClientTransport(new URL(url)));

const { tools } = await client.listTools();
const text = await client.callTool({ name: "test_simple_text", arguments: {} });
const paid = await client.callTool({ name: "pay", arguments: { to: "Ada", cents: 900 } });
const unknown = await client.callTool({ name: "nothing", arguments: {} }).then(
  () => "it was called",
  (error) => error.message,
);
await client.close();
console.log(
  JSON.stringify({
    tools: tools.map((tool) => tool.name),
    text: text.content[0].text,
    asked,
    isError: paid.isError ?? false,
    paid: paid.structuredContent ?? JSON.parse(paid.content[0].text),
    unknown,
  }),
);
