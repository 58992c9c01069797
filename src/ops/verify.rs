//! Verification by Postmark, repeated until it passes.

use std::time::{Duration, Instant};

use crate::postmark::{ApiError, Verification, WebhookId, Writer};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// Verifies a webhook until it passes or `until` is reached; without `until`, once.
///
/// Each call probes every enabled trigger. Calls `on_wait` with Postmark's message
/// (`1/2 triggers verified successfully`) and the pause before the next call.
pub(crate) fn until_passed(
    writer: &Writer,
    id: WebhookId,
    until: Option<Instant>,
    on_wait: impl Fn(&str, Duration),
) -> Result<Verification, ApiError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let verification = writer.verify(id)?;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero() && !verification.passed()) {
            None => return Ok(verification),
            Some(left) => {
                let pause_now = pause.min(left);
                on_wait(verification.message.as_deref().unwrap_or("it failed"), pause_now);
                std::thread::sleep(pause_now);
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
    }
}
