//! The posting: a bounded number at a time, all of them whatever becomes of one.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Args;
use super::prepare::Target;
use super::view::Tests;
use crate::commands::Context;
use crate::error::{Exit, Result};
use crate::ops::fanout;
use crate::ops::test::{Attempt, Credentials, Endpoint, EventSender, OutgoingEvent, verdict};

/// One request that is to be made.
struct Job<'a> {
    target: usize,
    endpoint: Endpoint,
    post: &'a OutgoingEvent,
    credentials: Credentials,
}

/// Posts every event, and checks the credentials where that is asked for.
pub fn all(targets: &[Target], args: &Args, cx: &Context) -> Result<Exit> {
    let prober = EventSender::new(&cx.net, cx.event_timeout);
    let jobs: Vec<Job<'_>> = (0..).zip(targets).flat_map(|(n, t)| jobs(n, t, args)).collect();
    let begun = AtomicUsize::new(0);
    let (ui, of) = (&cx.ui, jobs.len());
    let results = fanout::map(&jobs, args.concurrency, |job| {
        let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
        ui.progress(&format!("Posting {number} of {of}: {}…", job.post.event.name()));
        prober.send(&job.endpoint, job.post)
    });
    let mut tests = Tests::new(targets, args.check_auth);
    for (job, exchange) in jobs.iter().zip(results) {
        match exchange.answer {
            Err(error) if verdict::is_local_fault(&error) => return Err(error.into()),
            answer => {
                let exchange = Attempt { answer, ..exchange };
                tests.add(job.target, job.post, job.credentials, exchange);
            }
        }
    }
    tests.tell_answers(cx);
    cx.show(&tests)?;
    tests.advise(cx);
    Ok(if tests.passed() { Exit::Done } else { Exit::Finding })
}

fn jobs<'a>(target: usize, of: &'a Target, args: &Args) -> Vec<Job<'a>> {
    let job = |credentials| {
        move |post| Job {
            target,
            endpoint: of.endpoint.with_credentials(credentials),
            post,
            credentials,
        }
    };
    let mut jobs: Vec<_> = of.posts.iter().map(job(Credentials::Correct)).collect();
    if args.check_auth && !of.endpoint.credential_names().is_empty() {
        let first = of.posts.first();
        jobs.extend(first.map(job(Credentials::Missing)));
        jobs.extend(first.map(job(Credentials::Wrong)));
    }
    jobs
}
