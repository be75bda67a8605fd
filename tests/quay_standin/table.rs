//! A table of Quay's database: rows by key, in the order in which they were created.

use std::ops::Index;

/// Its rows are in the order of creation, as in Quay's lists.
pub(crate) struct Table<Row>(Vec<(String, Row)>);

impl<Row> Table<Row> {
    pub(crate) fn get(&self, key: &str) -> Option<&Row> {
        self.iter().find_map(|(known, row)| (known == key).then_some(row))
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Row> {
        self.0.iter_mut().find_map(|(known, row)| (known == key).then_some(row))
    }

    /// Adds a row, or replaces the row with this key.
    pub(crate) fn insert(&mut self, key: String, row: Row) {
        match self.get_mut(&key) {
            Some(old) => *old = row,
            None => self.0.push((key, row)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Keys and rows, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.0.iter().map(|(key, row)| (key.as_str(), row))
    }
}

impl<Row> Default for Table<Row> {
    fn default() -> Table<Row> {
        Table(Vec::new())
    }
}

impl<Row> FromIterator<(String, Row)> for Table<Row> {
    fn from_iter<Rows: IntoIterator<Item = (String, Row)>>(rows: Rows) -> Table<Row> {
        Table(rows.into_iter().collect())
    }
}

impl<Row> Index<&str> for Table<Row> {
    type Output = Row;

    fn index(&self, key: &str) -> &Row {
        self.get(key).expect("a row of this key")
    }
}
