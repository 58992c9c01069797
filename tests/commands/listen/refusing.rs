//! Who is refused, and that nobody is in the way of others.

use super::*;

#[test]
fn only_the_right_credentials_pass() {
    let mut env = world();
    env.env("HOOK_PW", "s3:cret");
    let (listener, url) = listen(&env, "--username pm --password env:HOOK_PW");
    assert_eq!(post(&url, &["Authorization: Basic cG06czM6Y3JldA=="], BOUNCE), 200);
    for wrong in ["Basic cG06czM6Y3Jl", "Basic", "Bearer cG06czM6Y3JldA==", "Basic !"] {
        assert_eq!(post(&url, &[&format!("Authorization: {wrong}")], BOUNCE), 401, "{wrong}");
    }
    let answer = talk(&url, "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
    assert!(answer.to_lowercase().contains("www-authenticate: basic realm="), "{answer}");
    let run = end(listener);
    run.code(0).has("Received 1 event: 1 bounce; 5 rejected").has("wrong credentials");
    run.lacks("cG06");
}

#[test]
fn other_methods_are_refused_with_a_sentence() {
    let env = world();
    let (listener, url) = listen(&env, "--record events.jsonl");
    for method in ["GET", "PUT", "OPTIONS", "PATCH"] {
        let answer =
            talk(&url, format!("{method} / HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n"));
        assert_eq!(status(&answer), 405, "{answer}");
        assert!(answer.contains("by POST"), "{answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    }
    end(listener).code(0).has("rejected GET /: 405");
    assert_eq!(env.read("events.jsonl"), "");
}

#[test]
fn too_large_a_body_is_refused() {
    // torture 86
    let env = world();
    let (listener, url) = listen(&env, "--max-body 1KB --record events.jsonl");
    assert_eq!(post(&url, &[], vec![b' '; 1000]), 200);
    assert_eq!(post(&url, &[], vec![b' '; 1001]), 413);
    assert_eq!(post(&url, &[], BOUNCE), 200);
    end(listener).code(0).has("--max-body");
    assert_eq!(recorded(&env, "events.jsonl").len(), 2);
}
