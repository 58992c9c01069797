//! How a replay ends where not all went well.

use super::*;

#[test]
fn what_is_not_accepted_is_a_finding_and_the_rest_is_sent() {
    // torture 94
    let endpoint = Faulty::new([Step::status(401), Step::status(200), Step::status(500)]);
    replay(&world(), &endpoint, "").check(str![[r#"
LINE  EVENT     RECIPIENT         OUTCOME    STATUS  MS[GAP]MESSAGE
1     bounce    gone@example.com  failed     401     [MS]Unauthorized
2     delivery  kim@example.com   delivered  200     [MS]OK
3     open      lee@example.com   failed     500     [MS]Internal Server Error
--- stderr
Sent 3 events to http://127.0.0.1:[PORT]: 1 delivered, 2 failed.
  hint: line 1: the endpoint wants other credentials: compare the webhook's HttpAuth and headers with what the endpoint expects
  hint: line 3: the endpoint failed: look at its log at this time, for the trace ID
  hint: to send only the failed events again: sed -n '1p;3p' events.jsonl | pmhooks replay - ...
--- exit 1
"#]]);
    assert_eq!(traces(&endpoint), ["trace-1", "trace-2", "trace-3"], "each once");
}

#[test]
fn nobody_there_is_said_once() {
    let env = world();
    env.run("replay events.jsonl --to http://127.0.0.1:1/hook").check(str![[r#"
LINE  EVENT     RECIPIENT         OUTCOME  STATUS  MS[GAP]MESSAGE
1     bounce    gone@example.com  failed   -       [MS]cannot connect to 127.0.0.1:1: Connection refused (os error 111)
2     delivery  kim@example.com   failed   -       [MS]cannot connect to 127.0.0.1:1: Connection refused (os error 111)
3     open      lee@example.com   failed   -       [MS]cannot connect to 127.0.0.1:1: Connection refused (os error 111)
--- stderr
Sent 3 events to http://127.0.0.1:1/hook: 0 delivered, 3 failed.
  hint: every event: look whether the service runs and listens there (127.0.0.1:1), and whether a firewall lets Postmark in
--- exit 1
"#]]);
}

#[test]
fn a_silent_endpoint_has_its_time_for_each_event() {
    // torture 94
    let endpoint = Faulty::new([Step::hang(), Step::status(200), Step::endless_body()]);
    let run = replay(&world(), &endpoint, "--timeout 1s --columns line,outcome,status");
    run.code(1).has("1     failed     -").has("2     delivered  200");
    run.within(Duration::from_secs(10));
}

#[test]
fn fail_fast_stops_and_says_where_to_go_on() {
    let endpoint = Faulty::new([Step::status(200), Step::status(503)]);
    replay(&world(), &endpoint, "--fail-fast").check(str![[r#"
LINE  EVENT     RECIPIENT         OUTCOME    STATUS  MS[GAP]MESSAGE
1     bounce    gone@example.com  delivered  200     [MS]OK
2     delivery  kim@example.com   failed     503     [MS]Service Unavailable
--- stderr
Sent 2 events to http://127.0.0.1:[PORT]: 1 delivered, 1 failed.
  hint: line 2: a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time
pmhooks: error: stopped: the event of line 2 failed
  hint: fix the endpoint, then continue with --from-line 2
--- exit 1
"#]]);
    assert_eq!(traces(&endpoint), ["trace-1", "trace-2"]);
    let mended = Faulty::always(Step::status(200));
    replay(&world(), &mended, "--from-line 2").code(0);
    assert_eq!(traces(&mended), ["trace-2", "trace-3"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_is_in_flight_and_says_where_to_go_on() {
    let endpoint = Faulty::always(Step::status(200).delay(Duration::from_millis(300)));
    let env = world();
    let running = env.spawn(format!("replay events.jsonl --to {}", endpoint.url()));
    endpoint.wait_for(1);
    running.interrupt();
    running.finish().check(str![[r#"
LINE  EVENT   RECIPIENT         OUTCOME    STATUS  MS[GAP]MESSAGE
1     bounce  gone@example.com  delivered  200     [MS]OK
--- stderr
pmhooks: finishing what is under way; Ctrl-C again leaves at once
Sent 1 event to http://127.0.0.1:[PORT]: 1 delivered.
pmhooks: error: interrupted after 1 event, before line 2
  hint: continue with --from-line 2
--- exit 7
"#]]);
    assert_eq!(traces(&endpoint), ["trace-1"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_pause_at_once() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let running =
        env.spawn(format!("replay events.jsonl --to {} --rate 1/h -o json", endpoint.url()));
    endpoint.wait_for(1);
    // The answer is there before the pause begins.
    std::thread::sleep(Duration::from_millis(200));
    running.interrupt();
    let run = running.finish();
    run.code(7).within(Duration::from_secs(5));
    assert_eq!(run.json()["Summary"]["NextLine"], 2);
}

#[cfg(unix)]
#[test]
fn one_signal_ends_a_read_that_never_ends() {
    for (input, events, exit) in [
        ("exec pmhooks replay /dev/zero", 0, 130),
        ("exec < /dev/zero pmhooks replay -", 0, 130),
        ("mkfifo in; yes '[1]' > in & exec pmhooks replay in -q", 0, 130),
        ("mkfifo in; (cat events.jsonl; exec sleep 20 2>&-) > in & exec pmhooks replay in", 3, 7),
    ] {
        let is_sent = events > 0;
        let endpoint =
            if is_sent { Faulty::always(Step::status(200)) } else { Faulty::untouchable() };
        let env = world();
        let running = env.shell(&format!("{input} --to {}", endpoint.url())).spawn();
        endpoint.wait_for(events);
        std::thread::sleep(Duration::from_millis(400));
        running.terminate();
        running.finish_within(Duration::from_secs(5)).code(exit).has("interrupted after");
    }
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_sending() {
    // torture 42
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let line = format!("pmhooks replay events.jsonl --to {} -o jsonl | head -n 1", endpoint.url());
    env.shell(&line).run().code(0).lacks("anic");
    assert_eq!(endpoint.wait_for(3).len(), 3);
}

#[test]
fn a_wrong_authority_is_no_verdict_on_the_endpoint() {
    let endpoint = Faulty::untouchable();
    let env = world();
    let url = endpoint.url().replace("http:", "https:");
    env.run(["replay", "events.jsonl", "--to", &url, "--cacert", "missing.pem"])
        .code(2)
        .has("missing.pem");
}

#[cfg(unix)]
#[test]
fn a_terminal_sees_how_far_it_is() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let mut pty = env.pty(format!("replay events.jsonl --to {}", endpoint.url()));
    pty.expect("Sent 1 (");
    pty.expect("kim@example.com");
    pty.finish().code(0);
}
