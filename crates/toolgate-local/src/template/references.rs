//! `Ref` and `Fn::GetAtt`: what a name stands for on a laptop, in the shapes that AWS would give.

use serde_json::Value;

use super::scope::Scope;

/// The account that local ARNs name; documentation uses the same one.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region of the local agent.
pub(crate) const REGION: &str = "us-east-1";

const GATEWAY: &str = "AWS::BedrockAgentCore::Gateway";
const FUNCTIONS: [&str; 2] = ["AWS::Serverless::Function", "AWS::Lambda::Function"];
const TABLES: [&str; 2] = ["AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"];

impl Scope<'_> {
    pub(super) fn reference(&self, name: &str, at: &str) -> Option<Value> {
        let pseudo = match name {
            "AWS::NoValue" => return None,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Region" => REGION,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "local",
            "AWS::StackId" => {
                return Some(Value::String(format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/0")));
            }
            _ => "",
        };
        if !pseudo.is_empty() {
            return Some(Value::String(pseudo.to_owned()));
        }
        if self.document.get(&["Parameters", name]).is_some() {
            return self.parameter(name, at);
        }
        // SAM lets a template refer to what it generates: `Orders.Alias`.
        if let Some((resource, attribute)) = name.split_once('.') {
            return self.attribute(resource, attribute, at).map(Value::String);
        }
        match self.document.resource_type(name) {
            Some(kind) if TABLES.contains(&kind) => Some(Value::String(self.table_name(name))),
            Some("AWS::Bedrock::AgentAlias") => {
                Some(Value::String(format!("{}|{}", self.alias_agent(name, at)?, self.alias_id(name))))
            }
            Some(GATEWAY) => Some(Value::String(self.gateway_id(name))),
            Some(_) => Some(Value::String(name.to_owned())),
            None if self.is_generated(name) => Some(Value::String(name.to_owned())),
            None => {
                self.problem(at, format!("`{name}` is neither a parameter nor a resource of this template"));
                None
            }
        }
    }

    pub(super) fn attribute(&self, resource: &str, attribute: &str, at: &str) -> Option<String> {
        let Some(kind) = self.document.resource_type(resource) else {
            if self.is_generated(resource) {
                return Some(format!("arn:aws:local:{REGION}:{ACCOUNT}:{resource}"));
            }
            self.problem(at, format!("`{resource}` is no resource of this template"));
            return None;
        };
        let bedrock = format!("arn:aws:bedrock:{REGION}:{ACCOUNT}");
        Some(match (kind, attribute) {
            (kind, "Arn") if FUNCTIONS.contains(&kind) => function_arn(resource),
            (kind, "Alias") if FUNCTIONS.contains(&kind) => format!("{}:live", function_arn(resource)),
            (kind, "Arn") if TABLES.contains(&kind) => {
                format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", self.table_name(resource))
            }
            ("AWS::Bedrock::Agent", "AgentId") => resource.to_owned(),
            ("AWS::Bedrock::Agent", "AgentArn") => format!("{bedrock}:agent/{resource}"),
            ("AWS::Bedrock::AgentAlias", "AgentAliasId") => self.alias_id(resource),
            ("AWS::Bedrock::AgentAlias", "AgentAliasArn") => {
                format!("{bedrock}:agent-alias/{}/{}", self.alias_agent(resource, at)?, self.alias_id(resource))
            }
            (GATEWAY, "GatewayIdentifier") => self.gateway_id(resource),
            (GATEWAY, "GatewayArn") => self.gateway_arn(resource),
            (_, attribute) if attribute.ends_with("Arn") => format!("arn:aws:local:{REGION}:{ACCOUNT}:{resource}"),
            (_, attribute) => format!("{resource}.{attribute}"),
        })
    }

    pub(super) fn table_name(&self, id: &str) -> String {
        let name = self.document.resource(id).and_then(|resource| resource.pointer("/Properties/TableName"));
        let name = name.and_then(|name| self.text_of(name, &format!("Resources.{id}.Properties.TableName")));
        name.unwrap_or_else(|| id.to_owned())
    }

    /// Its name and ten characters, as AgentCore makes it.
    pub(super) fn gateway_id(&self, id: &str) -> String {
        let name = self.document.resource(id).and_then(|gateway| gateway.pointer("/Properties/Name"));
        let name = name.and_then(|name| self.text_of(name, &format!("Resources.{id}.Properties.Name")));
        format!("{}-local00000", name.unwrap_or_else(|| id.to_lowercase()))
    }

    pub(super) fn gateway_arn(&self, id: &str) -> String {
        format!("arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/{}", self.gateway_id(id))
    }

    /// An alias goes by its name where that is a valid id, and else by its logical id.
    pub(super) fn alias_id(&self, id: &str) -> String {
        let name = self.document.resource(id).and_then(|alias| alias.pointer("/Properties/AgentAliasName"));
        let name = name.and_then(|name| self.text_of(name, &format!("Resources.{id}.Properties.AgentAliasName")));
        let valid = |name: &String| (1..=10).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
        name.filter(valid).unwrap_or_else(|| id.to_owned())
    }

    /// The logical id of the agent that an alias belongs to.
    pub(super) fn alias_agent(&self, id: &str, at: &str) -> Option<String> {
        let Some(agent) = self.document.resource(id).and_then(|alias| alias.pointer("/Properties/AgentId")) else {
            self.problem(at, format!("the alias `{id}` names no agent: set its `AgentId`"));
            return None;
        };
        self.text_of(agent, &format!("Resources.{id}.Properties.AgentId"))
    }

    /// SAM adds resources named after a function: its role, its version, its aliases.
    fn is_generated(&self, name: &str) -> bool {
        let from = |id: &String| {
            name.strip_prefix(id.as_str()).is_some_and(|rest| {
                rest == "Role"
                    || rest.starts_with("Alias")
                    || rest.starts_with("Version")
                    || rest == "EventInvokeConfig"
            })
        };
        self.document.resource_order.iter().any(from)
    }
}

pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}
