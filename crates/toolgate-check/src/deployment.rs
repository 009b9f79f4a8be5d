//! One deployment in the form for the rules: its resources, the references between them, and its registered tools.

use std::rc::Rc;

use toolgate::Catalog;
use toolgate_template::{Node, Position, ProblemKind, Settings, symbolic};

use crate::project::Project;

pub(crate) struct Deployment<'p> {
    pub(crate) project: &'p Project,
    pub(crate) settings: &'p Settings,
    pub(crate) resources: Vec<Resource>,
    /// Missing included files, and where they are included.
    pub(crate) broken: Vec<(Position, String)>,
    globals: Option<Node>,
}

/// A resource of this deployment.
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// The line of its logical id.
    pub(crate) position: Position,
    pub(crate) body: Node,
    properties: Node,
}

impl Resource {
    pub(crate) fn properties(&self) -> &Node {
        &self.properties
    }

    /// The line of a property, or of the resource if it does not have the property.
    pub(crate) fn position_of(&self, property: &str) -> &Position {
        self.properties.entry(property).map_or(&self.position, |entry| &entry.position)
    }
}

/// A function, and its alias or version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionRef {
    pub(crate) id: String,
    pub(crate) qualifier: Option<String>,
}

impl<'p> Deployment<'p> {
    pub(crate) fn new(project: &'p Project, settings: &'p Settings) -> Self {
        let evaluator = symbolic(&project.source, settings);
        let mut resources = Vec::new();
        for entry in project.source.resources() {
            let condition = entry.node.get("Condition").and_then(|node| Some((node.text()?, &node.position)));
            let wanted = condition.is_none_or(|(name, position)| evaluator.holds(name, position));
            if let (true, Some(body)) = (wanted, evaluator.resolve(&entry.node)) {
                let properties = body.get("Properties").cloned();
                resources.push(Resource {
                    id: entry.name.clone(),
                    kind: body.text_of("Type").unwrap_or_default().to_owned(),
                    position: entry.position.clone(),
                    properties: properties.unwrap_or_else(|| Node::scalar(entry.position.clone(), "")),
                    body,
                });
            }
        }
        let globals = project.source.at(&["Globals", "Function"]).and_then(|node| evaluator.resolve(node));
        let broken = evaluator.into_problems().into_iter().filter(|problem| problem.kind == ProblemKind::Include);
        let broken = broken.map(|problem| (problem.position, problem.message)).collect();
        Self { project, settings, resources, broken, globals }
    }

    pub(crate) fn of_type(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    pub(crate) fn agents(&self) -> impl Iterator<Item = &Resource> {
        self.of_type("AWS::Bedrock::Agent")
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(|resource| resource.kind.ends_with("::Function"))
    }

    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    /// The resource that a property of another one refers to.
    pub(crate) fn referred_by(&self, resource: &Resource, property: &str) -> Option<&Resource> {
        self.referred(resource.properties().text_of(property)?)
    }

    /// The resource that `${Id}` or `${Id.Attribute}` refers to.
    pub(crate) fn referred(&self, text: &str) -> Option<&Resource> {
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        self.resource(name.split('.').next().unwrap_or(name))
    }

    /// A property before its intrinsics were evaluated.
    pub(crate) fn written(&self, resource: &Resource, property: &str) -> Option<&'p Node> {
        self.project.source.at(&["Resources", &resource.id, "Properties", property])
    }

    /// The handler of a function: its catalog, and the line that names it.
    pub(crate) fn handler(&self, function: &str) -> Option<(&'p Catalog, Position)> {
        let resource = self.resource(function)?;
        let build = resource.body.at(&["Metadata", "BuildProperties"])?;
        let binary = build.get("Binary")?;
        Some((self.project.catalogs.get(binary.text()?)?, binary.position.clone()))
    }

