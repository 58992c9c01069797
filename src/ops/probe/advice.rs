//! What an operator should look at, by how an endpoint answered.

use crate::http::client::{HttpError, TlsTrouble};

/// Where the endpoint answered with something else than a success.
pub(super) fn of_status(status: u16) -> String {
    let advice = match status {
        300..400 => {
            "the endpoint redirects without saying where to, or too often: look at its routing, and \
             give the webhook the URL that answers in the end"
        }
        400 | 422 => {
            "the endpoint did not like the event itself: look at its log, and at the event \
             that was sent"
        }
        401 => {
            "the endpoint wants other credentials: compare the webhook's HttpAuth and headers with \
             what the endpoint expects"
        }
        403 => {
            "something refuses the post: a firewall or bot filter in front, a CSRF check, the \
             credentials, or a list of allowed addresses (if it names Postmark's alone, `pmhooks \
             verify` can test it, this machine cannot)"
        }
        404 | 410 => {
            "there is nothing at this path: look at the URL, at the routes of the endpoint, and at \
             what is deployed"
        }
        405 => {
            "there is something at this path, but not for POST: look for a slash too many or too few, \
             and at the routes of the endpoint"
        }
        408 => {
            "the endpoint did not get the whole request in its time: look at limits in front of it"
        }
        413 => {
            "the event is too large for the endpoint: raise the limit of the body's size, in front of \
             it too (inbound mail comes with up to 50 MB)"
        }
        415 => {
            "the endpoint does not take application/json: look at what it expects as Content-Type"
        }
        429 => "the endpoint limits how often it is called: exempt Postmark, or raise the limit",
        502..=504 => {
            "a proxy or load balancer answers in the endpoint's place: look whether the application \
             runs and answers in time"
        }
        500.. => "the endpoint failed: look at its log at this time, for the trace ID",
        _ => "look at the endpoint's log, and at the event that was sent",
    };
    advice.to_owned()
}

/// Where there was no answer.
pub(super) fn of_silence(error: &HttpError) -> String {
    let advice = match error {
        HttpError::Name { host } => {
            return format!(
                "look for a typing mistake in {host}, and whether the name is in the public DNS"
            );
        }
        HttpError::Connect { to, .. } => {
            return format!(
                "look whether the service runs and listens there ({to}), and whether a firewall lets \
                 Postmark in"
            );
        }
        HttpError::Proxy { .. } => {
            "that is the proxy of this machine (HTTPS_PROXY, ALL_PROXY); Postmark does not go \
             through it"
        }
        HttpError::Tls { trouble, .. } => match trouble {
            TlsTrouble::Date => "renew the certificate, and see why it was not renewed by itself",
            TlsTrouble::Host => {
                "get a certificate for the name in the webhook's URL, or use the name that it is for"
            }
            TlsTrouble::UnknownAuthority => {
                "serve the whole chain with the intermediate certificate, from an authority that \
                 everybody knows: Postmark does not know a company's own (--cacert trusts one here)"
            }
            TlsTrouble::Protocol => {
                "look whether this port speaks TLS 1.2 or 1.3 at all: it may be plain HTTP, or old"
            }
        },
        HttpError::ConnectTimeout { .. } => {
            "nothing even refused the connection: look whether a firewall swallows it (if it lets in \
             Postmark's addresses alone, `pmhooks verify` can test it, this machine cannot)"
        }
        HttpError::Timeout { .. } => {
            "answer at once and do the work afterwards (a longer --timeout shows whether it answers \
             at all)"
        }
        HttpError::NotHttp { .. } => {
            "look whether this port speaks HTTP: it may want https, or be another service"
        }
        _ => "the endpoint broke off: look at its log, and at what stands in front of it",
    };
    advice.to_owned()
}
