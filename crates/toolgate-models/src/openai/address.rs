//! The address of a model server, with the name of the model.

use std::{fmt, net::IpAddr};

use reqwest::Url;

/// The parts of `<base url>#<model>`.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// The base address as given, without a possible password.
    shown: String,
    /// The URL of its chat completions.
    pub(super) url: Url,
    pub(super) model: String,
}

/// Why the address of a model server is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The address or the model is missing.
    #[error(
        "`openai:{0}` has no model: write `openai:<base url>#<model>`, such as `openai:http://127.0.0.1:11434/v1#llama3.1`"
    )]
    NoModel(String),
    /// The address is not a valid URL.
    #[error(
        "`{0}` is not a valid address of a model server: it begins with `http://` or `https://` and ends where `/chat/completions` begins"
    )]
    NoUrl(String),
    /// The address contains a user name or a password.
    #[error("the address of a model server has no place for a password: set OPENAI_API_KEY instead")]
    Password,
    /// The HTTP client cannot be created.
    #[error("cannot create an HTTP client for the model server")]
    Client,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, AddressError> {
        let (base, model) = text.split_once('#').unwrap_or((text, ""));
        if base.contains('@') {
            return Err(AddressError::Password);
        }
        if base.is_empty() || model.is_empty() {
            return Err(AddressError::NoModel(text.to_owned()));
        }
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix("/chat/completions").unwrap_or(base);
        let no_url = || AddressError::NoUrl(base.to_owned());
        let url: Url = format!("{base}/chat/completions").parse().map_err(|_| no_url())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || url.query().is_some() {
            return Err(no_url());
        }
        Ok(Self { shown: base.to_owned(), url, model: model.to_owned() })
    }

    /// Whether the connection is encrypted or stays on this machine.
    pub(super) fn keeps_secrets(&self) -> bool {
        self.url.scheme() == "https" || self.is_here()
    }

    /// Whether it is an address of this machine, for which no proxy is used.
    pub(super) fn is_here(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether it is OpenAI's own API.
    pub(super) fn is_openai(&self) -> bool {
        self.url.host_str().is_some_and(|host| host == "openai.com" || host.ends_with(".openai.com"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.shown, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_base_and_a_model() {
        let address = Address::parse("http://127.0.0.1:11434/v1/#llama3.1:8b").unwrap();
        assert_eq!(address.url.as_str(), "http://127.0.0.1:11434/v1/chat/completions");
        assert_eq!(
            (address.model.as_str(), address.is_openai(), address.keeps_secrets()),
            ("llama3.1:8b", false, true)
        );
        let address = Address::parse("https://api.openai.com/v1#gpt-5").unwrap();
        assert!(address.is_openai() && address.keeps_secrets());
        assert!(!Address::parse("http://models.example.com/v1#x").unwrap().keeps_secrets());
    }

    #[test]
    fn what_is_wrong_with_an_address_is_reported() {
        for (text, expected) in [
            ("", "has no model"),
            ("gpt-5", "has no model"),
            ("#gpt-5", "has no model"),
            ("http://127.0.0.1:1/v1", "has no model"),
            ("127.0.0.1:1#x", "is not a valid address"),
            ("ftp://127.0.0.1#x", "is not a valid address"),
            ("http://127.0.0.1/v1?key=1#x", "is not a valid address"),
            ("http://me:secret@127.0.0.1#x", "OPENAI_API_KEY"),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
