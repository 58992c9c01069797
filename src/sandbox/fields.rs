//! Reading a request: its query, and its JSON body, where a key that is null counts as not given.

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::answer::Refusal;

/// What a value of the wrong JSON type is refused with.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    /// The Webhooks API has a code of its own, 1361.
    Webhook,
    /// Elsewhere it is the general one, 403.
    General,
}

/// An object of a request, with typed look-ups.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    wrong: Wrong,
}

/// The object in a request's body. `missing` is the refusal where there is none.
pub(super) fn parse(
    body: &[u8],
    wrong: Wrong,
    missing: Refusal,
) -> Result<Map<String, Value>, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(missing);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Err(missing),
        Ok(_) => Err(wrong.refuse("the body, which must be an object")),
        Err(error) => Err(Refusal::new(402, format!("Received invalid JSON input: {error}."))),
    }
}

impl Wrong {
    pub(super) fn refuse(self, field: &str) -> Refusal {
        match self {
            Self::Webhook => Refusal::new(1361, format!("Invalid value for the field: {field}.")),
            Self::General => Refusal::new(403, format!("Invalid request field(s): {field}.")),
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, wrong: Wrong) -> Self {
        Self { object, wrong }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.wrong.refuse(name)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, Value::as_str)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, Value::as_bool)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, Value::as_i64)
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Refusal> {
        self.typed(name, Value::as_array)
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, Refusal> {
        let object = self.typed(name, Value::as_object)?;
        Ok(object.map(|object| Fields::new(object, self.wrong)))
    }

    /// The names of all fields that are given.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    /// The refusal of a field whose value is of the right type and still not acceptable.
    pub(super) fn refuse(&self, name: &str) -> Refusal {
        self.wrong.refuse(name)
    }
}

/// The value of a query key, whose case does not matter. An empty one is not given.
pub(super) fn query_value(query: &str, key: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

/// True for an `http` or `https` URL with a host.
pub(super) fn is_http_url(text: &str) -> bool {
    // The parser forgives spaces around a URL and line ends inside it; a server that posts there would not.
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    clean
        && Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
