//! What waits to be passed on, in its order and within limits.

use std::collections::VecDeque;

/// So many wait at most.
const MOST: usize = 10_000;
/// So many bytes do; one always may.
const BYTES: usize = 128 * 1024 * 1024;

/// A queue with an end.
pub(super) struct Waiting<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    overflows: bool,
}

/// What became of something that was to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It waits.
    Fits,
    /// It does not, and so far all did: worth a word.
    Overflows,
    /// It does not, like others before it.
    StillOverflows,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), bytes: 0, overflows: false }
    }
}

impl<T> Waiting<T> {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Puts something of so many bytes at the end.
    pub(super) fn add(&mut self, item: T, bytes: usize) -> Added {
        let all = self.bytes.saturating_add(bytes);
        if self.len() < MOST && (all <= BYTES || self.is_empty()) {
            self.items.push_back((item, bytes));
            self.bytes = all;
            return Added::Fits;
        }
        if std::mem::replace(&mut self.overflows, true) {
            Added::StillOverflows
        } else {
            Added::Overflows
        }
    }

    /// Takes the first.
    pub(super) fn next(&mut self) -> Option<T> {
        let (item, bytes) = self.items.pop_front()?;
        self.bytes -= bytes;
        // Once half of the room is free again, the next overflow is worth a word.
        self.overflows &= self.len() > MOST / 2 || self.bytes > BYTES / 2;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds this many, and says what became of each kind.
    fn add(waiting: &mut Waiting<usize>, count: usize, bytes: usize) -> [usize; 3] {
        let added: Vec<_> = (0..count).map(|number| waiting.add(number, bytes)).collect();
        [Added::Fits, Added::Overflows, Added::StillOverflows]
            .map(|kind| added.iter().filter(|added| **added == kind).count())
    }

    fn take(waiting: &mut Waiting<usize>, count: usize) -> Vec<usize> {
        (0..count).map_while(|_| waiting.next()).collect()
    }

    #[test]
    fn too_many_are_told_once_until_half_of_them_are_gone() {
        let mut waiting = Waiting::default();
        assert_eq!(add(&mut waiting, MOST + 3, 1), [MOST, 1, 2]);
        assert_eq!(take(&mut waiting, 2), [0, 1]);
        assert_eq!(add(&mut waiting, 4, 1), [2, 0, 2]);
        assert_eq!(take(&mut waiting, MOST / 2 - 1).len(), MOST / 2 - 1);
        assert_eq!(add(&mut waiting, MOST / 2, 1), [MOST / 2 - 1, 0, 1]);
        assert_eq!(take(&mut waiting, MOST / 2).len(), MOST / 2);
        assert_eq!(add(&mut waiting, MOST / 2 + 2, 1), [MOST / 2, 1, 1]);
        assert_eq!(take(&mut waiting, MOST + 1).len(), MOST);
        assert!(waiting.is_empty());
    }

    #[test]
    fn large_ones_fill_it_too_and_a_single_one_always_fits() {
        let mut waiting = Waiting::default();
        assert_eq!(add(&mut waiting, 2, BYTES + 1), [1, 1, 0]);
        assert_eq!(take(&mut waiting, 2), [0]);
        let quarter = BYTES / 4;
        assert_eq!(add(&mut waiting, 6, quarter), [4, 1, 1]);
        assert_eq!(take(&mut waiting, 1), [0]);
        assert_eq!(add(&mut waiting, 2, quarter), [1, 0, 1]);
        assert_eq!(take(&mut waiting, 2), [1, 2]);
        assert_eq!(add(&mut waiting, 3, quarter), [2, 1, 0]);
        assert_eq!(waiting.len(), 4);
        // Two of the largest mails that Postmark takes.
        assert_eq!(add(&mut Waiting::default(), 2, 50 << 20), [2, 0, 0]);
    }
}
