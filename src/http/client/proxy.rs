//! Proxies: the environment variables that curl reads.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy};
use url::Url;

use super::HttpError;

/// Proxy variables of the environment: name and value of those that are set.
#[derive(Clone, Default)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https: Option<(&'static str, String)>,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http: Option<(&'static str, String)>,
    /// `ALL_PROXY` or `all_proxy`.
    pub all: Option<(&'static str, String)>,
    /// `NO_PROXY` or `no_proxy`.
    pub no: Option<String>,
}

/// Proxy for a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// Host and port, without credentials.
    pub proxy: String,
    /// Variable that names it.
    pub variable: &'static str,
}

/// Proxies for the transport. A value that cannot be used is an error: requests never go direct instead.
pub(super) fn all(variables: &ProxyVariables) -> Result<Vec<Proxy>, HttpError> {
    let except = || variables.no.as_deref().and_then(NoProxy::from_string);
    let made = [
        (&variables.https, Proxy::https as fn(Url) -> reqwest::Result<Proxy>),
        (&variables.http, Proxy::http),
        (&variables.all, Proxy::all),
    ];
    let mut proxies = Vec::new();
    for (setting, make) in made {
        let Some((variable, value)) = setting else { continue };
        let proxy =
            make(parse(variable, value)?).map_err(|_| unusable(variable, "it is not a URL"))?;
        proxies.push(proxy.no_proxy(except()));
    }
    Ok(proxies)
}

/// Host and port of the proxy for a URL.
pub(super) fn used(variables: &ProxyVariables, url: &Url) -> Option<String> {
    let value = |setting: &Option<(&'static str, String)>| {
        setting.as_ref().map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let matcher = Matcher::builder()
        .https(value(&variables.https))
        .http(value(&variables.http))
        .all(value(&variables.all))
        .no(variables.no.clone().unwrap_or_default())
        .build();
    let proxy = matcher.intercept(&url.as_str().parse().ok()?)?;
    let host = proxy.uri().host()?.to_owned();
    Some(proxy.uri().port_u16().map_or(host.clone(), |port| format!("{host}:{port}")))
}

/// Proxy for a URL, with its variable. A value that cannot be used is an error.
pub(super) fn via(variables: &ProxyVariables, url: &Url) -> Result<Option<Via>, HttpError> {
    all(variables)?;
    let own = if url.scheme() == "https" { &variables.https } else { &variables.http };
    let variable = own.as_ref().or(variables.all.as_ref()).map(|(name, _)| *name);
    let proxy = used(variables, url);
    Ok(proxy.zip(variable).map(|(proxy, variable)| Via { proxy, variable }))
}

fn parse(variable: &'static str, value: &str) -> Result<Url, HttpError> {
    let full = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&full).map_err(|_| unusable(variable, "it is not a URL"))?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some_and(|h| !h.is_empty()) => Ok(url),
        "http" | "https" => Err(unusable(variable, "it names no host")),
        scheme if scheme.starts_with("socks") => Err(unusable(variable, "SOCKS is not supported")),
        _ => Err(unusable(variable, "only http:// and https:// proxies are supported")),
    }
}

fn unusable(variable: &'static str, why: &'static str) -> HttpError {
    HttpError::ProxySetting { variable, why }
}
