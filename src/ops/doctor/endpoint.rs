//! Is the endpoint reachable? Seen from here: Postmark's own view may differ.

use url::Url;

use super::{Doctor, DoctorReport, Part, Step, api};
use crate::http::client;
use crate::ops::test::{NOT_PUBLIC, verdict};
use crate::postmark::Webhook;

/// Where webhooks come from (Postmark's article 800, IPs for firewalls), and when that was so.
const SOURCES: [&str; 4] = ["3.134.147.250", "50.31.156.6", "50.31.156.77", "18.217.206.57"];
const SEEN: &str = "November 2026";
const ARTICLE: &str = "https://postmarkapp.com/support/article/800-ips-for-firewalls";

impl Doctor<'_> {
    /// Goes as far as the endpoint's door; says whether it was reached.
    pub(super) fn endpoint(&self, webhook: &Webhook, report: &mut DoctorReport) -> bool {
        let reached = self.door(webhook, report);
        report.add(Part::Reachable, "firewall", firewall());
        reached
    }

    fn door(&self, webhook: &Webhook, report: &mut DoctorReport) -> bool {
        let mut add = |rule, step| report.add(Part::Reachable, rule, step);
        let url = match Url::parse(webhook.url.expose()) {
            Ok(url) if url.has_host() => url,
            _ => {
                let step = Step::fail("its URL leads nowhere on the web");
                add("endpoint", step.next(edit(webhook)));
                return false;
            }
        };
        let host = client::authority(&url);
        (self.tell)(&format!("Connecting to {host}…"));
        match self.net.via(&url) {
            Ok(None) => {}
            Ok(Some(via)) => {
                add(
                    "endpoint",
                    Step::skipped(format!(
                        "this machine goes through the proxy {} ({}), Postmark does not",
                        via.proxy, via.variable
                    )),
                );
                return true;
            }
            Err(error) => {
                add("endpoint", Step::of_error(&error));
                return false;
            }
        }
        let reach = self.net.reach(&url, self.limits.timeout);
        if let Some(trouble) = &reach.trouble {
            let step = if verdict::is_local_fault(trouble) {
                Step::of_error(trouble)
            } else {
                let step = Step::fail(format!("from this machine: {trouble}"));
                step.next(verdict::advice_for_error(trouble))
            };
            add("endpoint", step);
            return false;
        }
        if client::names_internal(&url) || reach.address.is_some_and(client::is_internal) {
            let step = Step::warn(format!("{host} is there, but {NOT_PUBLIC}"));
            add("endpoint", step.next(edit(webhook)));
            return true;
        }
        let message =
            format!("from this machine: {}; Postmark's view may differ", api::parts(&reach));
        add("endpoint", Step::pass(message));
        true
    }
}

fn edit(webhook: &Webhook) -> String {
    format!("give it one that Postmark can reach: `pmhooks edit {} --url URL`", webhook.id)
}

/// The addresses, and how sure that is.
pub(super) fn sources() -> String {
    format!("{} (as documented, seen in {SEEN}; the list can change)", SOURCES.join(", "))
}

fn firewall() -> Step {
    let sources = sources();
    Step::skipped(format!("not to be seen from here; if there is one, it must let in {sources}"))
        .next(format!("the list as it is now: {ARTICLE}"))
}
