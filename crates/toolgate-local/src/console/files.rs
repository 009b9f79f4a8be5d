//! The console's page: static files in this program. No build step and no network is needed to serve them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::error::ApiError;
use crate::http::elsewhere;

/// Allows this origin's own scripts and styles, no inline ones, no frame, and no text that becomes markup.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    // Another program answers on the same port tomorrow. The browser asks each time whether a file has changed.
    ("cache-control", "no-cache"),
];

/// The page itself, at `/`.
const INDEX: &str = "index.html";

struct File {
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($name:literal,)*) => {
        /// All files in the folder `page`; a test compares them with the folder.
        const FILES: &[File] = &[$(File { name: $name, bytes: include_bytes!(concat!("page/", $name)) }),*];
    };
}

files![
    "api.js",
    "app.js",
    "approvalcard.js",
    "confirm.js",
    "diff.js",
    "dom.js",
    "dynamo.js",
    "eventstream.js",
    "exchange.js",
    "format.js",
    "gates.js",
    "icon.svg",
    "index.html",
    "invoke.js",
    "json.js",
    "ledgerrows.js",
    "live.js",
    "memory.js",
    "messages.js",
    "router.js",
    "saveastest.js",
    "schemaform.js",
    "states.js",
    "style.css",
    "tabs.js",
    "text.js",
    "theme.js",
    "views.css",
    "views/approvals.js",
    "views/chat.js",
    "views/playground.js",
    "views/span.js",
    "views/tables.js",
    "views/tools.js",
    "views/trace.js",
    "views/turns.js",
    "waterfall.js",
];

/// The files with their entity tags, which are computed once.
static TAGGED: LazyLock<Vec<(&'static File, HeaderValue)>> =
    LazyLock::new(|| FILES.iter().filter_map(|file| Some((file, tag(file.bytes)?))).collect());

/// `GET /` and `GET /console/…`. They need no state, so the page is there while the local agent starts.
pub(super) fn routes() -> Router {
    Router::new().route("/", get(index)).route("/console/{*file}", get(file))
}

async fn index(headers: HeaderMap) -> Response {
    // A request of an SDK for another service, for example S3's list of buckets.
    match elsewhere::service(&headers) {
        Some(_) => elsewhere::refuse(&headers),
        None => serve(INDEX, &headers),
    }
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    // The page is at `/` only, so that its address is one.
    serve(if name == INDEX { "" } else { &name }, &headers)
}

fn serve(name: &str, headers: &HeaderMap) -> Response {
    let Some((file, tag)) = TAGGED.iter().find(|(file, _)| file.name == name) else {
        return ApiError::not_found("the console has no such file; its page is at `/`").into_response();
    };
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| known == tag);
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, content_type(name))], file.bytes).into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::ETAG, tag.clone());
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn tag(bytes: &[u8]) -> Option<HeaderValue> {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish())).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(folder: &Path, root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => found.extend(names(&path, root)),
                false => found.push(path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")),
            }
        }
        found.sort();
        found
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/page");
        let served: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        assert_eq!(served, names(&root, &root), "list the files of the folder `page`, in their order");
        for name in served {
            assert_ne!(content_type(name), "application/octet-stream", "{name}");
        }
    }
}
