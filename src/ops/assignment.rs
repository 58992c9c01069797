//! `Path=value`: one field of a document, changed.

use std::str::FromStr;

use serde_json::Value;

/// One field and its new value.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The keys from the top; of a list the number of the item, from 0.
    path: Vec<String>,
    value: Value,
}

impl Assignment {
    /// The path, dotted: `Client.Name`.
    pub fn path(&self) -> String {
        self.path.join(".")
    }

    /// Changes the field in a document. False, and nothing changed, where there is no such field.
    pub fn apply(&self, document: &mut Value) -> bool {
        let field = self.path.iter().try_fold(document, |inner, key| match inner {
            Value::Object(object) => object.get_mut(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        });
        match field {
            Some(field) => {
                *field = self.value.clone();
                true
            }
            None => false,
        }
    }
}

impl FromStr for Assignment {
    type Err = String;

    /// A value that is JSON is taken as such, any other as a text.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.is_empty()) else {
            return Err("it is written Path=value, as in Tag=welcome".to_owned());
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(Self { path: path.split('.').map(str::to_owned).collect(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_is_there_is_changed_and_no_other_is_made() {
        let mut document = json!({"A": {"B": 1}, "L": [{"C": "x"}], "N": null});
        for (text, there) in [
            ("A.B=2", true),
            ("L.0.C=a=b", true),
            ("N={\"k\": \"v\"}", true),
            ("A.D=1", false),
            ("L.1=1", false),
            ("A.B.C=1", false),
            ("L.x=1", false),
        ] {
            assert_eq!(text.parse::<Assignment>().unwrap().apply(&mut document), there, "{text}");
        }
        assert_eq!(document, json!({"A": {"B": 2}, "L": [{"C": "a=b"}], "N": {"k": "v"}}));
    }

    #[test]
    fn values_are_json_where_they_are_json() {
        for (text, value) in [
            ("X=true", json!(true)),
            ("X=null", Value::Null),
            ("X=\"true\"", json!("true")),
            ("X=4323372036854775807", json!(4_323_372_036_854_775_807_i64)),
            ("X=", json!("")),
            ("X=it's", json!("it's")),
        ] {
            assert_eq!(text.parse::<Assignment>().unwrap().value, value, "{text}");
        }
        assert!("X".parse::<Assignment>().is_err());
        assert!("=1".parse::<Assignment>().is_err());
    }
}
