//! Instances of the function, the queue that they work on, and what is true when the queue is empty.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use toolgate_testkit::{
    database::Server,
    lambda::{Function, Invoked, Killer},
    proxy::Proxy,
};

use super::aws::{Aws, BUCKET, Brain, Call, Decide, Fault, MODEL, QUEUE, State, TOPIC};

const TABLE: &str = "requests";

/// The instances and their services.
pub(crate) struct Desk {
    pub(crate) aws: Arc<Aws>,
    pub(crate) database: Server,
    /// The way of each instance to the tables.
    pub(crate) proxies: Vec<Proxy>,
    functions: Vec<Function>,
    random: StdRng,
}

impl Desk {
    /// A desk with so many instances. `usd` is the budget of the day.
    pub(crate) async fn open(program: &Path, instances: usize, usd: &str, brain: Brain) -> Self {
        let database = Server::start([("ledger", "id", Vec::new())]).await;
        create_table(&database).await;
        let mut desk = Self {
            aws: Aws::new(brain),
            database,
            proxies: Vec::new(),
            functions: Vec::new(),
            random: StdRng::seed_from_u64(7),
        };
        desk.start(program, instances, usd).await;
        desk
    }

    /// Replaces the instances, as a deployment does.
    pub(crate) async fn start(&mut self, program: &Path, instances: usize, usd: &str) {
        (self.proxies, self.functions) = (Vec::new(), Vec::new());
        for _ in 0..instances {
            let proxy = Proxy::before(self.database.address).await;
            let killer = Arc::<Mutex<Killer>>::default();
            let aws = format!("http://{}", self.aws.serve(killer.clone()).await);
            let tables = format!("http://{}", proxy.address);
            let variables = [
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                // every retry comes from the queue
                ("AWS_MAX_ATTEMPTS", "1"),
                ("AWS_ENDPOINT_URL", &aws),
                ("AWS_ENDPOINT_URL_DYNAMODB", &tables),
                ("DIGEST_TABLE", TABLE),
                ("DIGEST_BUCKET", BUCKET),
                ("DIGEST_TOPIC", TOPIC),
                ("DIGEST_QUEUE", QUEUE),
                ("DIGEST_USD", usd),
                ("LEDGER_TABLE", "ledger"),
                ("MODEL", MODEL),
                ("OUTPUT_TOKENS", "4000"),
                ("GUARDRAIL_ID", "guardrail"),
                ("GUARDRAIL_VERSION", "1"),
            ];
            let function = Function::new(program, &variables);
            proxy.kills(function.killer());
            *killer.lock().unwrap() = function.killer();
            self.proxies.push(proxy);
            self.functions.push(function);
        }
    }

