//! An apply that is killed between any two of its requests: run again, it ends where it should.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::*;

const MANIFEST: &str = "\
Server:
  InboundHookUrl: https://hooks.example.com/inbound
Webhooks:
  - Url: https://hooks.example.com/new
    Triggers: { Bounce: { Enabled: true } }
  - Url: https://hooks.example.com/changed
    Triggers: { Bounce: { Enabled: true } }
";

/// Lets a request of a killed run take effect, as if it had left before.
fn arrives(request: &Recorded, url: &str) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let body = request.text();
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nX-Postmark-Server-Token: {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        request.method,
        request.path,
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn killed_between_any_requests_it_converges_and_makes_nothing_twice() {
    // torture 70, 71
    // The webhooks and the settings are read, the settings written, then one is made, one is changed and
    // one is deleted.
    for (nth, reached) in (0..6).flat_map(|nth| [(nth, false), (nth, true)]) {
        let home = TestEnv::new();
        let sandbox = home.spawn("sandbox serve --port 0 --memory");
        let url = sandbox.wait_for_url();
        let mut env = TestEnv::with_api(&url);
        env.token(TOKEN);
        env.file("hooks.yaml", MANIFEST);
        for path in ["changed", "stray"] {
            env.run(format!("create --url https://hooks.example.com/{path} --on open -q")).code(0);
        }
        let mut steps = vec![Step::forward(&url); nth];
        steps.push(Step::hang());
        let server = Faulty::new(steps);
        let apply = "apply hooks.yaml --prune --yes --concurrency 1 -q";
        let mut run = env.cmd(apply).env("POSTMARK_API_URL", server.url()).spawn();
        let requests = server.wait_for(nth + 1);
        run.kill();
        drop(run);
        if reached {
            arrives(&requests[nth], &url);
        }
        env.run(apply).code(0);
        env.run("diff hooks.yaml --prune").code(0);
        assert_eq!(env.run("list -o ids").stdout.lines().count(), 2, "{requests:?}");
        if nth == 5 {
            assert_eq!(requests[nth].method, "DELETE");
        }
    }
}
