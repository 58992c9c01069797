//! The types of bounces.

use std::fmt;
use std::str::FromStr;

/// A type of bounce, with what Postmark's table of bounce types says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BounceType {
    /// `Type`, as in `HardBounce`.
    pub key: &'static str,
    /// `TypeCode`.
    pub code: i64,
    /// `Name`.
    pub name: &'static str,
    /// `Description`.
    pub description: &'static str,
    /// `Inactive`: Postmark has stopped sending to the address.
    pub inactive: bool,
    /// `CanActivate`: the address can be given another chance.
    pub can_activate: bool,
    /// `DumpAvailable`: there is a raw message of the other side.
    pub dump_available: bool,
}

/// What became of the address, for the table below.
#[derive(Clone, Copy)]
enum Address {
    Active,
    Deactivated,
    Lost,
}

const fn row(
    key: &'static str,
    code: i64,
    name: &'static str,
    address: Address,
    dump_available: bool,
    description: &'static str,
) -> BounceType {
    let inactive = !matches!(address, Address::Active);
    let can_activate = matches!(address, Address::Deactivated);
    BounceType { key, code, name, description, inactive, can_activate, dump_available }
}

impl BounceType {
    /// The one that a sample has where nothing else is asked for.
    pub const HARD: Self = ALL[0];

    /// What an SMTP API error is.
    pub const SMTP_API_ERROR: Self = ALL[18];

    /// All of them, by their codes.
    pub fn all() -> &'static [Self] {
        &ALL
    }
}

#[rustfmt::skip]
const ALL: [BounceType; 22] = {
    use Address::{Active, Deactivated, Lost};
    [
        row("HardBounce", 1, "Hard bounce", Deactivated, true, "The server was unable to deliver your message (ex: unknown user, mailbox not found)."),
        row("Transient", 2, "Message delayed/Undeliverable", Active, true, "The server could not temporarily deliver your message (ex: message is delayed due to network troubles)."),
        row("Unsubscribe", 16, "Unsubscribe request", Active, true, "Unsubscribe or remove request."),
        row("Subscribe", 32, "Subscribe request", Active, true, "Subscribe request from someone wanting to get added to the mailing list."),
        row("AutoResponder", 64, "Auto responder", Active, true, "Automatic email responder (ex: out of office)."),
        row("AddressChange", 128, "Address change", Active, true, "The recipient has requested an address change."),
        row("DnsError", 256, "DNS error", Active, true, "A temporary DNS error."),
        row("SpamNotification", 512, "Spam notification", Active, true, "The message was delivered, but was either blocked by the user, or classified as spam."),
        row("OpenRelayTest", 1024, "Open relay test", Active, true, "The message is a test for open relays."),
        row("Unknown", 2048, "Unknown", Active, true, "Unable to classify the bounce."),
        row("SoftBounce", 4096, "Soft bounce", Active, true, "Unable to temporarily deliver the message (ex: mailbox full)."),
        row("VirusNotification", 8192, "Virus notification", Active, true, "The bounce is actually a virus notification warning about a virus."),
        row("ChallengeVerification", 16384, "Spam challenge verification", Active, true, "The bounce is a challenge asking for verification that you actually sent the message."),
        row("BadEmailAddress", 100_000, "Invalid email address", Deactivated, false, "The address is not a valid email address."),
        row("SpamComplaint", 100_001, "Spam complaint", Lost, true, "The subscriber explicitly marked this message as spam."),
        row("ManuallyDeactivated", 100_002, "Manually deactivated", Deactivated, false, "The address was manually deactivated."),
        row("Unconfirmed", 100_003, "Registration not confirmed", Active, false, "The subscriber has not clicked on the confirmation link upon registration."),
        row("Blocked", 100_006, "ISP block", Active, true, "Blocked from this internet provider due to content or blacklisting."),
        row("SMTPApiError", 100_007, "SMTP API error", Active, false, "An error occurred while accepting an email through the SMTP API."),
        row("InboundError", 100_008, "Processing failed", Active, false, "Unable to deliver the inbound message to the destination inbound hook."),
        row("DMARCPolicy", 100_009, "DMARC Policy", Active, true, "The message was rejected due to the DMARC policy of the sending domain."),
        row("TemplateRenderingFailed", 100_010, "Template rendering failed", Active, false, "An error occurred while attempting to render the template."),
    ]
};

impl fmt::Display for BounceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

impl FromStr for BounceType {
    type Err = String;

    /// Takes Postmark's spelling, and `hard-bounce` as well.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
        let known = ALL.into_iter().find(|kind| plain(kind.key) == plain(text));
        known.ok_or_else(|| format!("the types are {}", ALL.map(|kind| kind.key).join(", ")))
    }
}
