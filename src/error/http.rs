//! Errors of HTTP requests.

use super::{Diagnose, Diagnosis, Exit};
use crate::http::client::{HttpError, TlsTrouble};

impl Diagnose for HttpError {
    fn diagnosis(&self) -> Diagnosis {
        let unreachable = Diagnosis::new(Exit::Unreachable);
        match self {
            Self::Authorities { .. } | Self::ProxySetting { .. } => Diagnosis::new(Exit::Usage),
            Self::Local { .. } => Diagnosis::new(Exit::Machine),
            Self::Tls { trouble: TlsTrouble::UnknownAuthority, .. } => {
                unreachable.hint("a company's own authority is added with --cacert FILE")
            }
            Self::Timeout { .. } | Self::ConnectTimeout { .. } => {
                unreachable.hint("give it more time with --timeout, as in --timeout 2m")
            }
            Self::Proxy { .. } => unreachable.hint(
                "the proxy is the one in HTTPS_PROXY or ALL_PROXY; NO_PROXY names exceptions",
            ),
            Self::Name { .. } => unreachable
                .hint("the address comes from --api-url, the profile, or POSTMARK_API_URL"),
            Self::Tls {
                trouble: TlsTrouble::Date | TlsTrouble::Host | TlsTrouble::Protocol,
                ..
            }
            | Self::Connect { .. }
            | Self::Closed { .. }
            | Self::Cut { .. }
            | Self::TooLarge { .. }
            | Self::NotHttp { .. } => unreachable,
        }
    }
}
