// Evaluates many requests with an IAM simulator: reads `[{policies, action, resource, keys}]` from the given file, and
// prints a list of `Allowed`, `ImplicitlyDenied` or the like. `keys` are the values of `dynamodb:LeadingKeys`, or all
// values of the context as an object.
import { readFile } from "node:fs/promises";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const account = "123456789012";
const questions = JSON.parse(await readFile(process.argv[2], "utf8"));
const answers = [];
for (const { policies, action, resource, keys } of questions) {
  const answer = await runSimulation(
    {
      identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: undefined,
      request: {
        action,
        principal: `arn:aws:sts::${account}:assumed-role/a-role/a-session`,
        resource: { resource, accountId: account },
        contextVariables: Array.isArray(keys) ? { "dynamodb:LeadingKeys": keys } : (keys ?? {}),
      },
    },
    {},
  );
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  answers.push(answer.overallResult ?? answer.analysis?.result);
}
console.log(JSON.stringify(answers));