    /// The catalog of the handler of a function.
    pub(crate) fn catalog(&self, function: Option<FunctionRef>) -> Option<&'p Catalog> {
        Some(self.handler(&function?.id)?.0)
    }

    /// An environment variable of a function, from its own settings or `Globals`.
    pub(crate) fn variable(&self, function: &Resource, name: &str) -> Option<Node> {
        let own = function.properties().at(&["Environment", "Variables", name]);
        let globals = self.globals.as_ref().filter(|_| function.kind == "AWS::Serverless::Function");
        own.or_else(|| globals?.at(&["Environment", "Variables", name])).cloned()
    }

    /// The function of this template that an ARN or a reference refers to.
    pub(crate) fn function(&self, text: &str) -> Option<FunctionRef> {
        let text = text.split_once(":function:").map_or(text, |(_, name)| name);
        let (name, rest) = text.strip_prefix("${")?.split_once('}')?;
        let qualifier = rest.strip_prefix(':').map(str::to_owned);
        let (id, attribute) = name.split_once('.').unwrap_or((name, "Arn"));
        if let Some(resource) = self.resource(id) {
            if resource.kind == "AWS::Lambda::Alias" {
                let function = self.function(resource.properties().text_of("FunctionName")?)?;
                return Some(FunctionRef {
                    qualifier: resource.properties().text_of("Name").map(str::to_owned),
                    ..function
                });
            }
            let qualifier = match attribute {
                "Alias" => resource.properties().text_of("AutoPublishAlias").or(self.published()).map(str::to_owned),
                "Version" => Some("${Version}".to_owned()),
                _ => qualifier,
            };
            return resource.kind.ends_with("::Function").then(|| FunctionRef { id: id.to_owned(), qualifier });
        }
        // SAM names the alias `live` of `Orders` `OrdersAliaslive`.
        self.functions().find_map(|function| {
            let alias = function.properties().text_of("AutoPublishAlias").or(self.published())?;
            let id = function.id.clone();
            (name.split('.').next() == Some(&format!("{id}Alias{alias}")))
                .then(|| FunctionRef { id, qualifier: Some(alias.to_owned()) })
        })
    }

    /// The alias that SAM publishes for a function.
    pub(crate) fn alias<'v>(&'v self, function: &'v Resource) -> Option<&'v str> {
        function.properties().text_of("AutoPublishAlias").or(self.published())
    }

    fn published(&self) -> Option<&str> {
        self.globals.as_ref()?.text_of("AutoPublishAlias")
    }

    /// Every action group of every agent.
    pub(crate) fn groups(&self) -> Vec<Group<'_>> {
        self.agents()
            .flat_map(|agent| agent.properties().list("ActionGroups").iter().map(move |node| (agent, node)))
            .map(|(agent, node)| Group { agent, node })
            .collect()
    }

    /// Every Lambda target of every gateway.
    pub(crate) fn targets(&self) -> Vec<Target<'_>> {
        self.of_type("AWS::BedrockAgentCore::GatewayTarget")
            .filter_map(|resource| {
                let lambda = resource.properties().at(&["TargetConfiguration", "Mcp", "Lambda"])?;
                Some(Target { resource, lambda })
            })
            .collect()
    }

    /// The value of a parameter in this deployment; `None` if it is not set.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// The OpenAPI documents that this deployment registers. A generated file that is not included is not registered.
    pub(crate) fn api_documents(&self) -> Vec<Rc<Node>> {
        self.groups().into_iter().filter_map(|group| group.api(self.project)).collect()
    }

    /// The functions that this deployment registers by function details.
    pub(crate) fn group_functions(&self) -> Vec<&Node> {
        self.groups().into_iter().flat_map(|group| group.functions()).collect()
    }

    /// The gateway tools that this deployment registers.
    pub(crate) fn gateway_tools(&self) -> Vec<&Node> {
        self.targets().into_iter().flat_map(|target| target.tools()).collect()
    }

    /// A value evaluated with other settings, including unresolved references.
    pub(crate) fn resolved_with(&self, settings: &Settings, node: &Node) -> Option<Node> {
        symbolic(&self.project.source, settings).resolve(node)
    }

    /// The declaration of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'p Node> {
        self.project.source.parameter(name)
    }
}

/// An action group of an agent.
#[derive(Clone, Copy)]
pub(crate) struct Group<'v> {
    pub(crate) agent: &'v Resource,
    pub(crate) node: &'v Node,
}

