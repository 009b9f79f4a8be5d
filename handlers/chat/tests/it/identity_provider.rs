//! An identity provider on this machine: its discovery document, its keys, and tokens.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

/// A running provider.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) address: String,
    inner: Arc<Inner>,
}

struct Inner {
    keys: Mutex<Vec<(String, Ed25519KeyPair)>>,
    /// Answers to the discovery request.
    asked: AtomicUsize,
    /// What the provider sends in place of its documents.
    broken: Mutex<Option<Value>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner { keys: Mutex::default(), asked: AtomicUsize::new(0), broken: Mutex::default() };
        let provider = Self { address, inner: Arc::new(inner) };
        provider.add_key("1");
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    pub(crate) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.address)
    }

    pub(crate) fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn answer_with(&self, broken: Option<Value>) {
        *self.inner.broken.lock().unwrap() = broken;
    }

    pub(crate) fn add_key(&self, id: &str) {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        self.inner.keys.lock().unwrap().push((id.to_owned(), Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap()));
    }

    /// A valid token with the newest key, and with some claims replaced.
    pub(crate) fn token(&self, others: &Value) -> String {
        let keys = self.inner.keys.lock().unwrap();
        let (id, pair) = keys.last().unwrap();
        let mut claims = json!({
            "sub": "user-1", "iss": self.address, "aud": "desk", "customer_id": "CUST-1", "exp": now() + 600,
        });
        for (name, value) in others.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let part = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": id})), part(&claims));
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn discovery(State(provider): State<Provider>) -> axum::response::Response {
    provider.inner.asked.fetch_add(1, Ordering::SeqCst);
    if let Some(broken) = provider.inner.broken.lock().unwrap().clone() {
        return match broken {
            Value::Null => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            broken => Json(broken).into_response(),
        };
    }
    Json(json!({"issuer": provider.address, "jwks_uri": format!("{}/keys", provider.address), "other": [1]}))
        .into_response()
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let keys = provider.inner.keys.lock().unwrap();
    let keys = keys.iter().map(|(id, pair)| {
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": id, "x": x})
    });
    Json(json!({"keys": keys.collect::<Vec<_>>()}))
}
