//! A bank with a few tools. Each payment takes money from one account and is counted in another.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_dynamodb::{
    Client,
    config::retry::RetryConfig,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Committed, Confirm, Cx, Key, Once, Router, Service, Tool, ToolError, hours, key, testing};
use toolgate_dynamodb::{Commit, CommitError, DynamoLedger};
use validator::Validate;

use crate::{
    database::{Database, client, create_tables, serve},
    proxy::Proxy,
};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Failed conditions that the tools received: the index, and the account's balance.
pub(crate) type Failed = Arc<Mutex<Vec<(usize, Option<String>)>>>;

/// Money that has left the bank: the idempotency key and the note of each transfer.
pub(crate) type Wired = Arc<Mutex<Vec<(String, String)>>>;

/// A bank. Its service uses a proxy, its client does not.
pub(crate) struct Bank {
    pub(crate) service: Service<State>,
    pub(crate) proxy: Proxy,
    pub(crate) failed: Failed,
    pub(crate) wired: Wired,
    pub(crate) client: Client,
    pub(crate) clock: TestClock,
}

/// A clock that a test moves. It starts at the real time.
#[derive(Clone, Default)]
pub(crate) struct TestClock(Arc<Mutex<std::time::Duration>>);

impl TestClock {
    pub(crate) fn advance(&self, by: std::time::Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn reader(&self) -> impl Fn() -> std::time::SystemTime + Send + Sync + 'static {
        let offset = self.0.clone();
        move || std::time::SystemTime::now() + *offset.lock().unwrap()
    }
}

/// The state of the tools.
pub(crate) struct State {
    ledger: DynamoLedger,
    runs: AtomicUsize,
    failed: Failed,
    wired: Wired,
}

/// Pay from an account.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payment {
    /// Whose money.
    account: String,
    /// How much.
    amount: i64,
    /// Why.
    note: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Paid {
    payment_id: String,
    account: String,
    amount: i64,
    internal_score: i64,
    /// Not exposed, and a secret.
    auditor: Auditor,
}

#[derive(Serialize, JsonSchema)]
struct Auditor {
    name: String,
    phone: String,
}

async fn pay(cx: Cx<State>, input: Payment) -> Result<Committed<Paid>, ToolError> {
    let Payment { account, amount, note: _ } = input;
    let run = cx.state().runs.fetch_add(1, Ordering::SeqCst);
    let paid = Paid {
        payment_id: format!("PAY-{run}"),
        account: account.clone(),
        amount,
        internal_score: 99,
        auditor: Auditor { name: "Ann".into(), phone: "+1 555-010-0100".into() },
    };
    let update = |id: &str| Update::builder().table_name("accounts").key("id", text(id));
    let count = update("bank")
        .update_expression("ADD payments :one, taken :amount")
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":amount", number(amount));
    let take = update(&account)
        .update_expression("SET balance = balance - :amount")
        .condition_expression("balance >= :amount")
        .expression_attribute_values(":amount", number(amount))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let items = [count, take].map(|update| TransactWriteItem::builder().update(update.build().unwrap()).build());
    match cx.commit(&cx.state().ledger, items.into(), paid).await {
        Err(CommitError::Condition { index, item }) => {
            let balance = item.map(|item| item["balance"].as_n().unwrap().clone());
            cx.state().failed.lock().unwrap().push((index, balance));
            Err(ToolError::refused("there is not enough money"))
        }
        committed => Ok(committed?),
    }
}

/// As `pay`, with the error that `?` alone produces.
async fn pay_or_fail(cx: Cx<State>, input: Payment) -> Result<Committed<Paid>, ToolError> {
    let check = Update::builder()
        .table_name("accounts")
        .key("id", text(&input.account))
        .update_expression("SET balance = :none")
        .condition_expression("balance < :none")
        .expression_attribute_values(":none", number(0))
        .build()
        .unwrap();
    let auditor = Auditor { name: String::new(), phone: String::new() };
    let paid =
        Paid { payment_id: "x".into(), account: input.account, amount: input.amount, internal_score: 0, auditor };
    Ok(cx.commit(&cx.state().ledger, vec![TransactWriteItem::builder().update(check).build()], paid).await?)
}

