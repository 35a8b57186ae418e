//! Real answers held against the OpenAPI document: each must be one that the document knows, to the last field.
//!
//! It is stricter than JSON Schema is: a field that the document does not name is a fault, although nothing forbids it,
//! for what is answered and not described is how a description goes stale. It understands the words that the document
//! uses and fails on all others. Deliberately absent: requests' bodies, which the api itself checks.

use serde_json::Value;
use std::collections::BTreeSet;

/// One document.
pub struct Document(Value);

/// One answer and what it answers.
pub struct Answered<'a> {
    pub method: &'a str,
    /// With its query.
    pub path: &'a str,
    pub status: u16,
    pub content_type: &'a str,
    pub body: &'a Value,
}

impl Document {
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("the document is JSON"))
    }

    /// What of an answer the document does not know; empty where it is as described.
    pub fn faults(&self, answered: &Answered<'_>) -> Vec<String> {
        let (path, query) = answered.path.split_once('?').unwrap_or((answered.path, ""));
        let Some(operation) = self.operation(answered.method, path) else {
            return vec![format!("{} {path}: no such operation", answered.method)];
        };
        let mut faults = Vec::new();
        let known = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        for name in query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty())
        {
            let described = known.iter().any(|it| it["in"] == "query" && it["name"] == name);
            if !described && answered.status < 400 {
                faults.push(format!("the query's {name} is taken but not described"));
            }
        }
        let described = &operation["responses"][answered.status.to_string()];
        if described.is_null() {
            faults.push(format!("status {} is not described", answered.status));
            return faults;
        }
        let media = answered.content_type.split(';').next().unwrap_or_default();
        match described["content"].as_object() {
            None => {}
            Some(_) if answered.body.is_null() && answered.status == 204 => {}
            Some(content) => match content.get(media) {
                None => faults.push(format!("status {} is not described as {media:?}", answered.status)),
                Some(content) if media.ends_with("json") => {
                    self.value(&content["schema"], answered.body, "", true, &mut faults);
                }
                Some(_) => {}
            },
        }
        faults
    }

    /// The operation of a path, and its template: a part that is not a parameter's wins.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(a, b)| a.starts_with('{') || a == b)
        };
        let paths = self.0["paths"].as_object()?;
        let found = paths.iter().filter(|(template, _)| fits(template));
        let (_, item) = found.min_by_key(|(template, _)| template.matches('{').count())?;
        item.get(method.to_ascii_lowercase())
    }

    /// Every (method, path template) that is described.
    pub fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.0["paths"].as_object().expect("paths");
        let of = |(path, item): (&String, &Value)| -> Vec<(String, String)> {
            let methods = item.as_object().expect("a path's operations").keys();
            methods.map(|method| (method.to_ascii_uppercase(), path.clone())).collect()
        };
        paths.iter().flat_map(of).collect()
    }

    /// References that lead nowhere.
    pub fn dangling(&self) -> Vec<String> {
        fn walk(document: &Document, value: &Value, out: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    if let Some(reference) = map.get("$ref").and_then(Value::as_str)
                        && document.named(reference).is_none()
                    {
                        out.push(reference.to_owned());
                    }
                    map.values().for_each(|value| walk(document, value, out));
                }
                Value::Array(items) => items.iter().for_each(|value| walk(document, value, out)),
                _ => {}
            }
        }
        let mut out = Vec::new();
        walk(self, &self.0, &mut out);
        out
    }

    fn named(&self, reference: &str) -> Option<&Value> {
        self.0.pointer(reference.strip_prefix('#')?)
    }

    /// `whole`: the schema says all of the object, so that what it does not name is a fault.
    fn value(&self, schema: &Value, value: &Value, at: &str, whole: bool, faults: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            return match self.named(reference) {
                Some(schema) => self.value(schema, value, at, whole, faults),
                None => faults.push(format!("{at}: {reference} leads nowhere")),
            };
        }
        for word in ["oneOf", "anyOf"] {
            let Some(choices) = schema[word].as_array() else { continue };
            let fit = |choice: &Value| {
                let mut found = Vec::new();
                self.value(choice, value, at, whole, &mut found);
                found.is_empty()
            };
            if !choices.iter().any(fit) {
                faults.push(format!("{at}: {value} is none of the choices"));
            }
            return;
        }
        if let Some(parts) = schema["allOf"].as_array() {
            for part in parts {
                self.value(part, value, at, false, faults);
            }
            let named = self.properties(schema);
            return unnamed(value, at, &named, faults);
        }
        self.of_type(schema, value, at, faults);
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
            faults.push(format!("{at}: {value} is none of {words:?}"));
        }
        match value {
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.value(&schema["items"], item, &format!("{at}/{n}"), true, faults);
                }
            }
            Value::Object(_) => self.object(schema, value, at, whole, faults),
            _ => {}
        }
    }

    fn object(&self, schema: &Value, value: &Value, at: &str, whole: bool, faults: &mut Vec<String>) {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str).filter(|name| value.get(name).is_none()) {
            faults.push(format!("{at}/{name} is missing"));
        }
        let Some(properties) = schema["properties"].as_object() else { return };
        for (name, schema) in properties {
            if let Some(value) = value.get(name) {
                self.value(schema, value, &format!("{at}/{name}"), true, faults);
            }
        }
        if whole {
            unnamed(value, at, &self.properties(schema), faults);
        }
    }

    /// Names of all properties, those of the parts of an `allOf` included.
    fn properties(&self, schema: &Value) -> BTreeSet<String> {
        let schema = schema["$ref"].as_str().and_then(|reference| self.named(reference)).unwrap_or(schema);
        let own = schema["properties"].as_object().into_iter().flat_map(|map| map.keys().cloned());
        let parts = schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        own.chain(parts.iter().flat_map(|part| self.properties(part))).collect()
    }

    fn of_type(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let types: Vec<&str> = match &schema["type"] {
            // Any value.
            Value::Null => return,
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            other => return faults.push(format!("{at}: {other} is no type")),
        };
        let fits = types.iter().any(|name| match *name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        });
        if !fits {
            faults.push(format!("{at}: {value} is not {}", types.join(" or ")));
        }
    }
}

