//! The same on every profile that a run is for: a bounded number at a time, the answers in order, the
//! failure of one in nobody's way.

mod missing;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Context, several};
use crate::config::resolve::places;
use crate::error::{CommandError, Exit, Result};
use crate::ops::fanout;
use crate::ops::session::Session;
use crate::term::{ByProfile, Report};
pub use missing::{all_or_nothing, told};
use missing::{missing, of_config};

/// So many profiles are asked at the same time.
pub const WIDTH: usize = 16;

/// What came of the profiles that a run is for.
pub struct Fleet<T> {
    /// What was found, in the order in which the profiles are named.
    pub parts: Vec<Part<T>>,
    /// Whether they are several, even if only one answered: then it is said whose each thing is.
    pub several: bool,
    /// Those that did not answer.
    pub silent: Vec<String>,
    /// What the run ends with because of those that did not answer.
    missing: Option<CommandError>,
}

/// What came of one profile.
pub struct Part<T> {
    /// Its name; none for a token of the environment.
    pub profile: Option<String>,
    /// What was found.
    pub found: T,
}

impl<T> Fleet<T> {
    /// Shows what was found, each part as `view` makes it; the end of a command that only shows.
    pub fn show<V: Report>(self, cx: &Context, view: impl Fn(T) -> V) -> Result<Exit> {
        let parts = self.parts.into_iter().map(|part| (part.profile, view(part.found))).collect();
        let exit = cx.show(&ByProfile { parts, several: self.several })?;
        self.missing.map_or(Ok(exit), Err)
    }

    /// Adds that some webhooks of those profiles that answered could not be `done`.
    pub fn lack(&mut self, failed: &[CommandError], asked: usize, done: &str) {
        if failed.is_empty() {
            return;
        }
        let mut lacking = several::partly(failed, asked, done);
        if self.several {
            // Their commands would not say for which profile.
            lacking = lacking.with_hints(Vec::new());
        }
        if let Some(missing) = self.missing.take() {
            let message = format!("{}; {}", missing.message(), lacking.message());
            let mut hints = missing.hints().to_vec();
            hints.extend_from_slice(lacking.hints());
            let causes = missing.causes().into_iter().chain(lacking.causes());
            lacking =
                CommandError::new(lacking.exit(), message).with_causes(causes).with_hints(hints);
        }
        self.missing = Some(lacking);
    }

    /// The end of a run: as it would end, or with what could not be done.
    pub fn end(self, exit: Exit) -> Result<Exit> {
        self.missing.map_or(Ok(exit), Err)
    }
}

impl Context {
    /// Does the same on the server of every profile that this run is for, at most `width` at a time.
    /// `done` is what it is called where it fails: `listed`. Where nothing went well, that is the error.
    ///
    /// Errors of `work` name the place: several of them stand in one list.
    pub fn each<T: Send>(
        &self,
        done: &str,
        width: usize,
        work: impl Fn(&Session) -> Result<T> + Sync,
    ) -> Result<Fleet<T>> {
        let Some(places) = places(&self.wanted, &self.environment)? else {
            let session = self.session()?;
            let profile = session.target.name().map(|name| name.to_string());
            let parts = vec![Part { profile, found: work(session)? }];
            return Ok(Fleet { parts, several: false, silent: Vec::new(), missing: None });
        };
        places.warnings.iter().for_each(|warning| self.ui.warn(warning));
        places.notes.iter().for_each(|note| self.ui.note(note));
        let total = places.places.len();
        let (ui, environment, net, limits) = (&self.ui, &self.environment, &self.net, self.limits);
        let answered = AtomicUsize::new(0);
        let show = |count| ui.progress(&format!("{count} of {total} profiles…"));
        show(0);
        let results = fanout::map(&places.places, width, |place| {
            let result = match &place.target {
                Err(error) => Err(of_config(error)),
                Ok(target) => Session::at(target.clone(), environment, Arc::clone(net), limits)
                    .map_err(|error| told(error.into(), Some(target)))
                    .and_then(|session| work(&session).map_err(|e| told(e, Some(target)))),
            };
            show(answered.fetch_add(1, Ordering::Relaxed) + 1);
            result
        });
        let mut fleet =
            Fleet { parts: Vec::new(), several: true, silent: Vec::new(), missing: None };
        let mut failed = Vec::new();
        for (place, result) in places.places.into_iter().zip(results) {
            match result {
                Ok(found) => fleet.parts.push(Part { profile: Some(place.name), found }),
                Err(failure) => failed.push((place.name, failure)),
            }
        }
        fleet.silent = failed.iter().map(|(name, _)| name.clone()).collect();
        fleet.missing = missing(&failed, total, done);
        match fleet.missing.take_if(|_| fleet.parts.is_empty()) {
            Some(failure) => Err(failure),
            None => Ok(fleet),
        }
    }
}