    pub(crate) fn state<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.aws.state.lock().unwrap())
    }

    pub(crate) fn send(&self, body: &Value) {
        self.state(|state| state.queue.send(&body.to_string()));
    }

    /// Sends a request with this number.
    pub(crate) fn ask(&self, customer: &str, number: usize) {
        self.send(&request(customer, number));
    }

    /// What EventBridge Scheduler sends.
    pub(crate) fn begin(&self, date: &str) {
        self.send(&json!({"digestsOf": format!("{date}T06:00:00Z")}));
    }

    /// Sets what happens to the calls of the services from now on.
    pub(crate) fn decide(&self, decide: Decide) {
        self.state(|state| state.decide = Some(decide));
    }

    /// Sets what happens to the next call of this kind.
    pub(crate) fn fail_once(&self, call: Call, fault: Fault) {
        let mut fault = Some(fault);
        self.decide(Box::new(move |one, _| if one == call { fault.take() } else { None }));
    }

    /// All instances work until the queue is empty.
    pub(crate) async fn drain(&mut self) {
        let aws = &self.aws;
        let random = &mut self.random;
        let work = self.functions.iter_mut().map(|function| {
            let mut random = StdRng::from_rng(random);
            async move {
                loop {
                    let batch = {
                        let queue = &mut aws.state.lock().unwrap().queue;
                        if queue.is_empty() {
                            return;
                        }
                        queue.receive(&mut random)
                    };
                    let Some(batch) = batch else {
                        // others work on what is left
                        tokio::time::sleep(Duration::from_millis(2)).await;
                        continue;
                    };
                    let invoked = function.invoke(&batch.to_string(), None, Duration::from_secs(60)).await;
                    let reply = match &invoked {
                        Invoked::Reply(reply) => Some(reply.as_str()),
                        _ => None,
                    };
                    aws.state.lock().unwrap().queue.settle(&batch, reply);
                }
            }
        });
        join_all(work.collect::<Vec<_>>()).await;
    }

    /// The digests by their keys.
    pub(crate) fn digests(&self) -> BTreeMap<String, Value> {
        let read = |(path, body): (&String, &String)| {
            let key = path.strip_prefix(&format!("/{BUCKET}/")).unwrap().to_owned();
            (key, serde_json::from_str(body).unwrap())
        };
        self.state(|state| state.objects.iter().map(read).collect())
    }

    /// The digests that have the request with this number.
    pub(crate) fn digests_with(&self, number: usize) -> Vec<String> {
        let has = |digest: &Value| {
            let answers = digest["answers"].as_array().unwrap();
            answers.iter().filter(|answer| answer["requestId"] == format!("REQ-{number}")).count()
        };
        self.digests().iter().flat_map(|(key, digest)| vec![key.clone(); has(digest)]).collect()
    }

    /// The rows that wait, with the date that has claimed each.
    pub(crate) async fn waiting(&self) -> BTreeMap<String, Option<String>> {
        let mut found = BTreeMap::new();
        let mut rows = self.database.client.scan().table_name(TABLE).into_paginator().items().send();
        let text = |value: &AttributeValue| value.as_s().unwrap().clone();
        while let Some(row) = rows.next().await {
            let row = row.unwrap();
            assert_eq!(row.contains_key("waiting"), !row.contains_key("expiresAt"), "{row:?}");
            if row.contains_key("waiting") {
                found.insert(text(&row["requestId"]), row.get("digest").map(text));
            }
        }
        found
    }
}

/// A request with a number.
pub(crate) fn request(customer: &str, number: usize) -> Value {
    json!({"requestId": format!("REQ-{number}"), "customerId": customer, "question": format!("What about {number}?")})
}

/// The key of a digest.
pub(crate) fn key(customer: &str, date: &str) -> String {
    format!("digests/{date}/{customer}.json")
}

/// The date so many days ago.
pub(crate) fn days_ago(days: i64) -> String {
    let today: Date = Offset::UTC.to_datetime(Timestamp::now()).date();
    today.checked_sub(days.days()).unwrap().to_string()
}

/// A model that answers each line.
pub(crate) fn brain() -> Brain {
    Arc::new(|_, prompt| Box::pin(std::future::ready(answers(&prompt, usize::MAX))))
}

/// The answers to the first lines of a prompt.
pub(crate) fn answers(prompt: &str, most: usize) -> String {
    let answer = |line: &str| {
        let asked: Value = serde_json::from_str(line).unwrap();
        let answer = format!("To {}: soon.", asked["question"].as_str().unwrap());
        json!({"n": asked["n"], "answer": answer}).to_string() + "\n"
    };
    prompt.lines().take(most).map(answer).collect()
}

/// The table as the template declares it.
async fn create_table(database: &Server) {
    let text = |name: &str| {
        let text = ScalarAttributeType::S;
        AttributeDefinition::builder().attribute_name(name).attribute_type(text).build().unwrap()
    };
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let projection =
        Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("digest").build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("waiting")
        .key_schema(key("waiting", KeyType::Hash))
        .projection(projection)
        .build()
        .unwrap();
    let create = database.client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    let create = ["customerId", "requestId", "waiting"]
        .iter()
        .fold(create, |create, name| create.attribute_definitions(text(name)));
    let create = create.key_schema(key("customerId", KeyType::Hash)).key_schema(key("requestId", KeyType::Range));
    create.global_secondary_indexes(index).send().await.unwrap();
}