#[derive(Serialize, JsonSchema)]
struct Seen {
    seen: String,
}

/// A commit in a tool that is not declared with `.once(..)`.
async fn pay_whenever(cx: Cx<State>, input: Payment) -> Result<Seen, ToolError> {
    Ok(Seen { seen: pay(cx, input).await?.payment_id.clone() })
}

/// The usual form of a tool with an effect: it reads, decides, and then writes.
async fn judge_and_pay(cx: Cx<State>, input: Payment) -> Result<Committed<Paid>, ToolError> {
    let client = cx.state().ledger.client();
    let get = client.get_item().table_name("accounts").key("id", text(&input.account)).consistent_read(true);
    let account = get.send().await.map_err(ToolError::internal)?.item;
    let account = account.ok_or_else(|| ToolError::not_found("there is no such account"))?;
    let balance: i64 = account["balance"].as_n().unwrap().parse().unwrap();
    if balance < input.amount {
        return Err(ToolError::conflict("there is not enough money"));
    }
    pay(cx, input).await
}

/// A tool that changes nothing.
async fn look(input: Payment) -> Result<Seen, ToolError> {
    Ok(Seen { seen: input.account })
}

/// An effect outside of DynamoDB. It happens on every run, independently of the ledger. The note selects the failure
/// after the effect.
async fn wire_money(cx: Cx<State>, input: Payment) -> Result<Paid, ToolError> {
    let note = input.note.clone().unwrap_or_default();
    let happen = || {
        let key = cx.once_key().map(|key| key.id().to_owned()).unwrap_or_default();
        cx.state().wired.lock().unwrap().push((key, note.clone()));
    };
    match note.as_str() {
        "closed" => return Err(ToolError::conflict("the account is closed")),
        "slow" => {
            happen();
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        "hang" => {
            happen();
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        }
        "broken" => {
            happen();
            return Err(ToolError::internal("the line broke"));
        }
        "panic" => {
            happen();
            panic!("as the test specifies");
        }
        _ => happen(),
    }
    let count = cx.state().runs.fetch_add(1, Ordering::SeqCst);
    let auditor = Auditor { name: "Ann".into(), phone: "+1 555-010-0100".into() };
    Ok(Paid {
        payment_id: format!("WIRE-{count}"),
        account: input.account,
        amount: input.amount,
        internal_score: 1,
        auditor,
    })
}

impl Bank {
    /// A bank with a client that does not retry, so that every retry comes from the ledger.
    pub(crate) async fn open() -> Self {
        Self::with(RetryConfig::disabled()).await
    }

    pub(crate) async fn with(retries: RetryConfig) -> Self {
        let upstream = serve(Database::memory().unwrap()).await;
        let proxy = Proxy::before(upstream).await;
        let client = client(&format!("http://{upstream}"), RetryConfig::disabled());
        create_tables(&client, ["accounts", "ledger", "approvals"].map(|table| (table, "id", Vec::new()))).await;
        let clock = TestClock::default();
        let ledger = DynamoLedger::new(client_of(&proxy, retries), "ledger").with_approvals("approvals");
        let ledger = ledger.with_clock(clock.reader());
        let failed = Failed::default();
        let wired = Wired::default();
        let state = State { ledger, runs: AtomicUsize::new(0), failed: failed.clone(), wired: wired.clone() };
        let bank = Self { service: router().with_state(state), proxy, failed, wired, client, clock };
        bank.put("accounts", [("id", text("jane")), ("balance", number(1_000))]).await;
        bank
    }

    pub(crate) async fn put<const N: usize>(&self, table: &str, item: [(&str, AttributeValue); N]) {
        let item = item.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    /// The ledger itself, with its own client and the bank's clock.
    pub(crate) fn ledger(&self) -> DynamoLedger {
        DynamoLedger::new(self.client.clone(), "ledger").with_approvals("approvals").with_clock(self.clock.reader())
    }

    /// The ledger behind the unreliable connection.
    pub(crate) fn unreliable_ledger(&self) -> DynamoLedger {
        DynamoLedger::new(client_of(&self.proxy, RetryConfig::disabled()), "ledger").with_clock(self.clock.reader())
    }

    /// The ledger's records.
    pub(crate) async fn records(&self) -> Vec<Item> {
        self.items("ledger").await
    }

    pub(crate) async fn items(&self, table: &str) -> Vec<Item> {
        self.client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default()
    }

    /// Jane's balance, and the number of counted payments. The two must always match.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        let number = async |id: &str, name: &str| {
            let get = self.client.get_item().table_name("accounts").key("id", text(id)).consistent_read(true);
            let item = get.send().await.unwrap().item;
            item.map_or(0, |item| item[name].as_n().unwrap().parse::<i64>().unwrap())
        };
        let (balance, payments, taken) =
            (number("jane", "balance").await, number("bank", "payments").await, number("bank", "taken").await);
        assert_eq!(1_000 - balance, taken, "what was taken is what was counted");
        (balance, payments)
    }

    /// Calls a tool on the function wire, in a session. Returns the body of the reply.
    pub(crate) async fn call(&self, tool: &str, session: &str, arguments: Value) -> Value {
        call(&self.service, tool, session, arguments).await
    }

    pub(crate) async fn pay(&self, session: &str, amount: i64) -> Value {
        self.call("pay", session, json!({"account": "jane", "amount": amount})).await
    }
}

