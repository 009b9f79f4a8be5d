// Calls a gateway once with the TypeScript SDK. Prints the results as one line of JSON.
// Usage: client.mjs (http URL | stdio COMMAND ARGUMENT..)
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [kind, target, ...rest] = process.argv.slice(2);
const transport =
  kind === "http"
    ? new StreamableHTTPClientTransport(new URL(target))
    : new StdioClientTransport({ command: target, args: rest, stderr: "ignore" });
const client = new Client({ name: "e2e", version: "1.0.0" });
await client.connect(transport);

const tools = [];
let cursor;
do {
  const page = await client.listTools({ cursor });
  tools.push(...page.tools.map((tool) => tool.name));
  cursor = page.nextCursor;
} while (cursor);

const call = (name, args) => client.callTool({ name, arguments: args });
const found = await call("orders___get_order_status", { orderId: "ORD-12345" });
const together = await Promise.all(
  Array.from({ length: 20 }, () => call("orders___get_order_status", { orderId: "ORD-123" })),
);
const unknown = await call("orders___nothing", {}).then(
  () => "it was called",
  (error) => error.message,
);
await client.close();

const body = (result) => JSON.parse(result.content[0].text);
const seen = {
  server: client.getServerVersion()?.name,
  tools,
  status: body(found).status,
  isError: found.isError ?? false,
  together: together.map((result) => body(result).orderId),
  unknown,
};
console.log(JSON.stringify(seen));
