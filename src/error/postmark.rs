//! Errors of Postmark's API, and what helps against each of its error codes.

use super::{Diagnose, Diagnosis, Exit, Hint};
use crate::postmark::{ApiError, Refusal, Verdict};

impl Diagnose for ApiError {
    fn diagnosis(&self) -> Diagnosis {
        let unreachable = Diagnosis::new(Exit::Unreachable);
        match self {
            Self::Http(error) => error.diagnosis(),
            Self::Refused(refusal) => refusal.diagnosis(),
            Self::Unavailable { status, code, retry_after, .. } => {
                let unavailable = unreachable.response(*status, *code);
                match retry_after {
                    Some(wait) => unavailable
                        .hint(format!("try again in {}", humantime::format_duration(*wait))),
                    None if *status == 429 => {
                        unavailable.hint("try again in a minute; Postmark asks for less")
                    }
                    None => unavailable.hint(
                        "try again later; https://status.postmarkapp.com says how Postmark is",
                    ),
                }
            }
            Self::Redirected { status, .. } => {
                unreachable.response(*status, None).hint(Hint::command(
                    "a token never follows a redirect; check the API's address",
                    "profile list --columns name,api-url",
                ))
            }
            Self::NotOffered { .. } => Diagnosis::new(Exit::Refused).response(404, None),
            Self::NotPostmark { status, .. } | Self::Shape { status, .. } => unreachable
                .response(*status, None)
                .hint("something else may answer there: a proxy, a login page, a wrong address"),
        }
    }
}

impl Diagnose for Refusal {
    fn diagnosis(&self) -> Diagnosis {
        let exit = if self.is_about_the_token() {
            Exit::TokenRefused
        } else if self.is_not_found() {
            Exit::NotFound
        } else {
            Exit::Refused
        };
        let probes = self.verification.iter().flat_map(|verification| &verification.results);
        let mut diagnosis = Diagnosis::new(exit)
            .response(self.status, self.code)
            .details(probes.map(Verdict::describe));
        diagnosis.hints = hints(self);
        diagnosis
    }
}

/// What helps against a refusal, by its code (Postmark's table of error codes).
fn hints(refusal: &Refusal) -> Vec<Hint> {
    if refusal.is_about_the_token() {
        return vec![
            "it must be a server token (Postmark: the server, API Tokens), not an account token"
                .into(),
            Hint::command("see which token is used", "whoami"),
        ];
    }
    let hint: Hint = match refusal.code {
        Some(1350) => {
            Hint::from("the stream is archived; see them with ").run("streams --archived")
        }
        // 1301 is the code from before the table was published.
        Some(1351 | 1301) => Hint::command(
            "inbound mail has one URL per server",
            "server edit --inbound-hook-url URL",
        ),
        Some(1352 | 1302) => Hint::command("see what is there", "list"),
        Some(1353) => {
            "streams of this type do not have that trigger; leave it out of --on".into()
        }
        Some(1354) => {
            "Postmark wants a whole URL that it can reach, such as https://hooks.example.com/postmark"
                .into()
        }
        Some(1355) => {
            "the request came without its body; a proxy on the way may have dropped it".into()
        }
        Some(1356) => "Postmark gives a new webhook its ID; take ID out of what is sent".into(),
        Some(1357) => {
            "a webhook's ID and stream cannot be changed: create another webhook, then delete this one"
                .into()
        }
        Some(1358) => "a header's name has letters, digits and dashes only".into(),
        Some(1359) => {
            Hint::from("a stream takes ten webhooks; see them with ").run("list --stream ID")
        }
        Some(1360) => {
            "one of Postmark's own integrations made this webhook; change it on Postmark's page"
                .into()
        }
        Some(1361) => {
            "a value is not of the kind that Postmark wants there; -vv shows what is sent".into()
        }
        Some(1362 | 1363) => {
            "Status is Postmark's own: it becomes verified when the endpoint answers the probes with 200"
                .into()
        }
        Some(1364) => {
            return vec![
                "let the endpoint answer these probes with exactly 200, then try again".into(),
                Hint::from("or save it unverified with --no-verify, and later ")
                    .run("verify ID")
                    .text(": it gets no events until then"),
            ];
        }
        Some(1226 | 1235) => Hint::command("see which there are", "streams"),
        Some(606) => "Postmark wants a URL that it can reach from outside".into(),
        Some(400) => {
            "--from must be an address of a confirmed sender signature or domain of the account".into()
        }
        Some(405 | 412 | 413) => {
            "Postmark restricts sending for this account; see its page on account approval".into()
        }
        Some(406) => {
            "the recipient is suppressed on this stream; run the command again for a new recipient"
                .into()
        }
        Some(1220) => "the token's server may not manage message streams".into(),
        Some(1480) => {
            "this machine's address is not on the account's list of allowed addresses".into()
        }
        Some(_) | None if refusal.is_not_found() => Hint::command("see what is there", "list"),
        Some(_) | None => return Vec::new(),
    };
    vec![hint]
}
