//! What does Postmark say? Its own probe, where that is asked for, and its last 24 hours.

use super::{Doctor, DoctorReport, Outcome, Part, Ready, Step};
use crate::ops::finding::Level;
use crate::ops::health::{HealthOptions, WebhookHealth};
use crate::postmark::{ApiError, Verdict, Webhook, WebhookId, Writer};

/// The success rate that is demanded, in percent: `health` demands the same.
const MIN_SUCCESS: f64 = 99.0;

/// What `health` finds, and the settings have said already.
const SAID: [&str; 2] = ["silent", "unverified"];

impl Doctor<'_> {
    /// Asks Postmark.
    pub(super) fn postmark(
        &self,
        webhook: &Webhook,
        ready: &Ready,
        writer: Option<&Writer>,
        id: WebhookId,
        report: &mut DoctorReport,
    ) {
        report.add(Part::Postmark, "verify", self.verify(writer, id));
        (self.tell)("Asking for the last 24 hours…");
        for (rule, step) in Self::statistics(webhook, ready) {
            report.add(Part::Postmark, rule, step);
        }
    }

    fn verify(&self, writer: Option<&Writer>, id: WebhookId) -> Step {
        let Some(writer) = writer else {
            return Step::skipped("Postmark was not asked to probe the endpoint")
                .next(format!("let it: `pmhooks doctor {id} --verify`"));
        };
        (self.tell)("Postmark is probing the endpoint…");
        match writer.verify(id) {
            Ok(verification) if verification.passed() => {
                Step::pass(verification.message.unwrap_or_else(|| "passed".to_owned()))
            }
            Ok(verification) => {
                let failed = verification.results.iter().filter(|r| !r.success);
                let failed: Vec<_> = failed.map(Verdict::describe).collect();
                let said = verification.message.unwrap_or_else(|| "it failed".to_owned());
                let message = if failed.is_empty() { said } else { failed.join("; ") };
                Step::fail(message).next(format!(
                    "compare with the answers above, mend the endpoint, then `pmhooks verify {id}`"
                ))
            }
            Err(error @ ApiError::NotOffered { .. }) => Step::skipped(error.to_string()),
            Err(error) => Step::of_error(&error),
        }
    }

    fn statistics(webhook: &Webhook, ready: &Ready) -> Vec<(&'static str, Step)> {
        let statistics = match ready.session.client.statistics(webhook.id) {
            Ok(statistics) => statistics,
            Err(error @ ApiError::NotOffered { .. }) => {
                return vec![("statistics", Step::skipped(error.to_string()))];
            }
            Err(error) => return vec![("statistics", Step::of_error(&error))],
        };
        let demands = HealthOptions { min_success: MIN_SUCCESS, only: Vec::new() };
        let profile = ready.session.target.name();
        let checkup = WebhookHealth::new(webhook.clone(), statistics, &demands, profile.as_ref());
        let total = checkup.statistics.total();
        let mut steps = vec![("statistics", numbers(total.requests(), total.success_rate()))];
        let found = checkup.findings.iter().filter(|finding| !SAID.contains(&finding.rule));
        steps.extend(found.map(|finding| {
            let outcome = match finding.level {
                Level::Error => Outcome::Fail,
                Level::Warning | Level::Info => Outcome::Warn,
            };
            (finding.rule, Step(outcome, finding.message.clone(), vec![finding.fix.clone()]))
        }));
        steps
    }
}

fn numbers(requests: Option<f64>, success: Option<f64>) -> Step {
    match (requests, success) {
        (None, _) => Step::skipped("Postmark gives no numbers"),
        (Some(0.0), _) => Step::warn("Postmark sent nothing in the last 24 hours").next(
            "if that is odd, cause an event: a message on that stream to \
                 HardBounce@bounce-testing.postmarkapp.com",
        ),
        (Some(requests), None) => Step::pass(format!("{requests} requests in the last 24 hours")),
        (Some(requests), Some(success)) => {
            Step::pass(format!("{requests} requests in the last 24 hours, {success}% succeeded"))
        }
    }
}
