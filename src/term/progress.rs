//! Progress of long work: one line on standard error, rewritten, on a terminal only.

use std::io::{self, Write as _};

use super::{Ui, text};

impl Ui {
    /// Shows how far the work is. The next output of any kind wipes it.
    pub fn progress(&self, sentence: &str) {
        if !self.settings.rewrites || self.settings.quiet {
            return;
        }
        let mut state = self.state();
        state.progress = true;
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}", text::excerpt(sentence, 76));
    }
}
