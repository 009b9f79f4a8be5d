//! Checks declared tools and reports all problems at once.

use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    fmt,
    panic::Location,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    budget::Budget,
    caller::Declared,
    catalog::CatalogTool,
    declare::{TTL, out_of_bounds},
    gate::{once::REPEATED, size},
    ledger::LedgerOf,
    middleware::Middleware,
    nearest::same_name,
    output_cache,
    projection::{self, OutputProjection},
    registered::{ErasedTool, RegisteredTool},
    registry::{Registered, Registry},
    schema::{
        compiled::{CompiledSchema, Object},
        reflect::is_recursive,
    },
    tool::{Draft, Expose, Tool},
};

/// Maximum length of a tool name for a model (Converse, `toolSpec.name`).
const NAME_LIMIT: usize = 64;

/// A router as the user declared it.
pub(crate) struct RouterDraft<S> {
    pub(crate) group: Option<String>,
    pub(crate) description: String,
    pub(crate) tools: Vec<Candidate<S>>,
    pub(crate) declared: Declared,
    pub(crate) log_targets: Vec<String>,
    pub(crate) ledger: LedgerOf<S>,
    pub(crate) middleware: Vec<Middleware<S>>,
    pub(crate) budget: Option<Budget>,
    pub(crate) cache_bytes: Option<u64>,
    pub(crate) intent_class: Option<String>,
}

impl<S> Default for RouterDraft<S> {
    fn default() -> Self {
        Self {
            group: None,
            description: String::new(),
            tools: Vec::new(),
            declared: Declared::default(),
            log_targets: Vec::new(),
            ledger: LedgerOf::NONE,
            middleware: Vec::new(),
            budget: None,
            cache_bytes: None,
            intent_class: None,
        }
    }
}

/// A declared tool without its input type.
pub(crate) struct Candidate<S> {
    draft: Draft,
    asks_by_own_key: bool,
    middleware: Vec<Middleware<S>>,
    erased: Box<dyn ErasedTool<S>>,
}

impl<S: Send + Sync + 'static> Candidate<S> {
    pub(crate) fn new<I, O>(tool: Tool<S, I, O>) -> Self {
        let Tool { draft, typed, middleware, erase, .. } = tool;
        let asks_by_own_key = typed.confirm_by.is_some();
        Self { draft, asks_by_own_key, middleware, erased: erase(typed) }
    }
}

/// All problems of a router's tools. `Debug` shows the same as `Display`, because an error of `main` is shown by it.
pub struct BuildErrors(Vec<BuildError>);

#[derive(Debug)]
struct BuildError {
    tool: String,
    message: String,
    location: Option<&'static Location<'static>>,
}

impl BuildErrors {
    /// One message per problem.
    pub fn messages(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|error| format!("tool `{}`: {}", error.tool, error.message))
    }
}

