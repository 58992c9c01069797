//! One request of the sandbox, from its arrival to its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::header::RETRY_AFTER;
use hyper::{HeaderMap, Method, Response, StatusCode};
use tokio::sync::watch;

use super::answer::{self, Outcome, Refusal};
use super::choices::{Age, Verify};
use super::faults::{Faults, Kind};
use super::routes::Route;
use super::store::Store;
use super::verify::{self, Probed};
use super::webhook::Webhook;
use super::wish::Wish;
use super::{clock, guard, servers, statistics, streams, token, webhooks};
use crate::http::client::HttpClient;
use crate::http::server::{Received, Reply, Unread};

/// Who is told of each request.
pub type Log = Arc<dyn Fn(&Logged<'_>) + Send + Sync>;

/// A request that has been dealt with.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// The status that was answered; `None` where the connection was closed instead, as a fault.
    pub status: Option<u16>,
    /// From the request's last byte to the answer.
    pub took: Duration,
}

/// All that answering needs.
pub(super) struct Service {
    pub(super) store: Store,
    pub(super) verify: Verify,
    pub(super) age: Age,
    pub(super) latency: Duration,
    pub(super) faults: Faults,
    pub(super) log: Option<Log>,
    pub(super) net: Arc<HttpClient>,
    /// Its sender is gone when the sandbox is stopped: nobody waits any more.
    pub(super) stopping: watch::Receiver<()>,
}

/// The parts of a request that an operation looks at.
struct Call<'a> {
    method: &'a Method,
    route: &'a Route,
    query: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

impl Service {
    /// Answers a request, after the latency and with the fault that it was chosen for.
    pub(super) async fn reply(&self, request: Received) -> Reply {
        let started = Instant::now();
        let reply = self.play(&request).await;
        self.pause(self.latency).await;
        if let Some(log) = &self.log {
            let status = match &reply {
                Reply::Answer(response) | Reply::Truncated(response) => Some(response.status()),
                Reply::Close => None,
            };
            let uri = request.uri();
            let path = uri.path_and_query().map_or(uri.path(), |path| path.as_str());
            log(&Logged {
                method: request.method().as_str(),
                path,
                status: status.map(|status| status.as_u16()),
                took: started.elapsed(),
            });
        }
        reply
    }

    async fn play(&self, request: &Received) -> Reply {
        let body = match guard::check(request).and_then(|()| whole_body(request.body())) {
            Ok(body) => body,
            Err(refusal) => return Reply::Answer(answer::respond(Err(refusal))),
        };
        match self.faults.next(request.method().as_str(), request.uri().path()) {
            None => Reply::Answer(self.answer(request, body).await),
            Some(Kind::Status(status)) => Reply::Answer(answer::faulty(status)),
            Some(Kind::RetryAfter(value)) => {
                let mut response = answer::faulty(StatusCode::TOO_MANY_REQUESTS);
                response.headers_mut().insert(RETRY_AFTER, value);
                Reply::Answer(response)
            }
            Some(Kind::Hang(time)) => match self.pause(time).await {
                Pause::Over => Reply::Answer(self.answer(request, body).await),
                Pause::Stopped => Reply::Close,
            },
            Some(Kind::Close) => Reply::Close,
            Some(Kind::CommitThenClose) => {
                self.answer(request, body).await;
                Reply::Close
            }
            Some(Kind::Truncate) => Reply::Truncated(self.answer(request, body).await),
            Some(Kind::Html) => Reply::Answer(answer::page()),
        }
    }

    async fn pause(&self, time: Duration) -> Pause {
        if time.is_zero() {
            return Pause::Over;
        }
        let mut stopping = self.stopping.clone();
        match tokio::time::timeout(time, stopping.changed()).await {
            Err(_) => Pause::Over,
            Ok(_) => Pause::Stopped,
        }
    }

    async fn answer(&self, request: &Received, body: &[u8]) -> Response<Bytes> {
        let Some(route) = Route::of(request.uri().path()).filter(|route| self.knows(route)) else {
            let message = "There is nothing at this path.";
            return answer::respond(Err(Refusal::http(StatusCode::NOT_FOUND, message)));
        };
        if request.method() == Method::OPTIONS {
            return answer::options(route.methods());
        }
        let call = Call {
            method: request.method(),
            route: &route,
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            body,
        };
        answer::respond(self.outcome(&call).await)
    }

    /// The older API had neither verification nor statistics.
    fn knows(&self, route: &Route) -> bool {
        self.age == Age::New || !matches!(route, Route::Verify(_) | Route::Statistics(_))
    }

    async fn outcome(&self, call: &Call<'_>) -> Outcome {
        let method = match call.method {
            &Method::HEAD => &Method::GET,
            other => other,
        };
        let allowed = call.route.methods();
        if !allowed.split(", ").any(|name| name == method.as_str()) {
            return Err(Refusal::method(allowed));
        }
        if let Route::Servers | Route::ServerOfAccount(_) = call.route {
            token::account(call.headers)?;
            return self.of_account(method, call);
        }
        let token = token::server(call.headers)?;
        match (method, call.route) {
            (&Method::POST, Route::Webhooks) => self.create(&token, call.body).await,
            (&Method::PUT, Route::Webhook(id)) => self.edit(&token, *id, call.body).await,
            (_, Route::Verify(id)) => self.verify(&token, *id).await,
            _ => self.of_server(method, call, &token),
        }
    }