/// As [`Bank::call`], on a service without a bank.
pub(crate) async fn call(service: &Service<State>, tool: &str, session: &str, arguments: Value) -> Value {
    testing::call(service, tool, arguments).session(session).await.body().clone()
}

/// The key of a payment. A rephrased note does not change it.
fn payment(input: &Payment) -> Key {
    key((&input.account, input.amount))
}

/// Longer than the default retention of a record.
const DAYS_8: std::time::Duration = std::time::Duration::from_secs(8 * 24 * 60 * 60);

fn router() -> Router<State> {
    let exposed = ["paymentId", "account", "amount", "auditor.name"];
    Router::builder()
        .group("bank")
        .description("Payments.")
        .identity(["customerId"])
        .identity_header("x-customer", "customerId")
        .identity_claim("sub", "customerId")
        .ledger(|state: &State| &state.ledger)
        .tool(Tool::new("pay", pay).once(Once::by(payment)).expose(exposed))
        .tool(Tool::new("pay_or_fail", pay_or_fail).once(Once::by(payment)).expose(exposed))
        .tool(Tool::new("pay_by_note", pay).once(Once::by(|input: &Payment| key(&input.note))).expose(exposed))
        .tool(Tool::new("pay_whenever", pay_whenever).expose(["seen"]))
        .tool(Tool::new("judge_and_pay", judge_and_pay).once(Once::by(payment)).expose(exposed))
        .tool(Tool::new("look_and_pay", judge_and_pay).once(Once::by(payment).look_first()).expose(exposed))
        .tool(
            Tool::new("pay_confirmed", pay).confirm(Confirm::within(hours(24))).once(Once::by(payment)).expose(exposed),
        )
        .tool(Tool::new("wire_money", wire_money).once(Once::by(payment).leased()).expose(exposed))
        .tool(
            Tool::new("wire_by_account", wire_money)
                .once(Once::by(|input: &Payment| key(&input.account)).leased())
                .expose(exposed),
        )
        .tool(Tool::new("wire_confirmed", wire_money).confirm(Confirm::within(DAYS_8).by(payment)).expose(exposed))
        .tool(
            Tool::new("wire_large", wire_money)
                .confirm(Confirm::within(hours(24)).when(|input: &Payment| input.amount > 500))
                .expose(exposed),
        )
        .tool(
            Tool::new("pay_large", pay)
                .confirm(Confirm::within(hours(24)).when(|input: &Payment| input.amount > 500))
                .once(Once::by(payment))
                .expose(exposed),
        )
        .tool(Tool::new("look", look).expose(["seen"]))
        .build()
        .unwrap()
}

fn client_of(proxy: &Proxy, retries: RetryConfig) -> Client {
    client(&format!("http://{}", proxy.address), retries)
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