fn unnamed(value: &Value, at: &str, named: &BTreeSet<String>, faults: &mut Vec<String>) {
    for name in
        value.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !named.contains(*name))
    {
        faults.push(format!("{at}/{name} is not described"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Document {
        let link = json!({"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "why": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Why"}]},
            "free": {"type": "object"}}});
        let why = json!({"type": "string", "enum": ["a", "b"]});
        let more = json!({"allOf": [{"$ref": "#/components/schemas/Link"},
            {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}}]});
        let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/More"}}});
        Document(json!({"paths": {"/links/{link}": {"get": {
                "parameters": [{"in": "query", "name": "limit"}], "responses": {"200": {"content": content}}}}},
            "components": {"schemas": {"Link": link, "Why": why, "More": more}}}))
    }

    #[test]
    fn what_is_not_as_described_is_told() {
        let fine = json!({"id": "i", "n": 1, "why": "a", "free": {"x": [1]}});
        let faults = |method: &str, path: &str, status: u16, body: &Value| {
            document()
                .faults(&Answered { method, path, status, content_type: "application/json", body })
                .join("; ")
        };
        assert_eq!(faults("GET", "/links/1?limit=5", 200, &fine), "");
        for (method, path, status, body, told) in [
            ("GET", "/other", 200, fine.clone(), "no such operation"),
            ("PUT", "/links/1", 200, fine.clone(), "no such operation"),
            ("GET", "/links/1?name=x", 200, fine.clone(), "name is taken"),
            ("GET", "/links/1", 404, fine, "status 404"),
            ("GET", "/links/1", 200, json!({}), "/id is missing"),
            ("GET", "/links/1", 200, json!({"id": 1}), "/id: 1 is not string"),
            ("GET", "/links/1", 200, json!({"id": "i", "n": 1.5}), "/n: 1.5 is not integer or null"),
            ("GET", "/links/1", 200, json!({"id": "i", "why": "c"}), "/why: \"c\" is none of"),
            ("GET", "/links/1", 200, json!({"id": "i", "x": 1}), "/x is not described"),
        ] {
            let found = faults(method, path, status, &body);
            assert!(found.contains(told), "{told:?} is not in {found:?}");
        }
        assert_eq!(document().dangling(), Vec::<String>::new());
    }
}