impl fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the router cannot be built:")?;
        for (error, message) in self.0.iter().zip(self.messages()) {
            write!(f, "\n  - {message}")?;
            if let Some(location) = error.location {
                write!(f, " (declared at {location})")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for BuildErrors {}

pub(crate) fn build<S: Send + Sync + 'static>(router: RouterDraft<S>) -> Result<Registry<S>, BuildErrors> {
    let mut errors = Vec::new();
    let mut log_targets = BTreeSet::from_iter(router.log_targets);
    let mut tools: HashMap<String, Registered<S>> = HashMap::new();
    let group = router.group.unwrap_or_else(program_name);
    if let Some(message) = wrong_name(&group) {
        errors.push(BuildError { tool: "(group)".into(), message, location: None });
    }
    for (_, attribute) in &router.declared.headers {
        if !router.declared.names.contains(attribute) {
            let message = format!("a header sets `{attribute}`, which `.identity([..])` does not name");
            errors.push(BuildError { tool: "(identity)".into(), message, location: None });
        }
    }
    for (_, attribute) in &router.declared.claims {
        if !router.declared.names.contains(attribute) {
            let message = format!("a claim sets `{attribute}`, which `.identity([..])` does not name");
            errors.push(BuildError { tool: "(identity)".into(), message, location: None });
        }
    }
    let has_ledger = router.ledger.is_named();
    if router.budget.is_some() && !has_ledger {
        let message = "`.budget(..)` counts in a ledger; name it with `.ledger(|state| ..)`".to_owned();
        errors.push(BuildError { tool: "(budget)".into(), message, location: None });
    }
    for candidate in router.tools {
        let (tool, location) = (candidate.draft.name.clone(), candidate.draft.location);
        log_targets.insert(candidate.draft.from.to_owned());
        let mut problems = Vec::new();
        if candidate.draft.once.is_some_and(|once| once.keeping.leased) && !has_ledger {
            problems.push("`.leased()` needs a ledger; name it with `.ledger(|state| ..)` on the router".to_owned());
        }
        let registered = register(candidate, &router.middleware, &mut problems);
        if tools.contains_key(&tool) {
            problems.push("another tool has the same name".to_owned());
        }
        let wrong = |message| BuildError { tool: tool.clone(), message, location: Some(location) };
        errors.extend(problems.into_iter().map(wrong));
        tools.insert(tool, registered);
    }
    if !errors.is_empty() {
        return Err(BuildErrors(errors));
    }
    Ok(Registry {
        description: router.description,
        tools,
        identity: router.declared.names.clone().into(),
        declared: router.declared,
        log_targets: log_targets.into_iter().collect(),
        ledger: router.ledger,
        budget: router.budget,
        cache_bytes: router.cache_bytes.unwrap_or(output_cache::DEFAULT_BYTES),
        intent_class: router.intent_class.unwrap_or_else(|| group.clone()),
        group: group.into(),
    })
}

/// Checks one tool and adds its problems to `problems`. Where there are problems, the registered tool is not used.
fn register<S>(
    candidate: Candidate<S>,
    router_middleware: &[Middleware<S>],
    problems: &mut Vec<String>,
) -> Registered<S> {
    let Candidate { mut draft, asks_by_own_key, middleware, erased } = candidate;
    problems.extend(wrong_name(&draft.name));
    let description = draft.description.take().or_else(|| text(&draft.input, "description")).unwrap_or_default();
    if description.trim().is_empty() {
        problems
            .push("it has no description; write a doc comment on its input type, or `.describe(\"..\")`".to_owned());
    }
    if is_recursive(&draft.input) || is_recursive(&draft.output) {
        problems.push("a type of its input or output contains itself, which no AWS schema supports".to_owned());
    }
    narrow(&mut draft, problems);
    let shape = compile(&draft.input, problems);
    for field in shape.fields.keys().filter(|field| !is_bedrock_name(field)) {
        problems.push(format!("its input has a field `{field}`, which Bedrock does not allow as a parameter's name"));
    }
    for name in &draft.refuse {
        if let Some(field) = shape.fields.keys().find(|field| same_name(field, name)) {
            problems
                .push(format!("`{field}` is both a field of the input and refused; leave it out with `.accept([..])`"));
        }
    }
    let exposed = expose(&draft, problems);
    let whole = matches!(draft.expose, Some(Expose::All));
    let has = |name: &&str| {
        exposed.has_field(name) || whole && draft.output.pointer(&format!("/properties/{name}")).is_some()
    };
    for name in size::RESERVED.into_iter().filter(has) {
        problems
            .push(format!("the output exposes `{name}`, which is reserved for truncated outputs; rename the field"));
    }
    if (draft.once.is_some() || draft.confirm.is_some()) && exposed.has_field(REPEATED) {
        problems.push(format!("its output has a field `{REPEATED}`, which is reserved for repeats; rename the field"));
    }
    if let Some(field) = projection::replaceable(&draft.output) {
        problems.push(format!(
            "its output flattens a map beside the field `{field}`, and a key of the map could replace it; give the map a \
             field of its own"
        ));
    }
    options(&draft, asks_by_own_key, problems);
    let catalog = CatalogTool {
        name: draft.name.clone(),
        description: description.replace('\n', " "),
        input: draft.input,
        output: exposed.prune(&draft.output),
        confirm: draft.confirm.is_some(),
        once: draft.once.is_some(),
        refuse: draft.refuse.clone(),
        title: draft.title,
        read_only: draft.read_only || draft.cache.is_some(),
        additive: draft.additive,
    };
    let tool = RegisteredTool {
        shape,
        once: draft.once,
        cache: draft.cache,
        name: draft.name,
        refuse: draft.refuse,
        confirm: draft.confirm,
        max_reply: draft.max_reply,
        intent_class: draft.intent_class,
        exposed: Arc::new(exposed),
        erased,
        catalog,
    };
    let middleware = router_middleware.iter().cloned().chain(middleware).collect();
    Registered { tool: Arc::new(tool), middleware }
}

/// Checks for options that exclude each other and for durations out of bounds.
fn options(draft: &Draft, asks_by_own_key: bool, problems: &mut Vec<String>) {
    let leased = draft.once.is_some_and(|once| once.keeping.leased);
    for (wrong, message) in [
        (
            draft.cache.is_some() && draft.once.is_some(),
            "`.cache(..)` is for tools that only read, and `.once(..)` for those that do not; keep one",
        ),
        (
            draft.cache.is_some() && draft.confirm.is_some(),
            "`.cache(..)` would answer without asking a person, and it has `.confirm(..)`; keep one",
        ),
        (
            asks_by_own_key && draft.once.is_some(),
            "`Confirm::by(..)` and `.once(..)` both name the effect; keep the key of `.once(..)`",
        ),
        (
            draft.read_only && (draft.once.is_some() || draft.confirm.is_some()),
            "`.read_only()` is for tools without an effect, and it has `.once(..)` or `.confirm(..)`; keep one",
        ),
        (
            draft.additive && (draft.read_only || draft.cache.is_some()),
            "`.additive()` describes an effect, and it is a tool that only reads; remove it",
        ),
        (
            draft.commits && draft.once.is_none(),
            "it returns `Committed<..>` and has no `.once(..)`; declare it, since its commit needs a key",
        ),
        (
            draft.commits && leased,
            "it returns `Committed<..>`, and `.leased()` is for effects outside of the ledger; keep one",
        ),
    ] {
        if wrong {
            problems.push(message.to_owned());
        }
    }
    problems.extend(draft.once.and_then(|once| out_of_bounds("`.once(..)`", once.ttl)));
    problems.extend(draft.confirm.and_then(|within| out_of_bounds("`.confirm(..)`", within)));
    problems.extend(
        draft.cache.filter(|cache| cache.ttl.is_zero() || cache.ttl > TTL.1).map(|cache| {
            format!("`.cache(..)` lasts {:?}, which is not more than zero and at most 366 days", cache.ttl)
        }),
    );
    if let (Some(once), Some(within)) = (draft.once, draft.confirm)
        && once.ttl < within
    {
        problems.push(format!(
            "a repeat is recognised for {:?} and an approval holds for {within:?}, so one approval could run twice; make \
             `Once::ttl(..)` at least as long as `Confirm::within(..)`",
            once.ttl
        ));
    }
}

/// Applies `.accept([..])` to the input's schema.
fn narrow(draft: &mut Draft, problems: &mut Vec<String>) {
    let Some(accepted) = &draft.accept else { return };
    let required: Vec<&str> =
        draft.input.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for name in required {
        if !accepted.iter().any(|accepted| accepted == name) {
            problems.push(format!("`.accept` leaves out `{name}`, which the input requires"));
        }
    }
    let Some(fields) = draft.input.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for name in accepted {
        if !fields.contains_key(name) {
            problems.push(format!("`.accept` names `{name}`, which the input does not have"));
        }
    }
    fields.retain(|name, _| accepted.contains(name));
}

fn compile(input: &Value, problems: &mut Vec<String>) -> Object {
    let object = CompiledSchema::compile(input).and_then(|shape| {
        shape.object.filter(|_| shape.any_of.is_empty()).ok_or("its input must be a struct with named fields".into())
    });
    object.unwrap_or_else(|message| {
        problems.push(message);
        Object::default()
    })
}

fn expose(draft: &Draft, problems: &mut Vec<String>) -> OutputProjection {
    let mut exposed = OutputProjection::default();
    match &draft.expose {
        Some(Expose::All) => return OutputProjection::all(),
        Some(Expose::Fields(paths)) if !paths.is_empty() => {
            for path in paths {
                if let Err(message) = exposed.add(path, &draft.output) {
                    problems.push(message);
                }
            }
        }
        _ => problems
            .push("nothing of its output may leave; name fields with `.expose([..])`, or `.expose_all()`".to_owned()),
    }
    exposed
}

/// Whether Bedrock accepts the name (`([0-9a-zA-Z][_-]?){1,100}`).
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_Function.html>
fn is_bedrock_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let separator = |byte: &u8| matches!(byte, b'_' | b'-');
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || separator(byte))
        && (1..=100).contains(&bytes.iter().filter(|byte| !separator(byte)).count())
        && !bytes.first().is_some_and(separator)
        && !bytes.windows(2).any(|pair| pair.iter().all(separator))
}

/// Describes the problem where a name is not valid. Names must also fit into a model's tool name, which consists of two
/// names joined by `__`.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/agents-action-add.html>
fn wrong_name(name: &str) -> Option<String> {
    (!is_bedrock_name(name) || name.len() > NAME_LIMIT).then(|| {
        format!("the name must be 1 to {NAME_LIMIT} letters and digits, with single `_` or `-` between or after them")
    })
}

fn text(schema: &Value, name: &str) -> Option<String> {
    schema.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn program_name() -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    std::path::Path::new(&program)
        .file_stem()
        .map_or_else(|| "tools".into(), |name| name.to_string_lossy().into_owned())
}
