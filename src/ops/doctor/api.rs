//! The way to the API: the token, a proxy, the connection, the answer, the clock, the API's age.

use std::time::{Duration, SystemTime};

use url::Url;

use super::{Doctor, DoctorReport, Part, Ready, Step, Wishes};
use crate::config::resolve::{self, Account, Target};
use crate::error::Diagnose as _;
use crate::http::client::{HttpError, Reachability, TlsTrouble};
use crate::ops::session::Session;
use crate::postmark::{ApiError, ApiUrl, ResponseInfo, Server, Webhook, WebhookId};

/// A clock may be off by so much before it is worth a word.
const MUCH_SKEW: Duration = Duration::from_secs(60);

impl Doctor<'_> {
    /// Goes to the API; returns the server, if it got there.
    pub(super) fn api(
        &self,
        target: Result<Target, Step>,
        wishes: Option<&Wishes>,
        report: &mut DoctorReport,
    ) -> Option<Ready> {
        let of_sandbox =
            target.as_ref().is_ok_and(|target| matches!(target.account, Account::Sandbox));
        let (step, session, address) = self.token(target);
        let is_sandbox_down = of_sandbox && session.is_none();
        report.add(Part::Setup, if is_sandbox_down { "sandbox" } else { "token" }, step);
        let Some(address) = address else {
            let step = Step::skipped("the API's address is not known");
            report.add(Part::Setup, "connection", step);
            return None;
        };
        let url = address.join(&["server"], &[]);
        let (tunnelled, proxy) = self.proxy(&url);
        let can_go = proxy.0 != super::Outcome::Fail;
        report.add(Part::Setup, "proxy", proxy);
        (self.tell)(&format!("Connecting to {address}…"));
        let (step, reached) = match (can_go, tunnelled) {
            (false, _) => (Step::skipped("the proxy's setting comes first"), false),
            (true, true) => {
                (Step::skipped("the proxy makes it; the next step shows how it goes"), true)
            }
            (true, false) => self.connection(&url),
        };
        report.add(Part::Setup, "connection", step);
        let Some(session) = session else {
            report.add(Part::Setup, "server", Step::skipped("there is no token to ask with"));
            return None;
        };
        if !reached {
            report.add(Part::Setup, "server", Step::skipped("it is out of reach"));
            return None;
        }
        let (answer, heard) = session.client.server_with_info();
        report.add(Part::Setup, "api", Self::answer(&answer, heard.as_ref()));
        let step = heard.map_or_else(|| Step::skipped("there is no answer to read"), |h| clock(&h));
        report.add(Part::Setup, "clock", step);
        report.add(Part::Setup, "server", Self::server(&answer, &session));
        let server = answer.ok()?;
        let webhooks = self.webhooks(&session, wishes, report)?;
        report.add(Part::Setup, "age", Self::age(&session, &webhooks));
        Some(Ready { session, server, webhooks })
    }

    /// Fetches the token. The API's address is known even where it fails.
    fn token(&self, target: Result<Target, Step>) -> (Step, Option<Session>, Option<ApiUrl>) {
        let target = match target {
            Ok(target) => target,
            Err(step) => {
                let new = resolve::api_url_of_new(self.wanted, None, self.environment).ok();
                let address =
                    new.and_then(|(url, _)| resolve::api_url_or_postmark(url.as_ref()).ok());
                return (step, None, address);
            }
        };
        let (known, address) = (target.warnings.clone(), target.api_url.clone());
        let (source, is_sandbox) =
            (target.token_source(), target.name().is_some_and(|n| n.is_sandbox()));
        match Session::at(target, self.environment, self.net.clone(), self.limits) {
            Ok(session) => {
                let new = session.target.warnings.iter().skip(known.len());
                let new: Vec<_> = new.cloned().collect();
                let address = session.target.api_url.clone();
                let step = match new.as_slice() {
                    [] if is_sandbox => Step::pass("the sandbox's own"),
                    [] if source == "configuration file" => {
                        Step::pass("read from the configuration file")
                    }
                    [] => Step::pass(format!("read from {source}")),
                    new => Step::warn(new.join("; ")),
                };
                (step, Some(session), Some(address))
            }
            Err(error) => {
                let step = Step::of_error(&error);
                let step = if step.2.is_empty() {
                    step.next("see where it comes from: `pmhooks profile list`")
                } else {
                    step
                };
                (step, None, Some(address).filter(|_| !is_sandbox))
            }
        }
    }

    fn proxy(&self, url: &Url) -> (bool, Step) {
        let host = crate::http::client::authority(url);
        match self.net.via(url) {
            Ok(None) => (false, Step::pass(format!("none on the way to {host}"))),
            Ok(Some(via)) => {
                let message = format!("{} is on the way to {host} ({})", via.proxy, via.variable);
                (true, Step::pass(message))
            }
            Err(error) => {
                let step = Step::of_error(&error);
                let step = match &error {
                    HttpError::ProxySetting { variable, .. } => step.next(format!(
                        "mend it, or do without: unset {variable}; NO_PROXY names exceptions"
                    )),
                    _ => step,
                };
                (false, step)
            }
        }
    }

    fn connection(&self, url: &Url) -> (Step, bool) {
        let reach = self.net.reach(url, self.limits.timeout);
        let host = crate::http::client::authority(url);
        let Some(trouble) = &reach.trouble else {
            return (Step::pass(format!("{host}: {}", parts(&reach))), true);
        };
        let step = Step::of_error(trouble);
        let step = match trouble {
            HttpError::Name { .. } => Step::fail(trouble.to_string()).next(
                "look whether this machine is online, and whether the address is right: \
                 `pmhooks profile list --columns name,api-url`",
            ),
            HttpError::Tls { trouble: TlsTrouble::Date, .. } => step.next(format!(
                "certificates are judged by this machine's clock: is it {} (UTC)?",
                humantime::format_rfc3339_seconds(SystemTime::now())
            )),
            HttpError::Connect { .. } => step.next(
                "look whether a firewall or VPN is in the way, and whether the address is right: \
                 `pmhooks profile list --columns name,api-url`",
            ),
            _ => step,
        };
        (step, false)
    }

    /// Whether it was Postmark that answered.
    fn answer(answer: &Result<Server, ApiError>, heard: Option<&ResponseInfo>) -> Step {
        let took = heard.map(|h| format!(" ({} ms)", h.took.as_millis())).unwrap_or_default();
        let tries = heard.map_or(1, |heard| heard.attempts);
        match answer {
            Err(error) if !matches!(error, ApiError::Refused(_)) => Step::of_error(error),
            _ if tries > 1 => Step::warn(format!("it is Postmark's, at try {tries}{took}"))
                .next("if that lasts: https://status.postmarkapp.com says how Postmark is"),
            _ => Step::pass(format!("it is Postmark's{took}")),
        }
    }

    /// Which server the token opens, and whether it is the one that is meant.
    fn server(answer: &Result<Server, ApiError>, session: &Session) -> Step {
        let server = match answer {
            Ok(server) => server,
            Err(ApiError::Refused(refusal)) => {
                let source = session.target.token_source();
                let message = if refusal.is_about_the_token() {
                    format!("{refusal} The token comes from {source}.")
                } else {
                    refusal.to_string()
                };
                let error = ApiError::Refused(refusal.clone());
                return Step::fail(message).hints(&error.diagnosis().hints);
            }
            Err(_) => return Step::skipped("it did not say"),
        };
        let opened = format!("the token opens server {} ({})", server.id, server.name);
        let Some(profile) = session.target.profile() else { return Step::pass(opened) };
        match profile.server_id {
            None => Step::pass(format!("{opened}; the profile is pinned to none")),
            Some(pinned) if pinned == server.id => {
                Step::pass(format!("{opened}, which the profile is pinned to"))
            }
            Some(pinned) => Step::fail(format!(
                "{opened}, but the profile is pinned to server {pinned}: writes are refused"
            ))
            .next(format!(
                "if that server is meant: `pmhooks profile add {} --replace`",
                profile.name
            )),
        }
    }

    /// Whether there is a webhook at all.
    fn webhooks(
        &self,
        session: &Session,
        wishes: Option<&Wishes>,
        report: &mut DoctorReport,
    ) -> Option<Vec<Webhook>> {
        (self.tell)("Listing the webhooks…");
        let webhooks = match session.client.list(None) {
            Ok(webhooks) => webhooks,
            Err(error) => {
                report.add(Part::Setup, "webhooks", Step::of_error(&error));
                return None;
            }
        };
        if wishes.is_none() {
            let step = match webhooks.as_slice() {
                [] => Step::warn("there is none, so nothing is received")
                    .next("make one: `pmhooks create --url URL --on bounce,delivery`"),
                [one] => Step::pass("there is one").next(format!("`pmhooks doctor {}`", one.id)),
                [first, ..] => Step::pass(format!("there are {}", webhooks.len()))
                    .next(format!("look at one of them: `pmhooks doctor {}`", first.id)),
            };
            report.add(Part::Setup, "webhooks", step);
        }
        Some(webhooks)
    }

    /// How old the API is, told by the operations that it has.
    fn age(session: &Session, webhooks: &[Webhook]) -> Step {
        // Where there is none, an ID that never is one: what matters is who says so.
        let any = webhooks.first().map_or(WebhookId(0), |webhook| webhook.id);
        match session.client.statistics(any) {
            Err(ApiError::NotOffered { .. }) if webhooks.iter().any(|w| w.status.is_some()) => {
                Step::warn("webhooks have a Status, but there are no statistics to ask for")
            }
            Err(ApiError::NotOffered { .. }) => Step::pass(
                "the API of before August 2026: `verify`, `stats` and `health` have none to ask",
            ),
            Err(error) if !error.is_not_found() => {
                Step::warn(format!("it could not be told: {error}")).hints(&error.diagnosis().hints)
            }
            _ => Step::pass("the API of since August 2026: it has verification and statistics"),
        }
    }
}

/// What each part of the way took.
pub(super) fn parts(reach: &Reachability) -> String {
    let parts = [("name", reach.name), ("connection", reach.connection), ("TLS", reach.tls)];
    let said = parts
        .iter()
        .filter_map(|(what, took)| took.map(|took| format!("{what} ({} ms)", took.as_millis())));
    said.collect::<Vec<_>>().join(", ")
}

/// This machine's clock against the answer's.
fn clock(heard: &ResponseInfo) -> Step {
    let Some(date) = heard.date.map(SystemTime::from) else {
        return Step::skipped("the answer does not say what time it is");
    };
    let now = SystemTime::now();
    let (skew, way) = match now.duration_since(date) {
        Ok(ahead) => (ahead.saturating_sub(heard.took), "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let shown = humantime::format_duration(Duration::from_secs(skew.as_secs()));
    if skew < MUCH_SKEW {
        return Step::pass("it is right, by the answer's date");
    }
    Step::warn(format!("this machine's clock is {shown} {way} Postmark's"))
        .next("set it: certificates, logs and schedules go by it (timedatectl set-ntp true)")
}
