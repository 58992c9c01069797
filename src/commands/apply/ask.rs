//! What a person is asked before servers are changed: once about all, and what protected profiles want.

use super::parties::{Parties, Party};
use crate::commands::Context;
use crate::commands::planned::Plans;
use crate::error::{CommandError, Exit, Result};
use crate::postmark::Writer;

impl Parties<'_> {
    fn places(&self) -> Result<String> {
        let places: Result<Vec<_>> =
            self.all.iter().map(|party| Ok(party.cx.session()?.place())).collect();
        Ok(places?.join(" and "))
    }

    /// Whether all could be confirmed at all; asked before anything is sent.
    pub fn can_confirm(&self, cx: &Context) -> Result<()> {
        for party in &self.all {
            party.cx.may_write(&party.confirm)?;
        }
        let protected = |own: &Context| {
            Ok(own.session()?.target.profile().is_some_and(|profile| profile.protected))
        };
        if self.has_doubt(cx, &protected)? {
            cx.ui.must_ask("the confirmation", "--yes")?;
        }
        Ok(())
    }

    /// True where a plain question is to be asked: of a protected profile the name is.
    fn has_doubt(
        &self,
        cx: &Context,
        is_protected: &dyn Fn(&Context) -> Result<bool>,
    ) -> Result<bool> {
        for Party { cx: own, confirm } in &self.all {
            let is_agreed = cx.yes || confirm.dry_run || !confirm.confirm.is_empty();
            if !is_agreed && !is_protected(own)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Shows a person the plans, has them confirmed, and checks that each server is the one it should be.
    ///
    /// Returns a writer per server. A dry run gets none.
    pub fn authorize(
        &self,
        plans: &Plans,
        deletes: Option<usize>,
        cx: &Context,
    ) -> Result<Option<Vec<Writer>>> {
        let is_dry_run = self.all.iter().any(|party| party.confirm.dry_run);
        let doubt = !is_dry_run && self.has_doubt(cx, &is_protected)?;
        let agreed = |party: &Party<'_>| party.confirm.dry_run || !party.confirm.confirm.is_empty();
        if doubt || !cx.yes && !self.all.iter().all(agreed) {
            plans.text(false).lines().for_each(|line| cx.ui.line(line));
        }
        if is_dry_run {
            return Ok(None);
        }
        let writers = self.all.iter().map(|party| party.cx.write(&party.confirm.confirm, None));
        let writers = writers.collect::<Result<Vec<_>>>()?;
        self.confirm_deletes(plans, deletes, cx)?;
        // Last: one key answers it, and an Enter behind that must not answer a question after it.
        if doubt {
            cx.ui.line(&format!("{}.", plans.summary()));
            cx.ui.confirm(&format!("Apply to {}?", self.places()?), "--yes")?;
        }
        Ok(Some(writers))
    }

    /// The number of deletions on protected profiles, typed or given.
    fn confirm_deletes(&self, plans: &Plans, given: Option<usize>, cx: &Context) -> Result<()> {
        let mut deletes = 0;
        for (planned, party) in plans.servers.iter().zip(&self.all) {
            if is_protected(party.cx)? {
                deletes += planned.plan.count("Delete");
            }
        }
        if deletes == 0 {
            return Ok(());
        }
        let typed = if let Some(count) = given {
            count.to_string()
        } else {
            let asked = "the number of webhooks that will be deleted";
            cx.ui.input(asked, format!("--confirm-deletes {deletes}"), |_| Ok(()))?
        };
        if typed.trim() == deletes.to_string() {
            return Ok(());
        }
        let message =
            format!("nothing was done: {deletes} webhooks would be deleted, not that many");
        Err(CommandError::new(Exit::Interrupted, message))
    }
}

fn is_protected(cx: &Context) -> Result<bool> {
    Ok(cx.guards()?.is_protected())
}
