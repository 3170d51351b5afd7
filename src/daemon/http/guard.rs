//! Who may come in: with a token, whoever shows it; without one, programs of this machine.
//!
//! Without a token a page in a browser of this machine must not write either: the name in `Host` has to be one of this
//! machine, and every write has to name a media type that a page cannot send without being asked first.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::{App, Problem};

/// What a client has to show, kept as its hash.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(token)")
    }
}

impl Token {
    /// Takes a token.
    pub fn new(text: &str) -> Token {
        Token(Sha256::digest(text.as_bytes()).into())
    }

    /// Tells whether `text` is the token, in a time that says nothing about how much of it is right.
    pub fn is(&self, text: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let differ = self.0.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other));
        std::hint::black_box(differ) == 0
    }
}

pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let refused = match &app.token {
        Some(token) => (!shows(token, request.headers()))
            .then(|| Problem::new(StatusCode::UNAUTHORIZED, "send the token: `Authorization: Bearer …`")),
        None => (!is_for_this_machine(request.headers())).then(|| {
            let detail =
                "without a token only this machine is answered, under its own name: localhost, 127.0.0.1 or [::1]";
            Problem::new(StatusCode::FORBIDDEN, detail)
        }),
    };
    match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn shows(token: &Token, headers: &HeaderMap) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    shown.is_some_and(|(_, shown)| token.is(shown.trim()))
}

/// A page of somewhere else whose name was made to lead here still sends its own name.
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|value| value.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_the_token() {
        let token = Token::new("0123456789abcdef");
        assert!(token.is("0123456789abcdef"));
        assert!(!token.is("0123456789abcdeF") && !token.is("") && !token.is("0123456789abcdef0"));
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            headers
        };
        assert!(shows(&token, &headers("bearer 0123456789abcdef")));
        assert!(!shows(&token, &headers("Basic 0123456789abcdef")));
        assert!(!shows(&token, &headers("0123456789abcdef")) && !shows(&token, &HeaderMap::new()));
    }

    #[test]
    fn names_of_this_machine() {
        let host = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, value.parse().unwrap());
            is_for_this_machine(&headers)
        };
        assert!(host("localhost:7077") && host("127.0.0.1") && host("[::1]:7077") && host("LOCALHOST"));
        assert!(!host("evil.example:7077") && !host("localhost.evil.example") && !host("192.0.2.1"));
        assert!(!is_for_this_machine(&HeaderMap::new()));
    }
}
