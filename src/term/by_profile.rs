//! The same from several profiles: one list, in which each thing says whose it is.

use serde_json::Value;

use super::{Cell, Column, Report, Table};

/// A view for each profile that a run is for; one at least.
pub struct ByProfile<V> {
    /// Each with the name of the profile; none for a token of the environment.
    pub parts: Vec<(Option<String>, V)>,
    /// Whether it is said whose each thing is without being asked for.
    pub several: bool,
}

impl<V: Report> Report for ByProfile<V> {
    const COLUMNS: &'static [Column] = V::COLUMNS;
    const HAS_IDS: bool = V::HAS_IDS;
    const HAS_ROWS: bool = V::HAS_ROWS;
    const HAS_PROFILES: bool = true;

    /// A list of what the lists hold.
    fn json(&self) -> Value {
        let mut all = Vec::new();
        for (profile, view) in &self.parts {
            let items = match view.json() {
                Value::Array(items) => items,
                one => vec![one],
            };
            all.extend(items.into_iter().map(|mut item| {
                if let (true, Value::Object(object)) = (self.several, &mut item) {
                    object.shift_insert(0, "Profile".to_owned(), profile.as_deref().into());
                }
                item
            }));
        }
        Value::Array(all)
    }

    fn table(&self) -> Table {
        let tables = self.parts.iter().map(|(profile, view)| {
            (Cell::new(profile.as_deref().unwrap_or_default()), view.table())
        });
        Table::by_profile(tables, self.several)
    }

    fn ids(&self) -> Vec<String> {
        self.parts.iter().flat_map(|(_, view)| view.ids()).collect()
    }

    fn nothing(&self) -> &'static str {
        self.parts.first().map_or("", |(_, view)| view.nothing())
    }
}