    fn of_account(&self, method: &Method, call: &Call<'_>) -> Outcome {
        self.store.transact(|state| match (method, call.route) {
            (&Method::GET, Route::ServerOfAccount(id)) => servers::get(state, *id),
            (&Method::PUT, Route::ServerOfAccount(id)) => {
                servers::edit_by_id(state, *id, call.body)
            }
            (_, Route::ServerOfAccount(id)) => servers::delete(state, *id),
            (&Method::POST, _) => servers::create(state, call.body),
            _ => servers::list(state, call.query),
        })
    }

    fn of_server(&self, method: &Method, call: &Call<'_>, token: &str) -> Outcome {
        let age = self.age;
        self.store.transact(|state| match (method, call.route) {
            (&Method::DELETE, Route::Webhook(id)) => {
                webhooks::delete(state.server_mut(token), *id, age)
            }
            (_, Route::Webhook(id)) => {
                webhooks::find(state.server(token), *id, age).map(|webhook| webhook.answer(age))
            }
            (_, Route::Statistics(id)) => {
                let server = state.server(token);
                let webhook = webhooks::find(server, *id, age)?;
                Ok(statistics::report(server, webhook, clock::now()))
            }
            (&Method::PUT, Route::Server) => servers::edit(state, token, call.body),
            (_, Route::Server) => Ok(state.server(token).answer()),
            (&Method::POST, Route::Streams) => streams::create(state.server_mut(token), call.body),
            (_, Route::Streams) => streams::list(state.server(token), call.query),
            (&Method::PATCH, Route::Stream(id)) => {
                streams::edit(state.server_mut(token), id, call.body)
            }
            (_, Route::Stream(id)) => streams::get(state.server(token), id),
            (_, Route::Archive(id)) => streams::archive(state.server_mut(token), id),
            (_, Route::Unarchive(id)) => streams::unarchive(state.server_mut(token), id),
            _ => webhooks::list(state.server(token), call.query, age),
        })
    }

    async fn create(&self, token: &str, body: &[u8]) -> Outcome {
        let wish = Wish::of_create(body, self.age)?;
        let planned =
            self.store.transact(|state| webhooks::planned(state.server(token), &wish, self.age))?;
        let probed = if wish.verify { Some(self.passing(planned).await?) } else { None };
        // Planned anew: others may have created meanwhile.
        self.store
            .transact(|state| webhooks::create(state, token, &wish, probed.as_deref(), self.age))
    }

    async fn edit(&self, token: &str, id: i64, body: &[u8]) -> Outcome {
        let wish = Wish::of_edit(body, id, self.age)?;
        let to_probe = self.store.transact(|state| {
            let before = webhooks::find(state.server(token), id, self.age)?;
            let mut after = before.clone();
            webhooks::change(&mut after, &wish)?;
            let probe = wish.verify && webhooks::needs_verification(before, &after);
            Ok(probe.then_some(after))
        })?;
        let probed = match to_probe {
            Some(webhook) => Some(self.passing(webhook).await?),
            None => None,
        };
        self.store.transact(|state| {
            let server = state.server_mut(token);
            webhooks::edit(server, id, &wish, probed.as_deref(), self.age)
        })
    }

    async fn verify(&self, token: &str, id: i64) -> Outcome {
        let webhook = self
            .store
            .transact(|state| webhooks::find(state.server(token), id, self.age).cloned())?;
        let (_, probed) = self.probe(webhook).await?;
        self.store
            .transact(|state| webhooks::verify(state.server_mut(token), id, &probed, self.age))
    }

    /// Probes a webhook that is about to be saved, and refuses it where a probe fails.
    async fn passing(&self, webhook: Webhook) -> Result<Vec<Probed>, Refusal> {
        let (webhook, probed) = self.probe(webhook).await?;
        if probed.iter().all(Probed::passed) {
            Ok(probed)
        } else {
            Err(Refusal::not_verified(verify::report(&webhook, &probed)))
        }
    }

    /// Probes on another thread: an endpoint may take its time, and may be a client of this sandbox.
    async fn probe(&self, webhook: Webhook) -> Result<(Webhook, Vec<Probed>), Refusal> {
        let (how, net) = (self.verify, self.net.clone());
        let work = tokio::task::spawn_blocking(move || {
            let probed = verify::probe(how, &net, &webhook);
            (webhook, probed)
        });
        work.await.map_err(|_| Refusal::fault("The verification broke off."))
    }
}

/// How a pause ended.
enum Pause {
    Over,
    Stopped,
}

fn whole_body(body: &Result<Bytes, Unread>) -> Result<&[u8], Refusal> {
    let unread = match body {
        Ok(body) => return Ok(body),
        Err(unread) => unread,
    };
    let status = match unread {
        Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Unread::Broken => StatusCode::BAD_REQUEST,
        Unread::Crowded => StatusCode::SERVICE_UNAVAILABLE,
    };
    Err(Refusal::http(status, format!("The request was not read: {unread}.")))
}
