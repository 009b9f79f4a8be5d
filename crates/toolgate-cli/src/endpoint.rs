//! Addresses for `--endpoint-url`, and which of them are on this machine.

use std::net::IpAddr;

use reqwest::Url;

use crate::failure::Failure;

/// The default address of `toolgate dev`.
pub(crate) const LOCAL: &str = "http://127.0.0.1:8787";

/// A checked address, without a slash at its end. An empty one, as from an empty variable, is `None`.
///
/// # Errors
/// The address is not a valid URL.
pub(crate) fn checked(given: Option<String>) -> Result<Option<String>, Failure> {
    let Some(given) = given.filter(|given| !given.trim().is_empty()) else { return Ok(None) };
    let is_address = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    match given.parse::<Url>() {
        Ok(url) if is_address(&url) => Ok(Some(given.trim().trim_end_matches('/').to_owned())),
        _ => {
            Err(format!("`{given}` is not a valid URL: give `http://` or `https://` and a host, such as {LOCAL}")
                .into())
        }
    }
}

/// Plain http, or an address of this machine.
pub(crate) fn is_local(url: &str) -> bool {
    is_loopback(url) || url.parse::<Url>().is_ok_and(|url| url.scheme() == "http")
}

/// An address of this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = url.parse::<Url>() else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        let checked = |text: &str| checked(Some(text.to_owned())).map_err(|error| error.to_string());
        assert_eq!(checked("http://127.0.0.1:8787/"), Ok(Some("http://127.0.0.1:8787".to_owned())));
        assert_eq!(checked("https://example.com/path"), Ok(Some("https://example.com/path".to_owned())));
        assert_eq!(checked(" "), Ok(None));
        for wrong in ["foo", "localhost:8787", "127.0.0.1:8787", "http://", "ftp://example.com", "http://[", "/mcp"] {
            let problem = checked(wrong).unwrap_err();
            assert!(
                problem.starts_with(&format!("`{wrong}` is not a valid URL")) && !problem.contains('\n'),
                "{problem}"
            );
        }
    }
}
