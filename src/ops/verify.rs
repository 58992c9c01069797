//! Verifying until it passes.

use std::time::{Duration, Instant};

use crate::postmark::{ApiError, Verification, WebhookId, Writer};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Has Postmark verify a webhook, and again until it passes or the time is up; without a time, once.
///
/// Says before each wait what failed, as `1/2 triggers verified successfully`. Postmark cannot be asked
/// more often for less: each try probes every enabled trigger.
pub fn until_passed(
    writer: &Writer,
    id: WebhookId,
    until: Option<Instant>,
    waits: impl Fn(&str, Duration),
) -> Result<Verification, ApiError> {
    let mut wait = FIRST_WAIT;
    loop {
        let verification = writer.verify(id)?;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero() && !verification.passed()) {
            None => return Ok(verification),
            Some(left) => {
                let pause = wait.min(left);
                waits(verification.message.as_deref().unwrap_or("it failed"), pause);
                std::thread::sleep(pause);
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}
