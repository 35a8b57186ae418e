//! The five requests of RESTCONF that a connector makes, with their answers reduced to what it must decide on.

use super::errors::{Intent, classify};
use crate::egress::{Answer, Egress, Login, Request, Url, Verb, bounded};
use crate::port::{Class, Failure};
use serde_json::Value;
use std::fmt::Write as _;

/// RFC 8040, section 11.3.2.
const MEDIA: &str = "application/yang-data+json";
/// Bytes of an answer that holds a whole list: some 15,000 accesses.
const LISTING_MAX: usize = 16 << 20;

/// What became of a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Done,
    /// It was not there.
    Absent,
    /// Taken, not done yet (202).
    Pending,
}

/// A controller's RESTCONF interface, under one account's credentials.
#[derive(Clone, Debug)]
pub(crate) struct Restconf {
    egress: Egress,
    /// `{+restconf}/data`.
    data: Url,
    login: Option<Login>,
}

impl Restconf {
    /// `root` is the address of RFC 8040's `{+restconf}`.
    pub(crate) fn new(egress: Egress, root: &Url, login: Option<Login>) -> Self {
        Self { egress, data: root.below("/data", None), login }
    }

    /// Reads one resource; `None`: it does not exist. Paths begin below `data`, their keys encoded by [`key`].
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, Failure> {
        self.read(self.data.below(path, None), None).await
    }

    /// Reads a container of lists, asking for these fields alone (RFC 8040, section 4.8.3) and, where the server
    /// refuses to choose, for everything. An empty one does not exist for many servers.
    pub(crate) async fn get_list(&self, path: &str, fields: &str) -> Result<Option<Value>, Failure> {
        let query = format!("fields={fields}");
        match self.read(self.data.below(path, Some(&query)), Some(LISTING_MAX)).await {
            Err(failure) if failure.class == Class::Invalid => {
                self.read(self.data.below(path, None), Some(LISTING_MAX)).await
            }
            answered => answered,
        }
    }

    /// Creates or replaces one resource.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<(), Failure> {
        self.write(Verb::Put, path, body).await
    }

    /// Merges into one resource (plain patch, RFC 8040, section 4.6.1).
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<(), Failure> {
        self.write(Verb::Patch, path, body).await
    }

    /// Removes one resource; that it is not there is an answer, not a failure.
    pub(crate) async fn delete(&self, path: &str) -> Result<Deleted, Failure> {
        let url = self.data.below(path, None);
        let answer = self.call(Verb::Delete, &url, None, None).await?;
        match answer.status {
            202 => Ok(Deleted::Pending),
            200..=299 => Ok(Deleted::Done),
            _ => match refused(Verb::Delete, &url, &answer, Intent::Remove) {
                failure if failure.class == Class::NotFound => Ok(Deleted::Absent),
                failure => Err(failure),
            },
        }
    }

    /// Reads what is not RESTCONF but answers JSON, credentials going to their own origin alone; `None`: 404.
    pub(crate) async fn get_json(&self, url: &Url) -> Result<Option<Value>, Failure> {
        self.read(url.clone(), None).await
    }

    /// The same of what tells of many links at once.
    pub(crate) async fn get_json_list(&self, url: &Url) -> Result<Option<Value>, Failure> {
        self.read(url.clone(), Some(LISTING_MAX)).await
    }

    async fn write(&self, verb: Verb, path: &str, body: &Value) -> Result<(), Failure> {
        let url = self.data.below(path, None);
        let answer = self.call(verb, &url, Some(body.to_string()), None).await?;
        match answer.status {
            200..=299 => Ok(()),
            _ => Err(refused(verb, &url, &answer, Intent::Write)),
        }
    }

    async fn read(&self, url: Url, max: Option<usize>) -> Result<Option<Value>, Failure> {
        let answer = self.call(Verb::Get, &url, None, max).await?;
        if answer.status == 200 {
            return parse(&url, &answer).map(Some);
        }
        match refused(Verb::Get, &url, &answer, Intent::Read) {
            failure if failure.class == Class::NotFound => Ok(None),
            failure => Err(failure),
        }
    }

    async fn call(
        &self,
        verb: Verb,
        url: &Url,
        body: Option<String>,
        max: Option<usize>,
    ) -> Result<Answer, Failure> {
        let login = self.login.as_ref().filter(|_| url.same_origin(&self.data));
        self.egress.call(Request { verb, url, login, media: MEDIA, body, answer_max_bytes: max }).await
    }
}

/// An empty body proves nothing: only a 404 says that something is absent.
fn parse(url: &Url, answer: &Answer) -> Result<Value, Failure> {
    serde_json::from_slice(&answer.body).map_err(|error| Failure {
        class: Class::Internal,
        detail: bounded(&format!(
            "GET {url} answered status 200 with what is not JSON ({error}): {}",
            String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)])
        )),
        retry_after: None,
    })
}

fn refused(verb: Verb, url: &Url, answer: &Answer, intent: Intent) -> Failure {
    let (class, words) = classify(intent, answer);
    let words = if words.is_empty() { String::new() } else { format!(": {words}") };
    Failure {
        class,
        detail: bounded(&format!("{} {url} answered status {}{words}", verb.as_str(), answer.status)),
        retry_after: answer.retry_after,
    }
}

/// A list key's value in a path (RFC 8040, section 3.5.3): all but unreserved characters percent-encoded.
pub(crate) fn key(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A member by its name, with or without a module's prefix (RFC 7951, section 4; servers differ).
pub(crate) fn members<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    let object = node.as_object()?;
    object
        .get(name)
        .or_else(|| object.iter().find(|(member, _)| strip(member) == name).map(|(_, value)| value))
}

/// A name or an identity without its prefix.
pub(crate) fn strip(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, bare)| bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_encoded_for_one_path_segment() {
        for (value, encoded) in [
            ("GÉANT", "G%C3%89ANT"),
            ("a/b,c", "a%2Fb%2Cc"),
            ("pe1:uni1", "pe1%3Auni1"),
            ("a b%?#", "a%20b%25%3F%23"),
            ("A-z_0.9~", "A-z_0.9~"),
        ] {
            assert_eq!(key(value), encoded);
        }
    }

    #[test]
    fn members_are_found_with_and_without_prefix() {
        let node = json!({"ietf-l2vpn-svc:vpn-id": "a", "cir": 1});
        assert_eq!(members(&node, "vpn-id"), Some(&json!("a")));
        assert_eq!(members(&node, "cir"), Some(&json!(1)));
        assert_eq!(members(&node, "cbs"), None);
        assert_eq!(members(&json!([]), "cir"), None);
    }
}
