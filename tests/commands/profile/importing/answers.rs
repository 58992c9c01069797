//! What Postmark answers an import with.

use super::*;

#[test]
fn a_refused_token_says_which_kind_it_must_be() {
    let api =
        Faulty::always(Step::refused(401, 10, "Request does not contain a valid Account token."));
    let env = with_account(&api);
    env.run("profile import").check(str![[r#"
--- stderr
pmhooks: error: cannot list the servers of the account at http://127.0.0.1:[PORT]
  because Postmark refused (401, code 10): Request does not contain a valid Account token.
  hint: the token comes from env POSTMARK_ACCOUNT_TOKEN
  hint: it must be an account token (Postmark: Account, API Tokens), not a server's; only the owner and admins see it
  hint: with a server token: `pmhooks profile add NAME`
--- exit 4
"#]]);
    assert_eq!(env.tree(), "");
}

// torture 6, 7
#[test]
fn no_token_is_ever_shown() {
    let canaries = Canaries::new();
    let shop = json!({"ID": 5, "Name": "Shop", "ApiTokens": [canaries.token, canaries.header]});
    let (_api, mut env) = account(&[shop]);
    env.env("POSTMARK_ACCOUNT_TOKEN", &canaries.query);
    for args in ["--dry-run -vv", "-vv -o json --show-secrets", "-vv", "-o yaml", "-o tsv"] {
        let run = env.run(format!("profile import {args}"));
        canaries.assert_clean_run(run.code(0));
    }
    canaries.assert_clean_run(env.run("profile show shop --show-secrets").code(0));
    let page = format!("<html>{}</html>", canaries.query);
    let portal = Faulty::always(Step::bytes(403, "text/html", page));
    env.api(portal.url());
    canaries.assert_clean_run(env.run("profile import -vv").code(6));
}

#[test]
fn a_count_that_lies_never_keeps_it_busy() {
    // More than there are: the end is an empty page.
    let all = [server(1, "Shop")];
    let api = Faulty::new([page(3, &all), page(3, &[])]);
    let env = with_account(&api);
    env.run("profile import").check(str![[r#"
NAME  SERVER  SERVER-ID  RESULT
shop  Shop    1          added
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 1.
The default profile is now shop, as there was none.
pmhooks: error: Postmark counts 3 servers, but listed only 1 of them
  hint: run it again: what is done stays
--- exit 7
"#]]);
    assert!(env.read(env.config_path()).contains("[profiles.shop]"));

    // The same page for ever.
    let api = Faulty::always(page(1_000_000, &all));
    with_account(&api).run("profile import -o json").code(7);
    assert_eq!(api.requests().len(), 2);

    // Fewer than there are.
    let api = Faulty::new([page(0, &all)]);
    with_account(&api).run("profile import -o ids -q").check(str!["shop"]);

    // No end at all.
    let api = Faulty::always(page(usize::MAX, &[]));
    with_account(&api).run("profile import").code(7);
    for count in [json!(-1), json!("3"), json!(null), json!(1.5)] {
        let api = Faulty::always(Step::answer(200, json!({"TotalCount": count, "Servers": []})));
        with_account(&api).run("profile import").code(6);
    }
}

#[test]
fn a_page_that_fails_keeps_nothing() {
    let servers: Vec<_> = (1..=500).map(|id| server(id, &format!("S{id}"))).collect();
    let api = Faulty::new([page(501, &servers), Step::status(503)]);
    let env = with_account(&api);
    env.run("profile import --retries 0").check(str![[r#"
--- stderr
pmhooks: error: cannot list the servers of the account at http://127.0.0.1:[PORT]
  because 127.0.0.1:[PORT] answered 503
  hint: try again later; https://status.postmarkapp.com says how Postmark is
--- exit 6
"#]]);
    assert_eq!(env.tree(), "");
}

#[test]
fn tokens_that_cannot_be_ones_are_none() {
    let with = |id: usize, tokens: Value| json!({"ID": id, "Name": "S", "ApiTokens": tokens});
    let (_api, env) = account(&[
        with(1, json!([])),
        with(2, json!(null)),
        with(3, json!(["", "two words", "line\nend", "********", 7, null])),
        with(4, json!(["", "good"])),
        with(5, json!({"a": "b"})),
    ]);
    env.run("profile import").check(str![[r#"
NAME    SERVER  SERVER-ID  RESULT
(none)  S       1          skipped: it has no token
(none)  S       2          skipped: it has no token
(none)  S       3          skipped: it has no token
s       S       4          added
(none)  S       5          skipped: it has no token
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 1, skipped 4.
The default profile is now s, as there was none.
"#]]);
    assert!(env.read(env.config_path()).contains("server_token = \"good\""));
}

#[test]
fn an_account_without_servers_is_no_failure() {
    let (_api, env) = account(&[]);
    env.run("profile import").check(str![[r#"
NAME  SERVER  SERVER-ID  RESULT
--- stderr
The account has no servers.
"#]]);
    env.run("profile import -o json").check(str!["[]"]);
    assert_eq!(env.tree(), "");
}

#[test]
fn of_two_servers_with_one_name_the_older_has_it_whatever_the_order() {
    for order in [[3, 9], [9, 3]] {
        let (_api, env) = account(&order.map(|id| server(id, "Shop")));
        let rows = env.run("profile import -o json").code(0).json();
        for row in rows.as_array().unwrap() {
            let expected = if row["ServerID"] == 3 { "shop" } else { "shop-9" };
            assert_eq!(row["Name"], expected);
        }
    }
}
