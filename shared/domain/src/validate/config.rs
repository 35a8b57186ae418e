//! Free-form settings: how large they may be, how edits are merged into them, and how secrets are taken out or, in
//! what nobody here wrote, recognized by their names.
//!
//! Keys of nested objects are written with dots (`auth.token`). What keys there are is each connector's to say
//! (`connector`).

use super::{Faults, below};
use crate::validate::FieldError;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use zeroize::Zeroize as _;

/// Objects and arrays below each other, the settings themselves counted.
pub const DEPTH_MAX: usize = 8;
/// Bytes of the settings as JSON.
pub const SIZE_MAX: usize = 64 * 1024;

/// Stands where a secret is set, whatever is shown.
pub const MASK: &str = "********";

/// Words in the names of keys whose values are secrets.
const SECRET_WORDS: [&str; 7] =
    ["password", "passwd", "secret", "token", "credential", "private", "authorization"];

/// Whether a key's name says that its value may be a secret, for where nobody knows the key: what is not ours, what
/// cannot be read, an engine's own settings. In doubt it does.
pub fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// A secret on its way from a call to the sealing: masked wherever it could be printed, erased when dropped.
/// Deliberately without `Serialize`, so that nothing can send or store it.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext(String);

impl Plaintext {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Every call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Plaintext {
    /// What is no text is refused without being repeated.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("must be a text")),
        }
    }
}

impl ComposeSchema for Plaintext {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let text = "A secret: stored sealed, never shown again.";
        let format = Some(SchemaFormat::KnownFormat(KnownFormat::Password));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(format)
            .write_only(true)
            .description(Some(text))
            .into()
    }
}

impl utoipa::ToSchema for Plaintext {}

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(***)")
    }
}

/// Notes at `place` what of `map` is too deep, too large, or cannot be stored.
pub fn check_shape(place: &str, map: &Map<String, Value>, faults: &mut Faults) {
    let size = serde_json::to_string(map).map_or(0, |text| text.len());
    if size > SIZE_MAX {
        faults.add(place, format!("must have at most {SIZE_MAX} bytes as JSON, has {size}"));
        return;
    }
    check_object(place, map, 1, faults);
}

fn check_object(place: &str, map: &Map<String, Value>, depth: usize, faults: &mut Faults) {
    if depth > DEPTH_MAX {
        faults.add(place, format!("is deeper than {DEPTH_MAX} levels"));
        return;
    }
    for (key, value) in map {
        let place = below(place, key);
        if key.chars().any(char::is_control) {
            faults.add(&place, "a key must not contain control characters");
        }
        check_value(&place, value, depth, faults);
    }
}

fn check_value(place: &str, value: &Value, depth: usize, faults: &mut Faults) {
    match value {
        Value::Object(map) => check_object(place, map, depth + 1, faults),
        Value::Array(_) if depth >= DEPTH_MAX => {
            faults.add(place, format!("is deeper than {DEPTH_MAX} levels"))
        }
        Value::Array(items) => {
            for (place_in_list, item) in items.iter().enumerate() {
                check_value(&format!("{place}/{place_in_list}"), item, depth + 1, faults);
            }
        }
        // Certificates have line ends; only NUL cannot be stored.
        Value::String(text) if text.contains('\0') => faults.add(place, "must not contain U+0000"),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// Merges `patch` into `base` key by key, at every depth: null removes a key, an object is merged into an object,
/// anything else replaces what was there (RFC 7396).
pub fn merge(base: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                base.remove(&key);
            }
            Value::Object(patch) => {
                let slot = base.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(base) = slot {
                    merge(base, patch);
                }
            }
            value => {
                base.insert(key, value);
            }
        }
    }
}

/// The settings of a WIM with those of an account laid over them: what a connector is built from.
pub fn merged(wim: &Map<String, Value>, account: &Map<String, Value>) -> Map<String, Value> {
    let mut both = wim.clone();
    merge(&mut both, account.clone());
    both
}

/// The value under a dotted key.
pub fn get<'a>(config: &'a Map<String, Value>, dotted: &str) -> Option<&'a Value> {
    match dotted.split_once('.') {
        None => config.get(dotted),
        Some((first, rest)) => get(config.get(first)?.as_object()?, rest),
    }
}

/// The JSON pointer of a dotted key below `place`.
pub fn pointer(place: &str, dotted: &str) -> String {
    dotted.split('.').fold(place.to_owned(), |place, key| below(&place, key))
}

/// What became of the secret keys of some settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenSecrets {
    /// To be sealed, by dotted key.
    pub given: BTreeMap<String, Plaintext>,
    /// Dotted keys that were null: secrets to be removed by an edit.
    pub removed: Vec<String>,
}

