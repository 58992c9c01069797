//! The servers that an apply is for: planned together, and each confirmed as its profile wants it.

use crate::commands::Context;
use crate::commands::batch::{self, PROFILES_AT_ONCE};
use crate::commands::options::Confirm;
use crate::commands::options::ManifestArgs;
use crate::commands::planned::{self, Manifests, Planned};
use crate::error::{CommandError, Result};
use crate::ops::fanout;
use crate::ops::session::Session;

/// One of the servers.
pub struct Party<'a> {
    /// The way to it.
    pub cx: &'a Context,
    /// What of the confirmation is about it.
    pub confirm: Confirm,
}

/// All of them, in the order in which their profiles are named.
pub struct Parties<'a> {
    /// One at least.
    pub all: Vec<Party<'a>>,
}

impl<'a> Parties<'a> {
    /// Each of `--confirm` must be about one of them.
    pub fn new(all: &'a [Context], confirm: &Confirm) -> Result<Self> {
        let [one] = all else { return Self::several(all, confirm) };
        Ok(Self { all: vec![Party { cx: one, confirm: confirm.clone() }] })
    }

    fn several(all: &'a [Context], confirm: &Confirm) -> Result<Self> {
        let (mut parties, mut left) = (Vec::new(), confirm.confirm.clone());
        for cx in all {
            let name = cx.session()?.target.name();
            let (own, others) = left.into_iter().partition(|given| Some(given) == name.as_ref());
            left = others;
            parties.push(Party { cx, confirm: Confirm { confirm: own, ..confirm.clone() } });
        }
        // Another profile of one of these servers may protect it too.
        for name in left.iter().filter(|_| !confirm.dry_run) {
            let mut is_used = false;
            for party in &mut parties {
                if party.cx.guards()?.is_confirmed_by(name) {
                    party.confirm.confirm.push(name.clone());
                    is_used = true;
                }
            }
            if !is_used {
                let message = format!("--confirm names {name}, which is none of these profiles");
                return Err(CommandError::usage(message));
            }
        }
        Ok(Self { all: parties })
    }

    /// Plans the changes of every server; one that cannot be planned stops all.
    pub fn plan(
        &self,
        manifests: &Manifests,
        args: &ManifestArgs,
        cx: &Context,
    ) -> Result<Vec<Planned>> {
        let sessions = self.all.iter().map(|party| party.cx.session());
        let sessions = sessions.collect::<Result<Vec<_>>>()?;
        let (reveal, is_one) = (cx.reveal(), sessions.len() == 1);
        let mut results = fanout::map(&sessions, PROFILES_AT_ONCE, |session| {
            let planned = planned::plan(manifests.of(session)?, args, session, reveal)?;
            let id = if is_one { None } else { Some(planned::server(session)?.id) };
            Ok((planned, id))
        });
        if is_one {
            return results.pop().into_iter().map(|result| result.map(|(one, _)| one)).collect();
        }
        let name = |session: &&Session| session.target.name().map(|name| name.to_string());
        let names = sessions.iter().map(|session| name(session).unwrap_or_default());
        let planned = batch::all_or_nothing(names.zip(results), "planned")?;
        for (at, (one, id)) in planned.iter().enumerate() {
            let twin = planned.iter().skip(at + 1).find(|(_, other)| other == id);
            if let (Some((other, _)), Some(id)) = (twin, id) {
                let (one, other) = (one.name(), other.name());
                let message = format!("{one} and {other} are both server {id}");
                return Err(CommandError::usage(message).hint("name one of them"));
            }
        }
        Ok(planned.into_iter().map(|(planned, _)| planned).collect())
    }
}
