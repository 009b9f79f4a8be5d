// Calls agents with the AWS SDK for JavaScript, whose client starts with HTTP/2. Prints the results as JSON.
// Usage: agents.mjs ENDPOINT
import { BedrockAgentRuntimeClient, InvokeAgentCommand } from "@aws-sdk/client-bedrock-agent-runtime";

const client = new BedrockAgentRuntimeClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});

async function ask(sessionId, inputText, agentId = "Supervisor") {
  const reply = await client.send(
    new InvokeAgentCommand({ agentId, agentAliasId: "TSTALIASID", sessionId, inputText }),
  );
  let text = "";
  for await (const event of reply.completion) {
    text += new TextDecoder().decode(event.chunk?.bytes);
  }
  return text;
}

const question = "Where is my order ORD-12345?";
const answer = await ask("js", question);
const together = await Promise.all(Array.from({ length: 10 }, (_, index) => ask(`js-${index}`, question)));
const unknown = await ask("js", question, "Nobody").then(
  () => "it was answered",
  (error) => error.name,
);
client.destroy();
console.log(JSON.stringify({ protocol: client.config.requestHandler.metadata?.handlerProtocol, answer, together, unknown }));
