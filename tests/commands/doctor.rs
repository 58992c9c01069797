//! `doctor`: every step that can fail, with what it says then.

mod alone;
mod bundle;
mod way;
mod webhook;

use crate::support::*;

/// What `GET /server` answers.
fn server() -> Value {
    json!({"ID": 77, "Name": "Shop", "TrackOpens": true, "TrackLinks": "HtmlAndText",
        "ApiTokens": [TOKEN]})
}

/// A server with one webhook, each of its answers to be replaced by an earlier step.
fn answers(webhook: &Value) -> Vec<Step> {
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    let id = &webhook["ID"];
    let streams = json!({"MessageStreams": [
        {"ID": "outbound", "Name": "T", "MessageStreamType": "Transactional", "ArchivedAt": null},
        {"ID": "old", "Name": "O", "MessageStreamType": "Transactional",
            "ArchivedAt": "2026-01-01T00:00:00-05:00"},
    ], "TotalCount": 2});
    let numbers = json!({"TotalRequests": 40, "SuccessRate": 100.0, "SlowCount": 0,
        "VerySlowCount": 0});
    let statistics = json!({"WebhookId": id, "Metrics": numbers,
        "Statuses": {"Delivery": "verified", "Bounce": "verified"}});
    let verified = json!({"Id": id, "Success": true, "Results": [],
        "Message": "2/2 triggers verified successfully"});
    let of_it = |rest: &str| format!("/webhooks/{id}{rest}");
    let steps = [
        Step::answer(200, server()).header("Date", &date).only("GET", "/server"),
        Step::answer(200, json!({"Webhooks": [webhook]})).only("GET", "/webhooks"),
        Step::answer(200, webhook.clone()).only("GET", &of_it("")),
        Step::answer(200, streams).only("GET", "/message-streams"),
        Step::answer(200, statistics).only("GET", &of_it("/statistics")),
        Step::answer(200, verified).only("POST", &of_it("/verify")),
    ];
    steps.into_iter().map(Step::forever).collect()
}

/// The same with other answers first.
fn answers_but(webhook: &Value, first: impl IntoIterator<Item = Step>) -> Vec<Step> {
    first.into_iter().map(Step::forever).chain(answers(webhook)).collect()
}

/// A webhook that posts to this endpoint.
fn hook(endpoint: &str) -> Value {
    webhook_with(7, "Url", json!(format!("{endpoint}/pm")))
}
