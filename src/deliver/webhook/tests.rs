//! Signatures by known vectors; what each answer means, over a server of our own.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn allowed(networks: &[&str]) -> Networks {
    Networks(networks.iter().map(|text| text.parse().unwrap()).collect())
}

fn poster(networks: &[&str]) -> Poster {
    let rules = Rules { allowed: allowed(networks), patience: Duration::from_millis(800), ..Rules::default() };
    Poster::new(rules).unwrap()
}

/// The example of the specification, which its reference implementations carry as their first test.
#[test]
fn the_signature_is_that_of_the_specification() {
    let endpoint = Endpoint::new("https://crm.example.test/hook", &[secret(SECRET)]).unwrap();
    let at = Timestamp::from_second(1614265330).unwrap();
    let signed = endpoint.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn every_secret_signs_and_none_is_shown() {
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let endpoint = Endpoint::new("https://crm.example.test/hook", &[secret(other), secret(SECRET)]).unwrap();
    let signed = endpoint.signature("a", Timestamp::from_second(1).unwrap(), b"{}");
    assert_eq!(signed.split(' ').count(), 2);
    let alone = Endpoint::new("https://crm.example.test/hook", &[secret(SECRET)]).unwrap();
    assert_eq!(signed.split(' ').nth(1), Some(&*alone.signature("a", Timestamp::from_second(1).unwrap(), b"{}")));
    let shown = format!("{endpoint:?} {:?}", secret(SECRET));
    assert!(!shown.contains("MfKQ9r8") && !shown.contains("49"), "{shown}");
}

#[test]
fn endpoints_that_cannot_be_signed_for_or_reached_are_refused() {
    let refused = |url: &str, secrets: &[&str]| {
        let secrets: Vec<Secret> = secrets.iter().map(|text| secret(text)).collect();
        Endpoint::new(url, &secrets).err()
    };
    let url = "https://crm.example.test/";
    assert_eq!(refused(url, &[SECRET]), None);
    assert_eq!(refused(url, &[]), Some(EndpointError::NoSecret));
    assert_eq!(refused(url, &["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]), Some(EndpointError::Secret));
    assert_eq!(refused(url, &["whsec_c2hvcnQ="]), Some(EndpointError::Secret));
    assert_eq!(refused(url, &[SECRET, "whsec_!"]), Some(EndpointError::Secret));
    assert_eq!(refused("ftp://crm.example.test/", &[SECRET]), Some(EndpointError::NoUrl));
    assert_eq!(refused("crm", &[SECRET]), Some(EndpointError::NoUrl));
    assert_eq!(refused("https://user:word@crm.example.test/", &[SECRET]), Some(EndpointError::User));
}

/// A server that takes one request a connection, keeps it, and answers with the next of `answers`.
async fn server(answers: &'static [&'static str]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    tokio::spawn(async move {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut request = Vec::new();
            while !complete(&request) {
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend(&buffer[..read]),
                }
            }
            kept.lock().unwrap().push(String::from_utf8(request).unwrap());
            match *answer {
                "silence" => tokio::time::sleep(Duration::from_secs(5)).await,
                "drop" => {}
                answer => {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        }
    });
    (port, seen)
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}

async fn post(answer: &'static [&'static str]) -> (Tried, String) {
    let (port, seen) = server(answer).await;
    let endpoint = Endpoint::new(&format!("http://127.0.0.1:{port}/hook"), &[secret(SECRET)]).unwrap();
    let tried =
        poster(&["127.0.0.0/8"]).post(&endpoint, "row-1", instant("2026-03-27T16:00:00Z"), b"{}".to_vec()).await;
    let request = seen.lock().unwrap().first().cloned().unwrap_or_default();
    (tried, request)
}

#[tokio::test]
async fn what_is_posted_is_signed() {
    let (tried, request) = post(&["HTTP/1.1 204 No Content\r\n\r\n"]).await;
    assert_eq!(tried, Tried::Sent);
    let header = |name: &str| {
        let line = request.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {request}")).to_owned()
    };
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert_eq!(header("webhook-id"), "row-1");
    assert_eq!(header("webhook-timestamp"), instant("2026-03-27T16:00:00Z").as_second().to_string());
    assert_eq!(header("content-type"), "application/json");
    let endpoint = Endpoint::new("https://x.example.test/", &[secret(SECRET)]).unwrap();
    assert_eq!(header("webhook-signature"), endpoint.signature("row-1", instant("2026-03-27T16:00:00Z"), b"{}"));
    assert!(request.ends_with("\r\n\r\n{}"));
}

#[tokio::test]
async fn each_answer_means_what_it_should() {
    let later = |tried: &Tried| match tried {
        Tried::Later { after, .. } => Some(*after),
        _ => None,
    };
    let (tried, _) = post(&["HTTP/1.1 503 Unavailable\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"]).await;
    assert_eq!(later(&tried), Some(Some(Duration::from_secs(120))));
    let dated = "HTTP/1.1 429 Too Many\r\nRetry-After: Fri, 27 Mar 2026 16:05:00 GMT\r\nContent-Length: 0\r\n\r\n";
    let (tried, _) = post(Box::leak(Box::new([dated]))).await;
    assert_eq!(later(&tried), Some(Some(Duration::from_secs(300))));
    let (tried, _) = post(&["HTTP/1.1 500 Oops\r\nRetry-After: -5\r\nContent-Length: 0\r\n\r\n"]).await;
    assert_eq!(later(&tried), Some(None));
    let (tried, _) = post(&["HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"]).await;
    assert!(matches!(tried, Tried::Gone { .. }), "{tried:?}");
    let (tried, _) = post(&["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]).await;
    assert_eq!(tried, Tried::refused("the endpoint refused it (404)"));
    let (tried, _) = post(&["drop"]).await;
    assert!(matches!(tried, Tried::Unknown { .. }), "{tried:?}");
    let (tried, _) = post(&["silence"]).await;
    assert!(matches!(tried, Tried::Unknown { .. }), "{tried:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (target, seen) = server(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    let moved = format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target}/\r\nContent-Length: 0\r\n\r\n");
    let (tried, _) = post(Box::leak(Box::new([&*moved.leak()]))).await;
    assert!(matches!(tried, Tried::Refused { .. }), "{tried:?}");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n{}", "x".repeat(3_000_000));
    let (tried, _) = post(Box::leak(Box::new([&*long.leak()]))).await;
    assert_eq!(tried, Tried::Sent);
}

/// A resolver that knows one answer, and counts how often it is asked.
fn knows(addresses: &[&str]) -> (Lookup, Arc<Mutex<u32>>) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let asked = Arc::new(Mutex::new(0));
    let counted = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        *counted.lock().unwrap() += 1;
        let found = addresses.clone();
        Box::pin(async move { Ok(found) })
    });
    (lookup, asked)
}

#[tokio::test]
async fn names_and_addresses_that_lead_inside_are_refused_and_nothing_is_connected_to() {
    for inside in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"] {
        let (lookup, asked) = knows(&[inside]);
        let poster = Poster::with_lookup(Rules::default(), lookup).unwrap();
        let endpoint = Endpoint::new("https://crm.example.test/", &[secret(SECRET)]).unwrap();
        let tried = poster.post(&endpoint, "a", instant("2026-03-27T16:00:00Z"), vec![]).await;
        assert!(matches!(&tried, Tried::Refused { reason } if reason.contains("allowed")), "{inside}: {tried:?}");
        assert_eq!(*asked.lock().unwrap(), 1);
    }
    for url in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1/",
        "http://crm.example.test/",
    ] {
        let endpoint = Endpoint::new(url, &[secret(SECRET)]).unwrap();
        let tried = poster(&[]).post(&endpoint, "a", instant("2026-03-27T16:00:00Z"), vec![]).await;
        assert!(matches!(tried, Tried::Refused { .. }), "{url}: {tried:?}");
    }
}

#[tokio::test]
async fn of_several_addresses_only_those_that_pass_are_connected_to() {
    let (port, seen) = server(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    // 10.0.0.1 would hang: nobody may try it.
    let (lookup, asked) = knows(&["10.0.0.1", "127.0.0.1"]);
    let rules = Rules { allowed: allowed(&["127.0.0.1"]), ..Rules::default() };
    let poster = Poster::with_lookup(rules, lookup).unwrap();
    let endpoint = Endpoint::new(&format!("http://localhost:{port}/"), &[secret(SECRET)]).unwrap();
    assert_eq!(poster.post(&endpoint, "a", instant("2026-03-27T16:00:00Z"), vec![]).await, Tried::Sent);
    assert_eq!((seen.lock().unwrap().len(), *asked.lock().unwrap()), (1, 1));
}
