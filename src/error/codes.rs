//! Postmark's error codes, each with what to do about it.

use crate::postmark::Refusal;

/// What helps against a refusal, by its code (Postmark's table of error codes).
pub(super) fn hints(refusal: &Refusal) -> Vec<String> {
    if refusal.is_about_the_token() {
        return vec![
            "it must be a server token (Postmark: the server, API Tokens), not an account token"
                .to_owned(),
            "see which token is used: `pmhooks whoami`".to_owned(),
        ];
    }
    let hints: &[&str] = match refusal.code {
        Some(1350) => &["the stream is archived; see them with `pmhooks streams --archived`"],
        // 1301 in the codes of before the table was published.
        Some(1351 | 1301) => {
            &["inbound mail has one URL per server: `pmhooks server edit --inbound-hook-url URL`"]
        }
        Some(1352 | 1302) => &["see what is there: `pmhooks list`"],
        Some(1353) => &["streams of this type do not have that trigger; leave it out of --on"],
        Some(1354) => &[
            "Postmark wants a whole URL that it can reach, such as https://hooks.example.com/postmark",
        ],
        Some(1355) => {
            &["the request came without its body; a proxy on the way may have dropped it"]
        }
        Some(1356) => &["Postmark gives a new webhook its ID; take ID out of what is sent"],
        Some(1357) => &[
            "a webhook's ID and stream cannot be changed: create another webhook, then delete this one",
        ],
        Some(1358) => &["a header's name has letters, digits and dashes only"],
        Some(1359) => &["a stream takes ten webhooks; see them with `pmhooks list --stream ID`"],
        Some(1360) => {
            &["one of Postmark's own integrations made this webhook; change it on Postmark's page"]
        }
        Some(1361) => {
            &["a value is not of the kind that Postmark wants there; -vv shows what is sent"]
        }
        Some(1362 | 1363) => &[
            "Status is Postmark's own: it becomes verified when the endpoint answers the probes with 200",
        ],
        Some(1364) => &[
            "let the endpoint answer these probes with exactly 200, then try again",
            "or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then",
        ],
        Some(1226 | 1235) => &["see which there are: `pmhooks streams`"],
        Some(606) => &["Postmark wants a URL that it can reach from outside"],
        Some(1220) => &["the token's server may not manage message streams"],
        Some(1480) => &["this machine's address is not on the account's list of allowed addresses"],
        _ if refusal.is_not_found() => &["see what is there: `pmhooks list`"],
        _ => &[],
    };
    hints.iter().map(|hint| (*hint).to_owned()).collect()
}
