//! Which events were there before: Postmark delivers at least once.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// So many are remembered.
const MOST: usize = 100_000;

/// The events that were there lately.
#[derive(Debug)]
pub struct Seen {
    most: usize,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { most: MOST, known: HashSet::new(), order: VecDeque::new() }
    }
}

impl Seen {
    /// Whether an event with this key was there before; from now on it was.
    pub fn again(&mut self, key: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        if !self.known.insert(hash) {
            return true;
        }
        self.order.push_back(hash);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let mut seen = Seen { most: 2, ..Seen::default() };
        assert!(["a", "b", "c"].iter().all(|key| !seen.again(key)));
        assert!(seen.again("c") && seen.again("b"));
        assert!(!seen.again("a"));
        assert_eq!(seen.known.len(), 2);
    }
}