/// Takes the secret keys out of `config`, so that what is left may be stored and shown. A secret is a text;
/// anything else under a secret key is taken out as well and told as a fault at its place below `place`.
pub fn split_secrets(
    config: &mut Map<String, Value>,
    secret_keys: &[&str],
    place: &str,
) -> (TakenSecrets, Vec<FieldError>) {
    let mut taken = TakenSecrets::default();
    let mut errors = Vec::new();
    for key in secret_keys {
        match remove(config, key) {
            None => {}
            Some(Value::Null) => taken.removed.push((*key).to_owned()),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => {
                taken.given.insert((*key).to_owned(), Plaintext(text));
            }
            Some(_) => errors.push(FieldError::new(pointer(place, key), "must be a text that is not empty")),
        }
    }
    (taken, errors)
}

/// Removes the value under a dotted key, and objects that are empty without it.
fn remove(config: &mut Map<String, Value>, dotted: &str) -> Option<Value> {
    let Some((first, rest)) = dotted.split_once('.') else {
        return config.remove(dotted);
    };
    let inner = config.get_mut(first)?.as_object_mut()?;
    let value = remove(inner, rest);
    if value.is_some() && inner.is_empty() {
        config.remove(first);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn names_of_secrets_are_recognized() {
        for key in ["Password", "sasl_passwd", "auth_token", "Authorization", "private_key"] {
            assert!(names_a_secret(key), "{key}");
        }
        assert!(!names_a_secret("engine") && !names_a_secret("user"));
    }

    #[test]
    fn merging_keeps_replaces_and_removes() {
        for (base, patch, expect) in [
            (json!({"a": 1}), json!({}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 2, "b": 3}), json!({"a": 2, "b": 3})),
            (json!({"a": 1, "b": 2}), json!({"a": null, "c": null}), json!({"b": 2})),
            (json!({"a": {"x": 1, "y": 2}}), json!({"a": {"x": null}}), json!({"a": {"y": 2}})),
            (json!({"a": 1}), json!({"a": {"x": null, "y": 1}}), json!({"a": {"y": 1}})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
        ] {
            let mut merged = map(base.clone());
            merge(&mut merged, map(patch.clone()));
            assert_eq!(Value::Object(merged), expect, "{base} with {patch}");
        }
    }

    #[test]
    fn secrets_are_taken_out_wherever_they_stand() {
        let mut config =
            map(json!({"auth": {"token": "t"}, "tls": {"key": "k", "ca": "c"}, "old": null, "n": 1}));
        let (taken, errors) =
            split_secrets(&mut config, &["auth.token", "tls.key", "old", "absent"], "/config");
        assert_eq!(errors, []);
        assert_eq!(Value::Object(config), json!({"tls": {"ca": "c"}, "n": 1}));
        assert_eq!(taken.given["auth.token"].expose(), "t");
        assert_eq!(taken.given["tls.key"].expose(), "k");
        assert_eq!(taken.removed, ["old"]);
        assert!(!format!("{taken:?}").contains("\"t\""));
    }

    #[test]
    fn a_secret_of_the_wrong_type_is_a_fault_and_is_not_kept() {
        let mut config = map(json!({"auth": {"token": {"deep": "t"}}}));
        let (taken, errors) = split_secrets(&mut config, &["auth.token"], "/config");
        assert!(taken.given.is_empty() && config.is_empty());
        assert_eq!(errors[0].field, "/config/auth/token");
        assert!(!errors[0].message.contains('t') || !errors[0].message.contains("deep"));
    }

    #[test]
    fn depth_size_and_unstorable_texts_are_refused() {
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        let listed = |levels: usize| json!({"a": (1..levels).fold(json!(1), |inner, _| json!([inner]))});
        for (value, faults) in [
            (nested(DEPTH_MAX), 0),
            (nested(DEPTH_MAX + 1), 1),
            (listed(DEPTH_MAX), 0),
            (listed(DEPTH_MAX + 1), 1),
            (json!({"a": "x".repeat(SIZE_MAX)}), 1),
            (json!({"a\u{0}": 1, "b": "\u{0}", "c": ["\u{0}"]}), 3),
            (json!({"ca": "-----BEGIN\nx\n"}), 0),
        ] {
            let mut found = Faults::default();
            check_shape("/config", &map(value.clone()), &mut found);
            let errors = found.finish::<()>(None::<()>.or((faults == 0).then_some(())));
            assert_eq!(errors.err().map_or(0, |errors| errors.len()), faults, "{value:.200}");
        }
    }
}
