//! What `create` asks on a terminal.

use crate::support::*;

#[test]
fn without_a_url_it_asks_for_url_stream_and_triggers() {
    let sandbox = Sandboxed::new("");
    let mut terminal = sandbox.env.pty("create");
    terminal.expect("URL that Postmark posts to").send("hooks.example.com").key(Key::Enter);
    terminal.expect("does not start with https://");
    terminal
        .expect("URL that Postmark posts to")
        .send("https://hooks.example.com/pm")
        .key(Key::Enter);
    terminal.expect("Of which stream?").send("broad").expect("broadcast").key(Key::Enter);
    terminal.expect("On which events?").key(Key::Space).key(Key::Enter);
    terminal.expect("Created webhook 1234569.");
    terminal.finish().assert_restored().code(0);
    assert_data_eq!(
        sandbox.writes(),
        str![[r#"
POST /webhooks {"Url":"https://hooks.example.com/pm","MessageStream":"broadcast","Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false},"Bounce":{"Enabled":true,"IncludeContent":false},"SpamComplaint":{"Enabled":true,"IncludeContent":false}}}

"#]]
    );
}

#[test]
fn what_a_flag_says_is_not_asked() {
    let sandbox = Sandboxed::new("");
    let mut terminal = sandbox.env.pty("create --stream outbound --on click -o ids");
    terminal.expect("URL that").send("https://h.example/").key(Key::Enter).expect("Created");
    terminal.finish().assert_restored().code(0);
    assert_eq!(sandbox.log.log(), "POST /webhooks");
}

#[test]
fn a_user_name_alone_asks_for_the_password_without_echo() {
    // torture 4
    let sandbox = Sandboxed::new("");
    let mut terminal =
        sandbox.env.pty("create --url https://h.example/ --on click --username postmark");
    terminal.expect("Password").wait_for_echo(false).send("s3cret-typed").key(Key::Enter);
    terminal.expect("Created webhook 1234569.");
    let end = terminal.finish();
    end.assert_restored().code(0);
    assert!(!end.output.contains("s3cret"), "{}", end.output);
    let sent = sandbox.log.requests()[0].json();
    assert_eq!(sent["HttpAuth"], json!({"Username": "postmark", "Password": "s3cret-typed"}));
}

#[test]
fn whoever_turns_away_makes_nothing() {
    // torture 59
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    for (command, question) in
        [("create", "URL that"), ("create --url https://h.example/ --username u", "Password")]
    {
        for key in [Key::CtrlC, Key::CtrlD] {
            let mut terminal = env.pty(command);
            terminal.expect(question);
            std::thread::sleep(Duration::from_millis(50));
            terminal.key(key);
            terminal.finish().assert_restored().code(130);
        }
    }
}

#[test]
fn whoever_turns_away_from_a_list_makes_nothing() {
    let sandbox = Sandboxed::new("");
    for key in [Key::Esc, Key::CtrlC] {
        let mut terminal = sandbox.env.pty("create --url https://h.example/ --from nope");
        terminal.expect("nope");
        terminal.finish().assert_restored().code(2);
        let mut terminal = sandbox.env.pty("create --on click");
        terminal.expect("URL that").send("https://h.example/").key(Key::Enter);
        terminal.expect("Of which stream?").key(key);
        terminal.finish().assert_restored().code(130);
        let mut terminal = sandbox.env.pty("create --stream outbound");
        terminal.expect("URL that").send("https://h.example/").key(Key::Enter);
        terminal.expect("On which events?").key(key);
        terminal.finish().assert_restored().code(130);
    }
    assert_eq!(sandbox.writes(), "");
}

#[test]
fn where_nobody_can_be_asked_nothing_is() {
    // torture 48
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    for command in ["create", "create --url https://h.example/ --username u"] {
        env.cmd(command).stdin("https://h.example/\n").run().code(2);
        env.pty(format!("{command} --no-input")).finish().assert_restored().code(2);
        env.cmd(command).env("CI", "true").pty().finish().assert_restored().code(2);
    }
}