/// A tool that an agent or a gateway registers.
pub(crate) struct Deployed {
    pub(crate) name: String,
    pub(crate) position: Position,
    pub(crate) confirm: bool,
    /// The HTTP method of an API operation, such as `post`.
    pub(crate) verb: Option<String>,
}

impl<'v> Group<'v> {
    pub(crate) fn name(&self) -> &'v str {
        self.node.text_of("ActionGroupName").unwrap_or_default()
    }

    pub(crate) fn position(&self) -> &'v Position {
        self.node.get("ActionGroupName").map_or(&self.node.position, |node| &node.position)
    }

    pub(crate) fn executor(&self) -> Option<&'v Node> {
        self.node.at(&["ActionGroupExecutor", "Lambda"])
    }

    pub(crate) fn function(&self, deployment: &Deployment<'_>) -> Option<FunctionRef> {
        deployment.function(self.executor()?.text()?)
    }

    /// The OpenAPI document of its `Payload`, if it has one.
    pub(crate) fn api(&self, project: &Project) -> Option<Rc<Node>> {
        project.payload(self.node.at(&["ApiSchema", "Payload"])?)
    }

    fn functions(&self) -> &'v [Node] {
        self.node.get("FunctionSchema").map_or(&[], |schema| schema.list("Functions"))
    }

    pub(crate) fn tools(&self, project: &Project) -> Vec<Deployed> {
        let mut tools: Vec<Deployed> = self
            .functions()
            .iter()
            .filter_map(|function| {
                let name = function.get("Name")?;
                let confirm = function.text_of("RequireConfirmation") == Some("ENABLED");
                Some(Deployed { name: name.text()?.to_owned(), position: name.position.clone(), confirm, verb: None })
            })
            .collect();
        if let Some(api) = self.api(project) {
            tools.extend(operations(&api).filter_map(|operation| {
                let id = operation.node.get("operationId")?;
                let confirm = operation.node.text_of("x-requireConfirmation") == Some("ENABLED");
                let verb = Some(operation.verb.to_owned());
                Some(Deployed { name: id.text()?.to_owned(), position: id.position.clone(), confirm, verb })
            }));
        }
        tools
    }
}

/// A Lambda target of a gateway.
#[derive(Clone, Copy)]
pub(crate) struct Target<'v> {
    pub(crate) resource: &'v Resource,
    pub(crate) lambda: &'v Node,
}

impl<'v> Target<'v> {
    pub(crate) fn name(&self) -> &'v str {
        self.resource.properties().text_of("Name").unwrap_or_default()
    }

    pub(crate) fn tools(&self) -> &'v [Node] {
        self.lambda.get("ToolSchema").map_or(&[], |schema| schema.list("InlinePayload"))
    }

    pub(crate) fn function(&self, deployment: &Deployment<'_>) -> Option<FunctionRef> {
        deployment.function(self.lambda.text_of("LambdaArn")?)
    }

    /// The names of its tools, each with its position.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'v str, &'v Position)> {
        let names = self.tools().iter().filter_map(|tool| tool.get("Name"));
        names.map(|name| (name.text().unwrap_or_default(), &name.position))
    }

    /// The role of its gateway.
    pub(crate) fn role(&self, deployment: &'v Deployment<'_>) -> Option<&'v Resource> {
        deployment.referred_by(self.gateway(deployment)?, "RoleArn")
    }

    pub(crate) fn gateway(&self, deployment: &'v Deployment<'_>) -> Option<&'v Resource> {
        deployment.referred_by(self.resource, "GatewayIdentifier")
    }
}

/// One operation of an OpenAPI document.
pub(crate) struct Operation<'n> {
    pub(crate) path: &'n str,
    pub(crate) verb: &'n str,
    pub(crate) position: &'n Position,
    pub(crate) node: &'n Node,
}

/// The operations of an OpenAPI document.
pub(crate) fn operations(api: &Node) -> impl Iterator<Item = Operation<'_>> {
    const VERBS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    api.members("paths").iter().flat_map(|path| {
        let verbs = path.node.entries().iter().filter(|entry| VERBS.contains(&entry.name.as_str()));
        verbs.map(|verb| Operation { path: &path.name, verb: &verb.name, position: &verb.position, node: &verb.node })
    })
}
