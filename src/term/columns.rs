//! How the columns of a table share a terminal's width.

/// What a column would like, in characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// Its longest word, the title included: narrower than this, words break.
    pub(super) word: usize,
    /// Its longest cell: wider than this, space is wasted.
    pub(super) cell: usize,
}

/// A word that is longer than this is a URL, or reads no worse when it is broken.
const URL: usize = 20;

/// Down to this width a word may be broken; a shorter one is not.
const SHORT: usize = 12;

/// The width of each column, so that all fit: each its longest word where that is possible, and the rest
/// to those that would wrap. Long words give way, URLs first. Nothing where short ones would have to.
pub(super) fn share(needs: &[Need], available: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = needs.iter().map(|need| need.word.max(1)).collect();
    let mut over = widths.iter().sum::<usize>().saturating_sub(available);
    while over > 0 {
        let breakable = |longer: usize| {
            let columns = widths.iter().zip(needs).enumerate();
            let long = columns.filter(|(_, (width, need))| need.word > longer && **width > SHORT);
            long.max_by_key(|(_, (width, _))| **width).map(|(index, _)| index)
        };
        let index = breakable(URL).or_else(|| breakable(SHORT))?;
        *widths.get_mut(index)? -= 1;
        over -= 1;
    }
    let mut left = available.saturating_sub(widths.iter().sum());
    while left > 0 {
        let wanting = widths.iter_mut().zip(needs).filter(|(width, need)| **width < need.cell);
        // The narrowest first: it wraps the most.
        let Some((width, _)) = wanting.min_by_key(|(width, _)| **width) else { break };
        *width += 1;
        left -= 1;
    }
    Some(widths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(usize, usize)]) -> Vec<Need> {
        pairs.iter().map(|(word, cell)| Need { word: *word, cell: *cell }).collect()
    }

    #[test]
    fn where_all_fits_each_column_is_as_wide_as_its_longest_cell() {
        assert_eq!(share(&needs(&[(7, 7), (5, 30)]), 80), Some(vec![7, 30]));
    }

    #[test]
    fn words_stay_whole_and_the_rest_goes_to_those_that_wrap() {
        assert_eq!(share(&needs(&[(7, 7), (6, 60), (8, 20)]), 50), Some(vec![7, 23, 20]));
    }

    #[test]
    fn a_long_word_gives_way_before_the_others_do() {
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 50), Some(vec![7, 24, 19]));
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 40), Some(vec![7, 14, 19]));
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 34), Some(vec![7, 12, 15]));
    }

    #[test]
    fn short_words_are_never_broken() {
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 31), Some(vec![7, 12, 12]));
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 30), None);
    }
}
